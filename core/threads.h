#ifndef PLGRAPH_CORE_THREADS_H_
#define PLGRAPH_CORE_THREADS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace plgraph {

/// Persistent threads that share loops. The caller is one of them: ThreadPool(1) starts none.
/// Which thread runs which range never decides a result: every range writes numbers of its own.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(begin, end) for consecutive ranges that cover [0, count), at most one per thread, and returns
  /// when all are done. Ranges hold at least `grain` items, so small loops run on the caller alone; range
  /// borders are multiples of `align`. The body must not throw and must not call For.
  template <typename Body>
  void For(std::int64_t count, std::int64_t grain, std::int64_t align, const Body& body) {
    if (workers_.empty() || count < 2 * grain) {
      if (count > 0) body(std::int64_t{0}, count);
      return;
    }
    const auto call = [](const void* b, std::int64_t begin, std::int64_t end) {
      (*static_cast<const Body*>(b))(begin, end);
    };
    Run({.count = count, .grain = grain, .align = align, .body = &body, .call = call});
  }

 private:
  struct Job {
    std::int64_t count = 0;
    std::int64_t grain = 1;
    std::int64_t align = 1;
    const void* body = nullptr;
    void (*call)(const void* body, std::int64_t begin, std::int64_t end) = nullptr;
  };

  // A line of the cache goes from core to core in as long as a small range takes. So a job and its number share one,
  // and what a thread writes about its range has lines of its own.
  static constexpr size_t kCacheLine = 64;
  struct alignas(kCacheLine) Announcement {
    std::atomic<std::uint64_t> ticket{0};  // the number of the job, and how many ranges it has
    std::atomic<bool> stop{false};
    Job job;
  };
  struct alignas(kCacheLine) Range {
    std::atomic<std::uint64_t> claimed{0};                    // the last job of which somebody took it
    alignas(kCacheLine) std::atomic<std::uint64_t> ended{0};  // the last job of which its thread has done it
  };

  static constexpr int kRangeBits = 16;
  static std::uint64_t NumberOf(std::uint64_t ticket) { return ticket >> kRangeBits; }
  static std::int64_t RangesOf(std::uint64_t ticket) {
    return static_cast<std::int64_t>(ticket & ((std::uint64_t{1} << kRangeBits) - 1));
  }

  void Run(const Job& job);
  void Wake();
  bool Claim(std::int64_t range, std::uint64_t number);
  void RunRange(std::int64_t range, std::int64_t ranges) const;
  void RunOrAwait(std::int64_t range, std::uint64_t ticket);
  void WorkerLoop(std::int64_t range);

  Announcement announced_;
  std::vector<Range> ranges_;  // one per thread; the caller's is the first
  std::vector<std::thread> workers_;
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

/// The number of cores this process may use.
int AvailableCores();

}  // namespace plgraph

#endif  // PLGRAPH_CORE_THREADS_H_
