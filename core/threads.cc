#include "core/threads.h"

#include <algorithm>
#include <exception>

namespace plgraph {
namespace {

// A worker looks for work this often before it sleeps: loops of one time step follow each other within
// microseconds, while waking a sleeping thread costs tens of them.
constexpr int kSpins = 20000;
// So often the caller looks whether a worker is done before it takes the range of one that has not begun.
constexpr int kPatience = 50;

inline void Pause() { __builtin_ia32_pause(); }

}  // namespace

ThreadPool::ThreadPool(int threads) : ranges_(static_cast<size_t>(std::max(threads, 1))) {
  workers_.reserve(ranges_.size() - 1);
  try {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { WorkerLoop(i); });
  } catch (const std::exception&) {
    // Those that could be started share the work: how many there are decides no result.
  }
}

ThreadPool::~ThreadPool() {
  announced_.stop = true;
  Wake();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(const Job& job) {
  const std::int64_t ranges = std::clamp<std::int64_t>(job.count / job.grain, 1, size());
  const std::uint64_t number = NumberOf(announced_.ticket.load(std::memory_order_relaxed)) + 1;
  const std::uint64_t ticket = number << kRangeBits | static_cast<std::uint64_t>(ranges);
  announced_.job = job;
  announced_.ticket.exchange(ticket);  // a plain store would stay with this core for a while
  if (sleepers_ > 0) Wake();
  RunRange(0, ranges);
  for (std::int64_t range = 1; range < ranges; ++range) RunOrAwait(range, ticket);
}

// A worker that goes to sleep counts itself first and then looks for work once more, with the mutex held.
void ThreadPool::Wake() {
  { const std::lock_guard lock(mutex_); }
  wake_.notify_all();
}

// Every range has its thread, in whose cache its numbers are likely to be. Of a thread that the machine holds up, or
// that has yet to wake, the caller takes the range over.
void ThreadPool::RunOrAwait(std::int64_t range, std::uint64_t ticket) {
  const std::uint64_t number = NumberOf(ticket);
  const std::atomic<std::uint64_t>& ended = ranges_[static_cast<size_t>(range)].ended;
  for (int spin = 0; ended.load(std::memory_order_acquire) != number; ++spin) {
    if (spin == kPatience && Claim(range, number)) return RunRange(range, RangesOf(ticket));
    if (spin < kSpins) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

// Whoever has claimed a range of a job may read the job: it stays in place until its last range is done.
bool ThreadPool::Claim(std::int64_t range, std::uint64_t number) {
  std::atomic<std::uint64_t>& claimed = ranges_[static_cast<size_t>(range)].claimed;
  std::uint64_t last = claimed.load(std::memory_order_relaxed);
  while (last < number) {
    if (claimed.compare_exchange_weak(last, number, std::memory_order_acq_rel)) return true;
  }
  return false;
}

void ThreadPool::RunRange(std::int64_t range, std::int64_t ranges) const {
  const Job& job = announced_.job;
  const std::int64_t blocks = (job.count + job.align - 1) / job.align;
  const std::int64_t begin = std::min(job.count, blocks * range / ranges * job.align);
  const std::int64_t end = std::min(job.count, blocks * (range + 1) / ranges * job.align);
  if (begin < end) job.call(job.body, begin, end);
}

void ThreadPool::WorkerLoop(std::int64_t range) {
  std::uint64_t seen = 0;
  const auto has_work = [&] { return announced_.ticket != seen || announced_.stop; };
  while (!announced_.stop) {
    for (int spin = 0; spin < kSpins && !has_work(); ++spin) Pause();
    if (!has_work()) {
      std::unique_lock lock(mutex_);
      ++sleepers_;
      wake_.wait(lock, has_work);
      --sleepers_;
    }
    seen = announced_.ticket;
    if (range >= RangesOf(seen) || !Claim(range, NumberOf(seen))) continue;
    RunRange(range, RangesOf(seen));
    ranges_[static_cast<size_t>(range)].ended.store(NumberOf(seen), std::memory_order_release);
  }
}

int AvailableCores() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

}  // namespace plgraph
