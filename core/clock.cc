#include "core/clock.h"

#include <chrono>

namespace plgraph {

double SystemClock::Seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace plgraph
