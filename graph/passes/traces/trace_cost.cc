#include "graph/passes/traces/trace_cost.h"

#include <cmath>

#include "graph/ir/tuning.h"

namespace plgraph {
namespace {

using tuning::kInvert;
using tuning::kPass;
using tuning::kProduct;
using tuning::kUpdate;

double Products(const TraceUse& use) { return static_cast<double>(use.products + (use.dot ? 1 : 0)); }

// In one pass a step and loop.
TraceCost CostAsMatrix(ChosenForm form, const TraceUse& use, double steps) {
  const auto size = static_cast<double>(use.shape.NumElements());
  TraceCost each = {.operations = kUpdate + kProduct * Products(use), .traffic = kPass};
  double matrices = 1;
  if (use.read_backward) {
    switch (form) {
      case ChosenForm::kInverted:
        each = each + TraceCost{.operations = kInvert, .traffic = kPass};
        matrices = 2;
        break;
      case ChosenForm::kRecomputed:
        each = each + TraceCost{.operations = kUpdate, .traffic = kPass};
        matrices = 2 * std::ceil(std::sqrt(steps));  // snapshots, and the steps between two of them
        break;
      default:
        each.traffic += 1;
        matrices = steps + 1;
    }
  }
  return {steps * size * each.operations, steps * size * each.traffic, size * matrices};
}

// Each product is one with every term of the updates so far, and with the matrix that the run started with.
TraceCost CostAsSum(const TraceUse& use, double steps) {
  const double updates = steps * (steps - 1) / 2;  // of all steps so far, summed over the steps
  const auto vectors = static_cast<double>(use.shape.dim(0) + use.shape.dim(1));
  const double products =
      static_cast<double>(use.products * use.terms + (use.dot ? 1 : 0)) * updates * vectors;
  TraceCost cost = {kProduct * products, products, steps * static_cast<double>(use.terms) * vectors};
  if (use.starts_at_zero) return cost;
  const auto size = static_cast<double>(use.shape.NumElements());
  const double passes = static_cast<double>(use.products) * steps;
  const double at_end = steps * static_cast<double>(use.terms);
  return cost + TraceCost{kProduct * size * (passes + at_end), size * (passes + kPass), 2 * size};
}

}  // namespace

TraceCost CostOf(ChosenForm form, const TraceUse& use, std::int64_t steps) {
  const auto count = static_cast<double>(steps);
  return form == ChosenForm::kSum ? CostAsSum(use, count) : CostAsMatrix(form, use, count);
}

}  // namespace plgraph
