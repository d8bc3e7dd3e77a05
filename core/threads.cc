#include "core/threads.h"

#include <algorithm>

namespace plgraph {
namespace {

// A worker looks for work this often before it sleeps: loops of one time step follow each other within
// microseconds, while waking a sleeping thread costs tens of them.
constexpr int kSpins = 20000;

inline void Pause() { __builtin_ia32_pause(); }

}  // namespace

ThreadPool::ThreadPool(int threads) {
  workers_.reserve(static_cast<size_t>(std::max(threads, 1) - 1));
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { WorkerLoop(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(const Job& job) {
  job_ = job;
  job_.parts = std::clamp<std::int64_t>(job.count / job.grain, 1, size());
  unfinished_.store(job_.parts, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t generation = (ticket_.load(std::memory_order_relaxed) >> kRangeBits) + 1;
    ticket_.store(generation << kRangeBits | static_cast<std::uint64_t>(job_.parts),
                  std::memory_order_release);
  }
  wake_.notify_all();
  RunRanges();
  for (int spin = 0; unfinished_.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < kSpins) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

// Whoever comes takes the next range. A thread that the machine holds up takes none, and nobody waits for it. The
// ticket holds the number of the job beside that of the ranges left, so that a late thread cannot take one of a job
// it has not seen; a job stays in place until its last range is done.
void ThreadPool::RunRanges() {
  std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (RangesLeft(ticket) > 0) {
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel)) continue;
    const std::int64_t index = RangesLeft(ticket) - 1;
    const std::int64_t blocks = (job_.count + job_.align - 1) / job_.align;
    const std::int64_t begin = std::min(job_.count, blocks * index / job_.parts * job_.align);
    const std::int64_t end = std::min(job_.count, blocks * (index + 1) / job_.parts * job_.align);
    if (begin < end) job_.call(job_.body, begin, end);
    unfinished_.fetch_sub(1, std::memory_order_release);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadPool::WorkerLoop() {
  const auto has_work = [this] { return stop_ || RangesLeft(ticket_.load(std::memory_order_acquire)) > 0; };
  while (!stop_) {
    for (int spin = 0; spin < kSpins && !has_work(); ++spin) Pause();
    if (!has_work()) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, has_work);
    }
    RunRanges();
  }
}

int AvailableCores() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

}  // namespace plgraph
