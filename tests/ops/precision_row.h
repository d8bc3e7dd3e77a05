#ifndef PLGRAPH_TESTS_OPS_PRECISION_ROW_H_
#define PLGRAPH_TESTS_OPS_PRECISION_ROW_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/ops/op_row.h"

namespace plgraph {

/// An op at a size at which float shows what it loses. Every op of the language has one or more of these rows.
struct PrecisionRow {
  std::string op;
  Example example;
  /// Of what the difference between float and double is measured. True: of the sum of the absolute terms, which is what
  /// the op and its adjoint give for absolute numbers (sums and products). False: of the largest number of the result.
  bool of_terms = false;
  std::int64_t steps = 1;
  /// Operands that are data, different at each step; the others are parameters.
  std::vector<size_t> inputs = {};
  /// Not to be tried with equal numbers, for which the exact gradient is 0 and nothing could be measured.
  bool only_spread = false;
  std::vector<SampleRange> domains = {};  ///< none: those of the op's first row in the table of ops
};

/// The table of all rows.
std::vector<PrecisionRow> PrecisionTable();

/// The first row of an op in the table of ops.
const OpRow& RowOf(std::string_view op);

/// "Sum([1000, 1000]) of 100 steps".
std::string Describe(const PrecisionRow& row);

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_OPS_PRECISION_ROW_H_
