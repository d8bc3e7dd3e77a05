// Dropout: x times a mask, in training only: each element of the mask is 0 with the given probability p and 1 / (1 - p)
// otherwise (Srivastava et al. 2014, with the scaling moved from use to training).
// DropoutMask: the mask for x, of which it reads the shape only. A number of the mask depends on the seed, the node,
// the episode, the step and its place, so it is the same whatever the batch size. What is the same at all steps of an
// episode has one mask for it, and what is the same for all samples, such as a parameter, one for all.
#include <fmt/format.h>

#include "core/random.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"
#include "ops/strided_loop.h"

namespace plgraph {
namespace {

Shape ShapeRule(const ShapeArgs& args) {
  const double probability = std::get<double>(args.attributes[0]);
  if (!(probability >= 0 && probability < 1)) {
    throw ShapeError(fmt::format("probability is {}; it must be at least 0 and under 1", probability));
  }
  return ShapeOfOperand(args);
}

Value Compose(OpBuilder& b) {
  const Value x = b.Operand(0);
  return b.Apply("WhenTraining", {x, b.Mul(x, b.Apply("DropoutMask", {x}, b.attributes()))});
}

// A random number in [0, 1) for one element of one instance. An index of a stream has 32 bits; what is above them leads
// to another stream.
double UniformAt(const InstanceOrigin& origin, std::int64_t instance, std::int64_t size,
                 std::int64_t element) {
  const std::uint64_t episode = origin.first_episode + static_cast<std::uint64_t>(instance % origin.batch);
  const std::int64_t step = origin.first_step + instance / origin.batch;
  const std::uint64_t index = static_cast<std::uint64_t>(step * size + element);
  const std::uint32_t stream = origin.stream + static_cast<std::uint32_t>(index >> 32);
  return RandomStream(origin.seed, stream, episode).Uniform(static_cast<std::uint32_t>(index));
}

template <typename T>
void MaskKernel(const KernelArgs<T>& args) {
  const std::int64_t size = args.size();
  const double probability = args.Real(0);
  const T kept = static_cast<T>(1 / (1 - probability));
  args.threads->For(args.instances * size, kCostlyGrain, kRangeAlign,
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        const double u = UniformAt(*args.origin, i / size, size, i % size);
                        args.ResultInstance(i / size)[i % size] = u < probability ? T{0} : kept;
                      }
                    });
}

std::int64_t MaskFlops(const ShapeArgs&, const Shape& result) { return 20 * result.NumElements(); }

const OpDef kDropout = {
    .name = "Dropout",
    .operands = {{"x"}},
    .attributes = {"probability"},
    .shape_rule = ShapeRule,
    .compose = Compose,
    .training_only = true,
};
PLGRAPH_REGISTER_OP(kDropout);

const OpDef kDropoutMask = {
    .name = "DropoutMask",
    .operands = {{"x"}},
    .attributes = {"probability"},
    .shape_rule = ShapeRule,
    .inplace = {0},
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(MaskKernel),
    .flops = MaskFlops,
    .random = true,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kDropoutMask);

}  // namespace
}  // namespace plgraph
