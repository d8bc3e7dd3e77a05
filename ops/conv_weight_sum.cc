// ConvWeightGradient: the gradient of a convolution's weight,
//   sum_{i,j} d[o, i, j] image[c, i s - p + k d, j s - p + l d],  [O, C / groups, KH, KW].
// ConvWeightSum: its sum over samples and steps, for a weight that they all share.
#include "graph/op_registry.h"
#include "ops/convolution_op.h"

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

// Some taps (counted over the channels of a group) and channels of d, of one group.
struct WeightPart {
  std::int64_t group;
  std::int64_t first_tap;
  std::int64_t end_tap;
  std::int64_t first_channel;
  std::int64_t end_channel;
};

// Sums a part of a weight over all places of all images, a tile of places and taps at a time. A place of d meets all
// taps of the image at once: a product of d, as it lies there, and the taps' numbers, a line a place.
template <typename T>
class WeightSum {
 public:
  WeightSum(const KernelArgs<T>& args, std::int64_t row, std::int64_t rows)
      : args_(args), row_(row), rows_(rows) {
    const Convolution convolution = ConvolutionOf(args.attributes.subspan(kConvolution));
    const Shape& d = *args.operand(kD).shape;
    groups_ = convolution.groups;
    grid_ = {{DirectAxis(convolution, 0, d.dim(1), args.shape->dim(2)),
              DirectAxis(convolution, 1, d.dim(2), args.shape->dim(3))}};
  }

  void Add(const WeightPart& part) {
    for (std::int64_t tap = part.first_tap; tap < part.end_tap; tap += kTilePlaces) {
      const std::int64_t end_tap = std::min(part.end_tap, tap + kTilePlaces);
      const std::int64_t places = rows_ * grid_.places();
      for (std::int64_t place = 0; place < places; place += kTilePlaces) {
        ReadTile(part.group, tap, end_tap, place, std::min(places, place + kTilePlaces));
        for (std::int64_t c = part.first_channel; c < part.end_channel; c += kTileChannels) {
          AddTile(part.group, tap, end_tap, c, std::min(part.end_channel, c + kTileChannels));
        }
      }
    }
  }

 private:
  void ReadTile(std::int64_t group, std::int64_t tap, std::int64_t end_tap, std::int64_t place,
                std::int64_t end) {
    const OperandRows<T>& image = args_.operand(kImage);
    const OperandRows<T>& d = args_.operand(kD);
    const std::int64_t plane = image.shape->dim(1) * image.shape->dim(2);
    const Images<T> images = {image.Row(row_) + group * args_.shape->dim(1) * plane,
                              image.Row(row_ + rows_ - 1) + image.size(), image.row_stride,
                              image.shape->dim(1), image.shape->dim(2)};
    const std::int64_t runs = CutIntoRuns(grid_, place, end, runs_);
    TapReader<T>(images, grid_, runs_, runs).Read(tap, end_tap, {taps_, 1, kTileStride});
    places_ = end - place;
    ClearBeyond(taps_, places_, end_tap - tap);
    for (std::int64_t i = 0; i < places_; ++i) {
      d_places_[i] = (place + i) / grid_.places() * d.row_stride + (place + i) % grid_.places();
    }
  }

  void AddTile(std::int64_t group, std::int64_t tap, std::int64_t end_tap, std::int64_t first,
               std::int64_t end) {
    const std::int64_t channel = group * args_.shape->dim(0) / groups_ + first;
    const std::int64_t taps = args_.size() / args_.shape->dim(0);
    std::fill_n(sums_, (end - first) * kTileStride, T{0});
    AddTileProduct<T>({args_.operand(kD).Row(row_) + channel * grid_.places(), grid_.places(), d_places_,
                       taps_, kTileStride, sums_, kTileStride, end - first, places_, end_tap - tap});
    for (std::int64_t c = 0; c < end - first; ++c) {
      T* result = args_.ResultRow(row_) + (channel + c) * taps + tap;
      for (std::int64_t i = 0; i < end_tap - tap; ++i) result[i] += sums_[c * kTileStride + i];
    }
  }

  const KernelArgs<T>& args_;
  std::int64_t row_;
  std::int64_t rows_;
  std::int64_t groups_;
  WindowGrid grid_;
  std::int64_t places_ = 0;
  PlaceRun runs_[kTilePlaces];
  std::int64_t d_places_[kTilePlaces];
  alignas(64) T taps_[kTilePlaces * kTileStride];
  alignas(64) T sums_[kTileChannels * kTileStride];
};

// Threads share groups, or else taps, or else channels: every element is summed by one of them, over all places in
// their order.
template <typename T>
void SumRows(const KernelArgs<T>& args, std::int64_t row, std::int64_t rows) {
  const std::int64_t groups = args.Integer(kConvolution + kGroups);
  const std::int64_t channels = args.shape->dim(0) / groups;
  const std::int64_t taps = args.size() / args.shape->dim(0);
  const std::int64_t places = rows * args.operand(kD).size() / args.operand(kD).shape->dim(0);
  const auto grain = [&](std::int64_t work) {
    return std::max<std::int64_t>(1, kConvolutionGrain / (work * places));
  };
  const int threads = args.threads->size();
  if (groups >= threads) {
    return args.threads->For(groups, grain(channels * taps), 1, [&](std::int64_t begin, std::int64_t end) {
      WeightSum<T> sum(args, row, rows);
      for (std::int64_t group = begin; group < end; ++group) sum.Add({group, 0, taps, 0, channels});
    });
  }
  for (std::int64_t group = 0; group < groups; ++group) {
    if (taps >= kTileLanes * threads) {
      args.threads->For(taps, grain(channels), kTileLanes, [&](std::int64_t begin, std::int64_t end) {
        WeightSum<T>(args, row, rows).Add({group, begin, end, 0, channels});
      });
    } else {
      args.threads->For(channels, grain(taps), 4, [&](std::int64_t begin, std::int64_t end) {
        WeightSum<T>(args, row, rows).Add({group, 0, taps, begin, end});
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
