#ifndef PLGRAPH_TESTS_SUPPORT_RELATIVE_DIFFERENCE_H_
#define PLGRAPH_TESTS_SUPPORT_RELATIVE_DIFFERENCE_H_

#include <cmath>
#include <vector>

namespace plgraph {

/// |a - b| / |a| in the Euclidean norm; |b| where a is zero.
inline double RelativeDifference(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += a[i] * a[i];
  }
  return norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_RELATIVE_DIFFERENCE_H_
