#ifndef PLGRAPH_GRAPH_PLAN_SUM_TOTALS_H_
#define PLGRAPH_GRAPH_PLAN_SUM_TOTALS_H_

#include <algorithm>
#include <cstdint>

#include "core/dtype.h"
#include "core/threads.h"
#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/ir/tuning.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// A sum over many steps and samples goes on from call to call of its kernel, which would lose the digits of later
/// terms. So it is taken in blocks of instances, and the blocks are added in double, in memory of their own.

/// Instances of a block: after so many the sum is moved to the totals. A sum of few elements, such as a loss, has short
/// blocks, because moving it costs next to nothing.
std::int64_t SumBlockInstances(const Node& node);

/// Elements of the number type that the totals of a sum take; 0: it is short enough without. `groups`: of its loop,
/// each of which has totals of its own; this is the size for one of them.
std::int64_t TotalElements(const Node& node, const ScheduledNode& scheduled, const Schedule& schedule,
                           std::int64_t groups, const CompileOptions& options);

/// Adds a block to the totals and clears it.
template <typename T>
void MoveToTotals(T* block, double* totals, std::int64_t size, ThreadPool& threads) {
  threads.For(size, tuning::kTotalsGrain, tuning::kCacheLineElements,
              [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t i = begin; i < end; ++i) totals[i] += static_cast<double>(block[i]);
                std::fill(block + begin, block + end, T{0});
              });
}

/// The last block becomes the whole sum.
template <typename T>
void TakeTotals(T* block, const double* totals, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i)
    block[i] = static_cast<T>(totals[i] + static_cast<double>(block[i]));
}

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_SUM_TOTALS_H_
