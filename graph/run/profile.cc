#include "graph/run/profile.h"

#include <algorithm>

namespace plgraph {

NodeProfile& NodeProfile::operator+=(const NodeProfile& other) {
  spent.seconds += other.spent.seconds;
  spent.times += other.spent.times;
  calls += other.calls;
  instances += other.instances;
  return *this;
}

Profile::Profile(const Clock& clock, const Schedule& schedule, Detail detail)
    : clock_(clock), detail_(detail) {
  if (detail == Detail::kPhases) return;
  for (size_t phase = 0; phase < nodes_.size(); ++phase) nodes_[phase].resize(schedule.phases[phase].size());
}

void Profile::Clear() {
  phases_.fill({});
  for (std::vector<NodeProfile>& nodes : nodes_) std::fill(nodes.begin(), nodes.end(), NodeProfile{});
}

}  // namespace plgraph
