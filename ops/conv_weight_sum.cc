// ConvWeightGradient: the gradient of a convolution's weight,
//   sum_{i,j} d[o, i, j] image[c, i s - p + k d, j s - p + l d],  [O, C / groups, KH, KW].
// ConvWeightSum: its sum over samples and steps, for a weight that they all share.
#include "graph/op_registry.h"
#include "ops/convolution_op.h"
#include "ops/kernels/transpose_lines.h"

namespace plgraph {
namespace {

enum Operand : size_t { kImage, kD };
enum Attribute : size_t { kOverSamples, kOverSteps };
constexpr size_t kConvolution = 2;  // the first attribute behind over_samples and over_steps
constexpr size_t kShape = kConvolution + kGroups + 1;

}  // namespace

Value WeightGradient(GradBuilder& g, Value image, Value d) {
  const Variance all = g.graph().node(d).variance | g.graph().node(image).variance;
  const bool shared = g.graph().node(g.Operand(1)).variance == Variance{};
  std::vector<AttributeValue> attributes(kShape);
  attributes[kOverSamples] = shared && all.sample;
  attributes[kOverSteps] = shared && all.step;
  std::copy_n(g.attributes().begin(), kGroups + 1, attributes.begin() + kConvolution);
  attributes.emplace_back(g.shape(g.Operand(1)).dims());
  return g.Apply(shared ? "ConvWeightSum" : "ConvWeightGradient", {image, d}, std::move(attributes));
}

Value BiasGradient(GradBuilder& g) {
  const Shape& d = g.shape(g.OutputGradient());
  const Value lines = g.Reshape(g.OutputGradient(), {d.dim(0), d.dim(1) * d.dim(2)});
  return g.Sum(lines, 1);
}

namespace {

Shape ShapeRule(const ShapeArgs& args) { return Shape(std::get<IntegerList>(args.attributes[kShape])); }

constexpr std::int64_t kSumTaps = 192;  // of a tile: its sums stay in the second cache
constexpr std::int64_t kSumStride = kTileChannels + kTileLanes;  // from line to line of a tile of channels

// Sums a part of a group's weight over all places of all images, a tile of taps and channels at a time: a product of the
// image's numbers under the taps, and of d, a line a place.
template <typename T>
class WeightSum {
 public:
  WeightSum(const KernelArgs<T>& args, std::int64_t row, std::int64_t rows, std::int64_t group)
      : args_(args),
        row_(row),
        rows_(rows),
        group_(group),
        channels_(args.shape->dim(0) / args.Integer(kConvolution + kGroups)),
        patch_(args.shape->dim(2) * args.shape->dim(3), args.shape->dim(3)) {
    for (std::int64_t i = 0; i < kTilePlaces; ++i) d_lines_[i] = i * kSumStride;
  }

  /// The taps [begin, end) of the grid, counted over the channels of the image.
  void Add(const WindowGrid& grid, std::int64_t begin, std::int64_t end) {
    patch_.Take(grid, rows_);
    for (std::int64_t first = 0; first < channels_; first += kTileChannels) {
      const std::int64_t channels = std::min(kTileChannels, channels_ - first);
      ClearBeyond(channels);
      for (std::int64_t tap = begin; tap < end;) {
        const std::int64_t next = patch_.Turn(tap, std::min(end, tap + kSumTaps));
        AddTile(grid, next - tap, group_ * channels_ + first, channels);
        tap = next;
      }
    }
  }

 private:
  void AddTile(const WindowGrid& grid, std::int64_t taps, std::int64_t first, std::int64_t channels) {
    const OperandRows<T>& image = args_.operand(kImage);
    Images<T> images = {image.Row(row_), image.row_stride, image.shape->dim(1), image.shape->dim(2)};
    images.data += group_ * args_.shape->dim(1) * images.plane();
    std::fill_n(totals_, taps * kSumStride, T{0});
    ForEachBlock(grid, patch_.layout().most(), 0, rows_ * grid.axes[0].places, [&](const PlaceBlock& block) {
      patch_.Read(images, block);
      const std::int64_t places = ReadD(block, first, channels);
      std::fill_n(sums_, taps * kSumStride, T{0});
      AddTileProduct<T>({.a = patch_.numbers(),
                         .a_lines = patch_.tap_places(),
                         .a_terms = places_,
                         .b = d_,
                         .b_terms = d_lines_,
                         .c = sums_,
                         .c_stride = kSumStride,
                         .lines = taps,
                         .terms = places,
                         .columns = channels});
      for (std::int64_t i = 0; i < taps * kSumStride; ++i) totals_[i] += sums_[i];
    });
    const std::int64_t stride = args_.size() / args_.shape->dim(0);
    for (std::int64_t c = 0; c < channels; ++c) {
      T* result = args_.ResultRow(row_) + (first + c) * stride;
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        result[patch_.weight_places()[tap]] += totals_[tap * kSumStride + c];
      }
    }
  }

  // What whole vectors read of the lines of d behind its channels.
  void ClearBeyond(std::int64_t channels) {
    for (std::int64_t place = 0; place < kTilePlaces; ++place) {
      std::fill(d_ + place * kSumStride + channels, d_ + place * kSumStride + WholeLanes(channels), T{0});
    }
  }

  // Reads the channels of d at the places of a block, a line a place, and finds these in the patch.
  std::int64_t ReadD(const PlaceBlock& block, std::int64_t first, std::int64_t channels) {
    const OperandRows<T>& d = args_.operand(kD);
    const std::int64_t width = d.shape->dim(2);
    const std::int64_t plane = d.shape->dim(1) * width;
    std::int64_t place = 0;
    for (std::int64_t image = 0; image < block.images; ++image) {
      const T* planes = d.Row(row_ + block.image + image) + first * plane;
      for (std::int64_t line = 0; line < block.lines; ++line) {
        TransposeLines<T>({d_ + place * kSumStride, kSumStride},
                          {planes + (block.line + line) * width + block.column, plane},
                          {channels, block.columns});
        for (std::int64_t column = 0; column < block.columns; ++column, ++place) {
          places_[place] = patch_.layout().Place(image, line, column);
        }
      }
    }
    return place;
  }

  const KernelArgs<T>& args_;
  std::int64_t row_;
  std::int64_t rows_;
  std::int64_t group_;
  std::int64_t channels_;  // of d, in a group
  TapPatch<T> patch_;
  std::int64_t places_[kTilePlaces];
  std::int64_t d_lines_[kTilePlaces];
  alignas(64) T d_[kTilePlaces * kSumStride];
  alignas(64) T sums_[kSumTaps * kSumStride];
  alignas(64) T totals_[kSumTaps * kSumStride];
};

// Threads share groups, or else taps: every element is summed by one of them, over all places in their order.
template <typename T>
void SumRows(const KernelArgs<T>& args, std::int64_t row, std::int64_t rows) {
  const Convolution convolution = ConvolutionOf(args.attributes.subspan(kConvolution));
  const Shape& d = *args.operand(kD).shape;
  const WindowGrid grid = {{DirectAxis(convolution, 0, d.dim(1), args.shape->dim(2)),
                            DirectAxis(convolution, 1, d.dim(2), args.shape->dim(3))}};
  const std::int64_t work = args.shape->dim(0) / convolution.groups * rows * grid.places();  // of a tap
  const auto grain = [&](std::int64_t taps) {
    return std::max<std::int64_t>(1, kConvolutionGrain / (work * taps));
  };
  const GridParts parts(grid, rows);
  const bool share_groups = convolution.groups >= args.threads->size();
  for (std::int64_t i = 0; i < parts.size(); ++i) {
    const WindowGrid part = parts[i];
    const std::int64_t taps = args.shape->dim(1) * part.taps();
    if (share_groups) {
      args.threads->For(convolution.groups, grain(taps), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t group = begin; group < end; ++group) {
          WeightSum<T>(args, row, rows, group).Add(part, 0, taps);
        }
      });
      continue;
    }
    for (std::int64_t group = 0; group < convolution.groups; ++group) {
      args.threads->For(taps, grain(1), 4, [&](std::int64_t begin, std::int64_t end) {
        WeightSum<T>(args, row, rows, group).Add(part, begin, end);
      });
    }
  }
}

template <typename T>
void SumKernel(const KernelArgs<T>& args) {
  SumRows(args, 0, args.rows);
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  for (std::int64_t row = 0; row < args.rows; ++row) {
    std::fill_n(args.ResultRow(row), args.size(), T{0});
    SumRows(args, row, 1);
  }
}

std::int64_t Flops(const ShapeArgs& args, const Shape& result) {
  const Shape& d = args.operand(kD);
  return 2 * d.NumElements() * (result.NumElements() / result.dim(0));
}

const OpDef kConvWeightSum = {
    .name = "ConvWeightSum",
    .operands = {{"image"}, {"d"}},
    .attributes = {"over_samples", "over_steps", "stride", "padding", "dilation", "groups", "shape"},
    .shape_rule = ShapeRule,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(SumKernel),
    .flops = Flops,
    .row_rule = RowRule::kSum,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kConvWeightSum);

const OpDef kConvWeightGradient = {
    .name = "ConvWeightGradient",
    .operands = {{"image"}, {"d"}},
    .attributes = {"over_samples", "over_steps", "stride", "padding", "dilation", "groups",
                   "shape"},  // over none
    .shape_rule = ShapeRule,
    .adjoint = NotDifferentiable,
    .kernel = PLGRAPH_KERNEL(GradientKernel),
    .flops = Flops,
    .internal = true,
};
PLGRAPH_REGISTER_OP(kConvWeightGradient);

}  // namespace
}  // namespace plgraph
