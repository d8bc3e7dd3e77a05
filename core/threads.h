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

  /// Calls body(begin, end) for consecutive ranges that cover [0, count), at most one a thread, and returns
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
    std::int64_t parts = 1;  // ranges
  };

  static constexpr int kRangeBits = 16;
  static std::int64_t RangesLeft(std::uint64_t ticket) {
    return static_cast<std::int64_t>(ticket & ((std::uint64_t{1} << kRangeBits) - 1));
  }

  void Run(const Job& job);
  void RunRanges();
  void WorkerLoop();

  std::vector<std::thread> workers_;
  Job job_;
  std::atomic<std::uint64_t> ticket_{0};  // the number of the job, and of its ranges that nobody has taken
  std::atomic<std::int64_t> unfinished_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
};

/// The number of cores this process may use.
int AvailableCores();

}  // namespace plgraph

#endif  // PLGRAPH_CORE_THREADS_H_
