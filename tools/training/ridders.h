#ifndef PLGRAPH_TOOLS_TRAINING_RIDDERS_H_
#define PLGRAPH_TOOLS_TRAINING_RIDDERS_H_

#include <functional>

namespace plgraph {

struct DerivativeEstimate {
  double value = 0;
  double error = 0;  ///< the estimate's own opinion of its error
};

/// The derivative of f at 0 by Ridders' method ("Accurate computation of F'(x) and F'(x)F''(x)", 1982): central
/// differences at `first_step`, a half of it, a quarter ..., extrapolated to step 0 by Neville's scheme, each column
/// cancelling one more even power of the step. Of all entries of the scheme the one is taken that differs least from
/// its two parents; that difference is `error`. Stops after `max_rows` steps, or as soon as the error is under
/// 1e-11 of the value. Where the function bends too much for the first step (or has a kink in reach) the estimate
/// doubts itself, and is tried again from a sixteenth of the step, up to four times. `f_at_zero` is f(0); it only steers the first step: while f changes by less than a
/// hundred-thousandth between -step and step, and along a line, the step is made larger, so that rounding does not
/// drown the difference.
DerivativeEstimate DerivativeAtZero(const std::function<double(double)>& f, double f_at_zero,
                                    double first_step, int max_rows);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RIDDERS_H_
