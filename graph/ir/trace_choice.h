#ifndef PLGRAPH_GRAPH_IR_TRACE_CHOICE_H_
#define PLGRAPH_GRAPH_IR_TRACE_CHOICE_H_

#include <array>
#include <string>
#include <string_view>

#include "core/shape.h"

namespace plgraph {

/// How a trace lives through the steps of a run.
enum class ChosenForm {
  kKept,        ///< a matrix from step to step; where the backward pass reads it, those of all steps are kept
  kInverted,    ///< a matrix from step to step, whose updates the backward pass inverts
  kRecomputed,  ///< a matrix from step to step, whose updates the backward pass runs again from snapshots
  kSum,         ///< never made: its products are sums over past updates
};
constexpr int kFormCount = 4;
/// kept, inverted, recomputed, sum.
std::string_view NameOf(ChosenForm form);

/// A form that a user wants for a trace, whatever it costs.
struct ForcedForm {
  std::string trace;
  ChosenForm form = ChosenForm::kKept;
  friend bool operator==(const ForcedForm&, const ForcedForm&) = default;
};

/// What a trace and its gradient cost in an episode of one sample. In double: a trace that no machine can hold costs
/// more than fits an integer, and is refused only once its memory is planned.
struct TraceCost {
  double operations = 0;  ///< on floating-point numbers
  double traffic = 0;     ///< elements that are read or written
  double kept = 0;        ///< elements that are in memory at a time, over the steps

  friend TraceCost operator+(const TraceCost& a, const TraceCost& b) {
    return {a.operations + b.operations, a.traffic + b.traffic, a.kept + b.kept};
  }
};

/// One row of the table from which the form of a trace is chosen.
struct FormOption {
  std::string why_not;  ///< why the trace cannot have this form; empty: it can
  TraceCost cost = {};
};

/// What the compiler decided for a trace, and between what.
struct TraceChoice {
  std::string trace;
  Shape shape;
  ChosenForm form = ChosenForm::kKept;
  bool forced = false;
  bool gradient_made = false;  ///< the backward loop has the gradient of the trace as a matrix
  std::array<FormOption, kFormCount> options = {};  ///< by ChosenForm

  const FormOption& option(ChosenForm of) const { return options[static_cast<size_t>(of)]; }
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_TRACE_CHOICE_H_
