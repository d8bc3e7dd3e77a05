// The ops that read what values were at the steps before. Only the compiler makes them, for traces that are sums over
// past updates, whose decay d may be another number at each step (beside LinearAttention, the product with such a
// trace):
//   PastDots     y_s = key_s . query for the steps s before this one, and 0 for the others. Two of them, multiplied, are
//                the products of outer products: (a b^T) . (c d^T) = (a . c) (b . d)
//   PastSum      the sum of x_s, decayed by all d between step s and this one, over the steps s before this one
//   PastProduct  the product of d over the steps before this one, or (`backward`) over those after it
//   AddOuters    base + the sum of a_s b_s^T over all steps of the run, for each sample in one matrix product
// `lag`: how many steps before a step its value is found. Even of operands that are the same at all steps the results are
// not, which is what kOverSteps says.
#include <algorithm>

#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/history.h"
#include "ops/kernels/gemm.h"
#include "ops/kernels/row_kernels.h"
#include "ops/kernels/rows.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

namespace dots {
enum Operand : size_t { kQuery, kKeys };
enum Attribute : size_t { kOverSamples, kOverSteps, kSteps, kLag };
}  // namespace dots

template <typename T>
void DotsKernel(const KernelArgs<T>& args) {
  const std::int64_t before = std::min(args.step, args.size());
  const std::int64_t size = args.operand(dots::kQuery).size();
  ForRows(*args.threads, args.instances, before, size,
          [&](std::int64_t instance, std::int64_t begin, std::int64_t end) {
            if (begin == end) return;
            const Rows<const T> latest =
                StepsBefore(args, dots::kKeys, args.Integer(dots::kLag), false, instance);
            const Rows<const T> keys = {latest.data + (before - 1 - begin) * latest.stride, -latest.stride};
            DotRows(args.ResultInstance(instance) + begin, args.operand(dots::kQuery).Instance(instance),
                    keys, {}, {}, {end - begin, size});
          });
  for (std::int64_t instance = 0; instance < args.instances; ++instance)
    std::fill(args.ResultInstance(instance) + before, args.ResultInstance(instance) + args.size(), T{0});
}

Shape ShapeOfSteps(const ShapeArgs& args) {
  CheckEqualShapes(args, "query", "keys");
  return {std::get<std::int64_t>(args.attributes[dots::kSteps])};
}

// Over all steps of a run, on average at each.
std::int64_t DotsFlops(const ShapeArgs& args, const Shape& result) {
  return result.NumElements() * args.operand(dots::kQuery).NumElements();
}

const OpDef kPastDots = {
    .name = "PastDots",
    .operands = {{"query", "N"}, {"keys", "N"}},
    .attributes = {plgraph::kOverSamples, plgraph::kOverSteps, "steps", "lag"},
    .shape_rule = ShapeOfSteps,
    .adjoint = NotDifferentiable,  // made after autodiff, as the others
    .kernel = PLGRAPH_KERNEL(DotsKernel),
    .flops = DotsFlops,
    .instance_rule = InstanceRule::kBroadcast,
    .history = {dots::kKeys},
    .internal = true,
};
PLGRAPH_REGISTER_OP(kPastDots);

namespace past_sum {
enum Operand : size_t { kX, kDecay };
enum Attribute : size_t { kLag };
}  // namespace past_sum

template <typename T>
void SumKernel(const KernelArgs<T>& args) {
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    const T* x = args.operand(past_sum::kX).Instance(instance);
    const std::int64_t before = std::min(args.step, args.operand(past_sum::kX).size());
    Rows<const T> decay = {};
    if (args.Has(past_sum::kDecay))
      decay = StepsBefore(args, past_sum::kDecay, args.Integer(past_sum::kLag), false, instance);
    T sum = 0;
    T share = 1;
    for (std::int64_t k = 0; k < before; ++k) {
      sum += share * x[before - 1 - k];
      if (decay.data != nullptr) share *= decay.data[k * decay.stride];
    }
    *args.ResultInstance(instance) = sum;
  }
}

const OpDef kPastSum = {
    .name = "PastSum",
    .operands = {{"x", "T"}, {"decay", "", true}},
    .attributes = {"lag"},
    .result = "",
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(SumKernel),
    .flops = OneFlopAnOperandElement,
    .history = {past_sum::kDecay},
    .internal = true,
};
PLGRAPH_REGISTER_OP(kPastSum);

namespace past_product {
enum Attribute : size_t { kOverSamples, kOverSteps, kBackward, kLag };
}  // namespace past_product

template <typename T>
void ProductKernel(const KernelArgs<T>& args) {
  const bool backward = args.Flag(past_product::kBackward);
  const std::int64_t count = CountStepsBefore(args, backward);
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    const Rows<const T> decay = StepsBefore(args, 0, args.Integer(past_product::kLag), backward, instance);
    T product = 1;
    for (std::int64_t k = 0; k < count; ++k) product *= decay.data[k * decay.stride];
    *args.ResultInstance(instance) = product;
  }
}

const OpDef kPastProduct = {
    .name = "PastProduct",
    .operands = {{"decay", ""}},
    .attributes = {plgraph::kOverSamples, plgraph::kOverSteps, "backward", "lag"},
    .result = "",
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(ProductKernel),
    .flops = NoFlops,
    .instance_rule = InstanceRule::kBroadcast,
    .history = {0},
    .internal = true,
};
PLGRAPH_REGISTER_OP(kPastProduct);

namespace outers {
enum Operand : size_t { kBase, kA, kB };
}  // namespace outers

template <typename T>
MatrixView<const T> AllSteps(const KernelArgs<T>& args, size_t operand, std::int64_t instance) {
  const OperandInstances<T>& instances = args.operand(operand);
  return {instances.Instance(instance) - args.step * instances.step_stride, args.step + 1, instances.size(),
          instances.step_stride, 1};
}

template <typename T>
void OutersKernel(const KernelArgs<T>& args) {
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    T* result = args.ResultInstance(instance);
    std::copy_n(args.operand(outers::kBase).Instance(instance), args.size(), result);
    Gemm<T>(AllSteps(args, outers::kA, instance).Transposed(), AllSteps(args, outers::kB, instance),
            RowMajor(result, args.shape->dim(0), args.shape->dim(1)), Store::kAdd, *args.threads);
  }
}

std::int64_t OutersFlops(const ShapeArgs&, const Shape& result) { return 2 * result.NumElements(); }

const OpDef kAddOuters = {
    .name = "AddOuters",
    .operands = {{"base", "N M"}, {"a", "N"}, {"b", "M"}},
    .result = "N M",
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(OutersKernel),
    .flops = OutersFlops,
    .instance_rule = InstanceRule::kLastStep,
    .history = {outers::kA, outers::kB},
    .internal = true,
};
PLGRAPH_REGISTER_OP(kAddOuters);

}  // namespace
}  // namespace plgraph
