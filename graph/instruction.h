#ifndef PLGRAPH_GRAPH_INSTRUCTION_H_
#define PLGRAPH_GRAPH_INSTRUCTION_H_

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "graph/kernel_args.h"
#include "graph/memory_plan.h"

namespace plgraph {

/// One value of an instruction, ready to be found at any step.
struct Place {
  Placement placement;
  Variance variance;
  std::int64_t row_size = 0;  ///< elements of one row
};

/// One node, ready to run. The arguments of its kernel point into it, so it keeps its address.
template <typename T>
struct Instruction {
  const Node* node = nullptr;
  std::vector<Place> operands;
  Place result;
  std::vector<OperandRows<T>> operand_rows;
  RowOrigin origin;
  KernelArgs<T> args;
  std::int64_t rows_per_step = 1;
  std::int64_t steps = 1;  ///< how often it runs in a batched phase
  bool one_batch = false;  ///< all its steps are one call
  bool late = false;       ///< as in Turn
  int sweep = -1;          ///< as in Turn
  bool skip = false;       ///< not for the samples at hand

  /// Lets the arguments point at the numbers of a step, from a sample on.
  void PointAt(T* base, std::int64_t step, std::int64_t sample) {
    const auto at = [&](const Place& place) {
      return base + place.placement.AtStep(step) + sample * place.placement.row_stride;
    };
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operand_rows[i].shape != nullptr) operand_rows[i].data = at(operands[i]);
    }
    args.result = at(result);
    args.step = step;
  }
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_INSTRUCTION_H_
