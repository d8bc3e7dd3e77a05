// Ssim: the mean structural similarity of two images (Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13 to 17), over the
// windows of 11 x 11 pixels that lie within the image, weighted by a Gaussian of deviation 1.5, and over the channels.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "graph/ir/op_registry.h"
#include "ops/axis.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

constexpr std::int64_t kWindow = 11;
constexpr double kDeviation = 1.5;
constexpr double kK1 = 0.01;
constexpr double kK2 = 0.03;

using Weights = std::array<double, kWindow>;

// The Gaussian is a product of one along each axis; they sum to 1.
Weights GaussianWeights() {
  constexpr std::int64_t kMiddle = kWindow / 2;
  Weights weights{};
  double sum = 0;
  for (std::int64_t i = 0; i < kWindow; ++i) {
    const double distance = static_cast<double>(i - kMiddle) / kDeviation;
    sum += weights[static_cast<size_t>(i)] = std::exp(-distance * distance / 2);
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

Shape ShapeRule(const ShapeArgs& args) {
  CheckPeak(std::get<double>(args.attributes[0]));
  CheckEqualShapes(args, "prediction", "target");
  const Shape& x = args.operand(0);
  const bool image =
      (x.rank() == 2 || x.rank() == 3) && x.dim(x.rank() - 2) >= kWindow && x.dim(x.rank() - 1) >= kWindow;
  if (image) return {};
  throw ShapeError(
      fmt::format("operand \"prediction\" has shape {}; expected an image, [H, W] or [C, H, W], of at least "
                  "{} x {} pixels",
                  x.ToString(), kWindow, kWindow));
}

// Weighted sums over a window, or a column of it: of x, y, x^2, y^2 and x y.
using Moments = std::array<double, 5>;

void AddTo(Moments& sums, double weight, const Moments& moments) {
  for (size_t k = 0; k < sums.size(); ++k) sums[k] += weight * moments[k];
}

// Eq. 13, with the moments of eq. 14 to 16.
double Similarity(const Moments& m, double c1, double c2) {
  const double variance_x = m[2] - m[0] * m[0];
  const double variance_y = m[3] - m[1] * m[1];
  const double covariance = m[4] - m[0] * m[1];
  return (2 * m[0] * m[1] + c1) * (2 * covariance + c2) /
         ((m[0] * m[0] + m[1] * m[1] + c1) * (variance_x + variance_y + c2));
}

template <typename T>
Moments ColumnMoments(const T* x, const T* y, std::int64_t width, const Weights& weights) {
  Moments sums{};
  for (std::int64_t i = 0; i < kWindow; ++i) {
    const double a = static_cast<double>(x[i * width]);
    const double b = static_cast<double>(y[i * width]);
    AddTo(sums, weights[static_cast<size_t>(i)], {a, b, a * a, b * b, a * b});
  }
  return sums;
}

// The sum over all windows whose first row is that of x and y. The columns of some windows are summed first.
template <typename T>
double SumOfRow(const T* x, const T* y, std::int64_t width, const Weights& weights, double c1, double c2) {
  constexpr std::int64_t kBlock = 64;
  std::array<Moments, kBlock + kWindow - 1> columns;
  double sum = 0;
  for (std::int64_t first = 0; first + kWindow <= width; first += kBlock) {
    const std::int64_t windows = std::min(kBlock, width - kWindow + 1 - first);
    for (std::int64_t i = 0; i < windows + kWindow - 1; ++i) {
      columns[static_cast<size_t>(i)] = ColumnMoments(x + first + i, y + first + i, width, weights);
    }
    for (std::int64_t window = 0; window < windows; ++window) {
      Moments moments{};
      for (size_t i = 0; i < weights.size(); ++i) {
        AddTo(moments, weights[i], columns[static_cast<size_t>(window) + i]);
      }
      sum += Similarity(moments, c1, c2);
    }
  }
  return sum;
}

template <typename T>
void Kernel(const KernelArgs<T>& args) {
  const Shape& shape = *args.operand(0).shape;
  const std::int64_t height = shape.dim(shape.rank() - 2);
  const std::int64_t width = shape.dim(shape.rank() - 1);
  const std::int64_t channels = shape.NumElements() / (height * width);
  const std::int64_t windows = channels * (height - kWindow + 1) * (width - kWindow + 1);
  const Weights weights = GaussianWeights();
  const double c1 = std::pow(kK1 * args.Real(0), 2);
  const double c2 = std::pow(kK2 * args.Real(0), 2);
  ForEachLine(args, {1, shape.NumElements(), 1}, kCheapGrain, [&](std::int64_t instance, std::int64_t) {
    double sum = 0;
    for (std::int64_t row = 0; row < channels * height; ++row) {
      if (row % height + kWindow > height) continue;
      const std::int64_t at = row * width;
      sum += SumOfRow(args.operand(0).Instance(instance) + at, args.operand(1).Instance(instance) + at, width,
                      weights, c1, c2);
    }
    *args.ResultInstance(instance) = static_cast<T>(sum / static_cast<double>(windows));
  });
}

std::int64_t Flops(const ShapeArgs& args, const Shape&) { return 250 * args.operand(0).NumElements(); }

const OpDef kSsim = {
    .name = "Ssim",
    .operands = {{"prediction"}, {"target"}},
    .attributes = {"peak"},
    .shape_rule = ShapeRule,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(Kernel),
    .flops = Flops,
};
PLGRAPH_REGISTER_OP(kSsim);

}  // namespace
}  // namespace plgraph
