#ifndef PLGRAPH_CORE_CLOCK_H_
#define PLGRAPH_CORE_CLOCK_H_

#include <cstdint>
#include <string>

namespace plgraph {

/// The time, behind an interface so that a test can stop it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Seconds from an arbitrary start; never goes back.
  virtual double Seconds() const = 0;
  /// The time of day: seconds since the start of 1970, UTC.
  virtual double SecondsSince1970() const = 0;
};

class SystemClock : public Clock {
 public:
  double Seconds() const override;
  double SecondsSince1970() const override;
};

/// A time of day for people and programs: 2018-06-28T09:00:00Z.
std::string UtcText(double seconds_since_1970);

/// How long something took, all times together.
struct TimeSpent {
  double seconds = 0;
  std::int64_t times = 0;
};

/// Adds the time from its making to its end to a TimeSpent; null: reads no clock.
class Timer {
 public:
  Timer(const Clock* clock, TimeSpent* spent) : clock_(clock), spent_(spent) {
    if (spent_ != nullptr) begin_ = clock_->Seconds();
  }
  ~Timer() {
    if (spent_ == nullptr) return;
    spent_->seconds += clock_->Seconds() - begin_;
    ++spent_->times;
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  const Clock* clock_;
  TimeSpent* spent_;
  double begin_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_CLOCK_H_
