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
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { WorkerLoop(i); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    ++generation_;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(const Job& job) {
  job_ = job;
  pending_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  RunRange(0);
  while (pending_.load(std::memory_order_acquire) != 0) Pause();
}

void ThreadPool::RunRange(int index) const {
  const std::int64_t parts = std::clamp<std::int64_t>(job_.count / job_.grain, 1, size());
  const std::int64_t blocks = (job_.count + job_.align - 1) / job_.align;
  const std::int64_t begin = std::min(job_.count, blocks * index / parts * job_.align);
  const std::int64_t end = std::min(job_.count, blocks * (index + 1) / parts * job_.align);
  if (index < parts && begin < end) job_.call(job_.body, begin, end);
}

void ThreadPool::WorkerLoop(int index) {
  std::uint64_t seen = 0;
  while (true) {
    for (int spin = 0; spin < kSpins && generation_.load(std::memory_order_acquire) == seen; ++spin) Pause();
    if (generation_.load(std::memory_order_acquire) == seen) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
    }
    seen = generation_.load(std::memory_order_acquire);
    if (stop_) return;
    RunRange(index);
    pending_.fetch_sub(1, std::memory_order_release);
  }
}

int AvailableCores() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

}  // namespace plgraph
