#ifndef PLGRAPH_CORE_CLOCK_H_
#define PLGRAPH_CORE_CLOCK_H_

namespace plgraph {

/// The time, behind an interface so that a test can stop it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Seconds from an arbitrary start; never goes back.
  virtual double Seconds() const = 0;
};

class SystemClock : public Clock {
 public:
  double Seconds() const override;
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_CLOCK_H_
