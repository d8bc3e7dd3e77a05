#ifndef PLGRAPH_TOOLS_TRAINING_GRADIENT_CHECK_H_
#define PLGRAPH_TOOLS_TRAINING_GRADIENT_CHECK_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace plgraph {

/// The gradient of one parameter to be checked, and where the parameter itself lies.
struct GradientToCheck {
  std::string name;                   ///< also decides which random directions are taken
  std::span<double> parameter;        ///< changed while checking, then as before, bit by bit
  std::span<const double> gradient;   ///< what is claimed
  std::function<double()> loss = {};  ///< of the parameter as it now is
  std::int64_t random_elements = 3;   ///< how many single elements are taken at random
  double tolerance = 1e-7;            ///< the relative error that passes
};

/// The worst of the directions along which a parameter was checked.
struct ParameterCheck {
  std::string direction;
  int directions = 0;  ///< how many were taken
  int kinks = 0;       ///< along how many of them the loss has kinks near the point
  double excess = 0;   ///< the relative error in parts of what passes
  /// The loss has a kink at the point, or too near it for any step: the finite difference lies between the slopes on
  /// both sides, and says nothing of the gradient. Another point can.
  bool at_kink = false;
  double relative_error = 0;
  double analytic = 0;  ///< the claimed gradient times the direction
  double numeric = 0;   ///< the derivative by finite differences
  double uncertainty =
      0;  ///< what the finite differences say of their own error, relative like relative_error

  bool passed() const { return excess <= 1 && !at_kink; }
};

/// The root of the mean square of a parameter's numbers, by which steps are measured; 1 where all are zero.
double SizeOf(std::span<const double> parameter);

/// Compares a gradient with finite differences of the loss (Ridders' method, which never sees the gradient) along:
/// a random direction of -1 and +1, which meets every element; the direction of the gradient itself, where an error
/// of its size cannot hide; the single element with the largest gradient; and some single elements at random. A
/// parameter of up to 16 elements is checked element by element.
///
/// With a = gradient . direction and f the finite difference, the relative error is
///   |f - a| / max(|f|, |a|, norm(gradient) rms(direction), floor).
/// The third is the size that a would have, typically, if the direction were random: a direction that happens to be
/// almost at right angles to the gradient, or an element with next to no gradient, is measured against the rest of
/// the parameter, since there rounding is all that is left of f. `floor` is what changes the loss by a millionth of
/// itself when the whole parameter is doubled: a gradient that is zero but for rounding is not a fault. A gradient
/// that is wrong by a factor of 1 + e has relative error e along its own direction, whatever its size.
///
/// A direction passes with a relative error of at most `tolerance`. Where the loss has kinks near the point (Relu, Max,
/// a clipped trace), the finite difference takes steps too small to meet them, and has fewer digits: there twice its
/// own uncertainty passes, if that is at most 1e-5. Where it is more, the kink is too near: `at_kink`.
ParameterCheck CheckGradient(const GradientToCheck& check);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_GRADIENT_CHECK_H_
