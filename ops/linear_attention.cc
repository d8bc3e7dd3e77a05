// LinearAttention: y = sum_k share_k (query . key_k) value_k over the steps before, k = 0 at the latest of them, where
// share_k is the product of the decays of the k steps after it: the product of a vector with the trace
// H' = decay H + key value^T, without the trace ("Using Fast Weights to Attend to the Recent Past", Ba et al. 2016,
// eq. 9, where all decays are the same). As `derivative`, for one constant decay: the same with k decay^(k - 1) in the
// place of decay^k, the derivative of y by the decay. In the backward loop the steps before are those that come after
// in time.
#include <algorithm>
#include <array>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/history.h"
#include "ops/kernels/row_kernels.h"
#include "ops/kernels/rows.h"

namespace plgraph {
namespace {

enum Operand : size_t { kQuery, kKeys, kValues, kDecay };
enum Attribute : size_t { kSteps, kBackward, kKeyLag, kValueLag, kDecayLag, kDerivative };

// So many steps are weighed together, and summed before the sums of such blocks are.
constexpr std::int64_t kBlock = 512;

template <typename T>
Rows<const T> From(const Rows<const T>& steps, std::int64_t first, std::int64_t column) {
  return {steps.data + first * steps.stride + column, steps.stride};
}

// How the products of a block count.
template <typename T>
class Weights {
 public:
  Weights(const KernelArgs<T>& args, std::int64_t instance)
      : decays_(args.Has(kDecay)
                    ? StepsBefore(args, kDecay, args.Integer(kDecayLag), args.Flag(kBackward), instance)
                    : Rows<const T>{&kOne, 0}),
        derivative_(args.Flag(kDerivative)) {}

  void Weigh(T* products, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i, ++k_) {
      products[i] *= derivative_ ? static_cast<T>(k_) * share_ : share_;
      if (k_ > 0 || !derivative_) share_ *= decays_.data[k_ * decays_.stride];
    }
  }
  /// Nothing counts any more.
  bool AreZero() const { return share_ == 0; }

 private:
  static constexpr T kOne = 1;

  Rows<const T> decays_;  // of the steps before
  bool derivative_;
  T share_ = 1;  // that is left of step k_
  std::int64_t k_ = 0;
};

// Adds the weighed values of a block to some columns of the result.
template <typename T>
void AddBlock(const T* products, const Rows<const T>& values, const RowCount& count, T* result) {
  constexpr std::int64_t kColumns = 512;
  std::array<T, kColumns> sums;
  for (std::int64_t j = 0; j < count.columns; j += kColumns) {
    const std::int64_t columns = std::min(kColumns, count.columns - j);
    std::fill_n(sums.begin(), columns, T{0});
    AddWeightedRows(sums.data(), products, From(values, 0, j), {}, {}, {count.rows, columns});
    for (std::int64_t i = 0; i < columns; ++i) result[j + i] += sums[static_cast<size_t>(i)];
  }
}

template <typename T>
void AttendFor(const KernelArgs<T>& args, std::int64_t instance, ThreadPool& threads) {
  const bool backward = args.Flag(kBackward);
  const std::int64_t steps = CountStepsBefore(args, backward);
  const Rows<const T> keys = StepsBefore(args, kKeys, args.Integer(kKeyLag), backward, instance);
  const Rows<const T> values = StepsBefore(args, kValues, args.Integer(kValueLag), backward, instance);
  const T* query = args.operand(kQuery).Instance(instance);
  T* result = args.ResultInstance(instance);
  std::fill_n(result, args.size(), T{0});
  Weights<T> weights(args, instance);
  std::array<T, kBlock> products;
  for (std::int64_t first = 0; first < steps && !weights.AreZero(); first += kBlock) {
    const std::int64_t count = std::min(kBlock, steps - first);
    const std::int64_t size = args.operand(kQuery).size();
    ForRows(threads, 1, count, size, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      DotRows(products.data() + begin, query, From(keys, first + begin, 0), {}, {}, {end - begin, size});
    });
    weights.Weigh(products.data(), count);
    ForColumns(threads, 1, count, args.size(), [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      AddBlock(products.data(), From(values, first, begin), {count, end - begin}, result + begin);
    });
  }
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  if (args.instances == 1) return AttendFor(args, 0, *args.threads);
  ThreadPool one(1);
  args.threads->For(args.instances, 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t instance = begin; instance < end; ++instance) AttendFor(args, instance, one);
  });
}

// Over all steps of a run, on average at each.
std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  const std::int64_t steps = std::get<std::int64_t>(args.attributes[kSteps]) - 1;
  return steps * (args.operand(kQuery).NumElements() + result.NumElements());
}

const OpDef kLinearAttention = {
    .name = "LinearAttention",
    .operands = {{"query", "N"}, {"keys", "N"}, {"values", "M"}, {"decay", "", true}},
    .attributes = {"steps", "backward", "key_lag", "value_lag", "decay_lag", "derivative"},
    .result = "M",
    .adjoint = NotDifferentiable,  // made after autodiff
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
    .history = {kKeys, kValues, kDecay},
    .internal = true,
};
PLGRAPH_REGISTER_OP(kLinearAttention);

}  // namespace
}  // namespace plgraph
