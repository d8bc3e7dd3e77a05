#ifndef PLGRAPH_TESTS_OPS_VECTOR_TARGETS_H_
#define PLGRAPH_TESTS_OPS_VECTOR_TARGETS_H_

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <string>
#include <vector>

#include "ops/kernels/row_kernels.h"

namespace plgraph {

/// Calls body() for every kind of vector that this machine has, which the kernels then use.
template <typename Body>
void ForEachVector(const Body& body) {
  const auto use = [](std::int64_t target) {  // 0: the best that there is
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  };
  const std::vector<std::int64_t> targets = hwy::SupportedAndGeneratedTargets();
  for (const std::int64_t target : targets) {
    use(target);
    SCOPED_TRACE(hwy::TargetName(target));
    body();
  }
  use(0);
}

/// The same with body(RowCount), for sizes around the widths of vectors, one of them with rows that are treated as
/// long.
template <typename Body>
void ForEachVectorAndSize(const Body& body) {
  ForEachVector([&] {
    for (const std::int64_t rows : {1, 2, 4, 7}) {
      for (const std::int64_t columns : {1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 100, 600}) {
        SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns));
        body(RowCount{rows, columns});
      }
    }
  });
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_OPS_VECTOR_TARGETS_H_
