#ifndef PLGRAPH_TOOLS_TRAINING_RIDDERS_H_
#define PLGRAPH_TOOLS_TRAINING_RIDDERS_H_

#include <functional>

namespace plgraph {

struct DerivativeEstimate {
  double value = 0;
  double error = 0;  ///< the estimate's own opinion of its error
  double jump = 0;   ///< the slope to the right of 0 less that to the left, as far as the steps can tell
  double largest_jump =
      0;  ///< the largest that any of the tries saw, without sign: of a kink among the steps
};

/// The derivative of f at 0 by Ridders' method ("Accurate computation of F'(x) and F'(x)F''(x)", 1982): central
/// differences at `first_step`, a half of it, a quarter ..., extrapolated to step 0 by Neville's scheme, each column
/// cancelling one more even power of the step. The slopes to the right and to the left of 0 are extrapolated to step 0
/// likewise: where f is smooth they meet, and where they do not (a kink at 0 or nearer than the steps) the central
/// difference lies between them, however well its own extrapolation agrees. Of all entries of the scheme the one is taken
/// with the least `error`: the difference to either parent or half the jump between the slopes, whichever is most. Stops
/// after `max_rows` steps, or as soon as the error is under 1e-11 of the value. An estimate that doubts itself, since f
/// bends too much for the steps or has a kink among them, is tried again from a sixteenth of the step, up to five times.
/// `f_at_zero` is f(0). While f changes by less than a hundred-thousandth of it between -step and step, and along a line,
/// the first step is made larger, so that rounding does not drown the difference.
DerivativeEstimate DerivativeAtZero(const std::function<double(double)>& f, double f_at_zero,
                                    double first_step, int max_rows);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RIDDERS_H_
