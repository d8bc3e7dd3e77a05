// The kernels of several passes against one kernel after the other, for every kind of vector that this machine has.
#include "ops/kernels/fused_row_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "ops/kernels/sum_kernels.h"
#include "tests/ops/vector_targets.h"

namespace plgraph {
namespace {

template <typename T>
class FusedRowKernels : public ::testing::Test {
 protected:
  using Numbers = std::vector<T>;

  Numbers Random(std::int64_t size) {
    const RandomStream random(1, ++stream_, 0);
    Numbers numbers;
    for (std::int64_t i = 0; i < size; ++i) {
      numbers.push_back(static_cast<T>(random.Uniform(static_cast<std::uint32_t>(i)) + 0.25));
    }
    return numbers;
  }
  Numbers Rows() { return Random(count_.rows); }
  Numbers Columns() { return Random(count_.columns); }
  Numbers Matrix() { return Random(count_.rows * count_.columns); }

  template <typename Body>
  void ForAll(const Body& body) {
    ForEachVectorAndSize([&](RowCount count) {
      count_ = count;
      const Numbers alphas = Matrix();
      // One number, one per column, one per element.
      for (const RowFactor<T>& alpha : {RowFactor<T>{alphas.data(), 0, 0}, RowFactor<T>{alphas.data(), 0, 1},
                                        RowFactor<T>{alphas.data(), count.columns, 1}}) {
        body(alpha);
      }
    });
  }

  void ExpectClose(const Numbers& actual, const Numbers& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    // The rounding of a sum in another order grows with it: beyond 64 only where rows are long.
    const auto summed = static_cast<double>(count_.rows * count_.columns);
    const double tolerance =
        std::max(64.0, summed / 8) * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (size_t i = 0; i < actual.size(); ++i) {
      const double value = static_cast<double>(expected[i]);
      EXPECT_NEAR(static_cast<double>(actual[i]), value, tolerance * std::max(1.0, std::abs(value))) << i;
    }
  }

  RowCount count_;
  std::uint32_t stream_ = 0;
};

using NumberTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FusedRowKernels, NumberTypes);

TYPED_TEST(FusedRowKernels, UpdateAndAddWeighted) {
  using T = TypeParam;
  this->ForAll([&](const RowFactor<T>& alpha) {
    const auto base = this->Matrix();
    const auto w = this->Matrix();
    const auto pre = this->Rows();
    const auto post = this->Columns();
    const auto x = this->Rows();
    const auto start = this->Columns();
    const auto factors = this->Random(2);
    const RowFactor<T> decay = {&factors[0], 0, 0};
    const RowFactor<T> scale = {&factors[1], 0, 0};
    const std::int64_t stride = this->count_.columns;

    auto trace = base;
    auto y = start;
    UpdateRows<T>({trace.data(), stride}, {base.data(), stride}, decay, pre.data(), post.data(), scale,
                  this->count_);
    AddWeightedRows<T>(y.data(), x.data(), {w.data(), stride}, alpha, {trace.data(), stride}, this->count_);

    auto fused_trace = base;
    auto fused_y = start;
    UpdateAndAddWeighted<T>(fused_trace.data(), fused_trace.data(),
                            {factors[0], pre.data(), post.data(), scale}, fused_y.data(), x.data(),
                            {w.data(), alpha, fused_trace.data()}, this->count_);
    this->ExpectClose(fused_trace, trace);
    this->ExpectClose(fused_y, y);
  });
}

TYPED_TEST(FusedRowKernels, StepBack) {
  using T = TypeParam;
  this->ForAll([&](const RowFactor<T>& alpha) {
    const auto w = this->Matrix();
    const auto after = this->Matrix();
    const auto start_g = this->Matrix();
    const auto start_alpha = this->Matrix();
    const auto x = this->Rows();
    const auto d = this->Columns();
    const auto pre = this->Rows();
    const auto post = this->Columns();
    const auto start_post = this->Columns();
    const auto factors = this->Random(3);
    const RowFactor<T> g_decay = {&factors[0], 0, 0};
    const RowFactor<T> decay = {&factors[1], 0, 0};
    const RowFactor<T> scale = {&factors[2], 0, 0};
    const RowCount count = this->count_;
    const std::int64_t stride = count.columns;

    auto d_x = this->Rows();
    auto d_alpha = start_alpha;
    auto g = start_g;
    auto h = after;
    auto d_pre = this->Rows();
    auto d_post = start_post;
    DotRows<T>(d_x.data(), d.data(), {w.data(), stride}, alpha, {after.data(), stride}, count);
    AddScaledOuter<T>({d_alpha.data(), stride}, x.data(), d.data(), {after.data(), stride}, count);
    UpdateRows<T>({g.data(), stride}, {g.data(), stride}, g_decay, x.data(), d.data(), alpha, count);
    DotRows<T>(d_pre.data(), post.data(), {g.data(), stride}, {}, {}, count);
    AddWeightedRows<T>(d_post.data(), pre.data(), {g.data(), stride}, {}, {}, count);
    InvertRows<T>({h.data(), stride}, {h.data(), stride}, decay, pre.data(), post.data(), scale, count);
    const T d_decay = static_cast<T>(DotOf<T>(g.data(), h.data(), count.rows * count.columns));

    auto fused_d_x = this->Rows();
    auto fused_d_alpha = start_alpha;
    auto fused_g = start_g;
    auto fused_h = after;
    auto fused_d_pre = this->Rows();
    auto fused_d_post = start_post;
    StepBack<T> step;
    step.weights = {w.data(), alpha, fused_h.data()};
    step.x = x.data();
    step.d = d.data();
    step.d_x = fused_d_x.data();
    step.d_alpha = fused_d_alpha.data();
    step.g = fused_g.data();
    step.g_decay = factors[0];
    step.update = {factors[1], pre.data(), post.data(), scale};
    step.h = fused_h.data();
    step.d_pre = fused_d_pre.data();
    step.d_post = fused_d_post.data();
    const T fused_d_decay = RunStepBack(step, count);
    this->ExpectClose(fused_d_x, d_x);
    this->ExpectClose(fused_d_alpha, d_alpha);
    this->ExpectClose(fused_g, g);
    this->ExpectClose(fused_h, h);
    this->ExpectClose(fused_d_pre, d_pre);
    this->ExpectClose(fused_d_post, d_post);
    this->ExpectClose({fused_d_decay}, {d_decay});
  });
}

}  // namespace
}  // namespace plgraph
