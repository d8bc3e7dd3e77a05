// ConvWeightGradient: the gradient of a convolution's weight,
//   sum_{i,j} d[o, i, j] image[c, i s - p + k d, j s - p + l d],  [O, C / groups, KH, KW].
// ConvWeightSum: its sum over samples and steps, for a weight that they all share.
#include <array>

#include "graph/ir/op_registry.h"
#include "ops/convolution_op.h"
#include "ops/kernels/sum_kernels.h"
#include "ops/kernels/transpose_rows.h"

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
  const Value rows = g.Reshape(g.OutputGradient(), {d.dim(0), d.dim(1) * d.dim(2)});
  return g.Sum(rows, 1);
}

namespace {

Shape ShapeRule(const ShapeArgs& args) { return Shape(std::get<IntegerList>(args.attributes[kShape])); }

constexpr std::int64_t kSumTaps = 192;  // of a tile: its sums stay in the second cache
constexpr std::int64_t kSumStride = kTileChannels + kTileLanes;  // from row to row of a tile of channels

// Sums a part of a group's weight over all places of all images, a tile of taps and channels at a time: a product of
// the image's numbers under the taps, and of d, a row for each place.
template <typename T>
class WeightSum {
 public:
  WeightSum(const KernelArgs<T>& args, std::int64_t instance, std::int64_t instances, std::int64_t group,
            T* sum)
      : args_(args),
        instance_(instance),
        instances_(instances),
        group_(group),
        sum_(sum),
        channels_(args.shape->dim(0) / args.Integer(kConvolution + kGroups)),
        patch_(args.shape->dim(2) * args.shape->dim(3), args.shape->dim(3)) {
    for (std::int64_t i = 0; i < kTilePlaces; ++i) d_rows_[i] = i * kSumStride;
  }

  /// The taps [begin, end) of the grid, counted over the channels of the image.
  void Add(const WindowGrid& grid, std::int64_t begin, std::int64_t end) {
    patch_.Take(grid, instances_);
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
    Images<T> images = ImagesOf(args_.operand(kImage), instance_);
    images.data += group_ * args_.shape->dim(1) * images.plane();
    std::fill_n(totals_, taps * kSumStride, 0.0);
    ForEachBlock(grid, patch_.layout().most(), 0, instances_ * grid.axes[0].places,
                 [&](const PlaceBlock& block) {
                   patch_.Read(images, block);
                   const std::int64_t places = ReadD(block, first, channels);
                   AddTileProduct<T>({.a = patch_.numbers(),
                                      .a_rows = patch_.tap_places(),
                                      .a_terms = places_,
                                      .b = d_,
                                      .b_terms = d_rows_,
                                      .c = sums_,
                                      .c_stride = kSumStride,
                                      .starts = kZeros.data(),
                                      .rows = taps,
                                      .terms = places,
                                      .columns = channels});
                   for (std::int64_t tap = 0; tap < taps; ++tap)
                     AddTo(totals_ + tap * kSumStride, sums_ + tap * kSumStride, channels);
                 });
    const std::int64_t stride = args_.size() / args_.shape->dim(0);
    for (std::int64_t c = 0; c < channels; ++c) {
      T* result = sum_ + (first + c) * stride;
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        result[patch_.weight_places()[tap]] += static_cast<T>(totals_[tap * kSumStride + c]);
      }
    }
  }

  // What whole vectors read of the rows of d behind its channels.
  void ClearBeyond(std::int64_t channels) {
    for (std::int64_t place = 0; place < kTilePlaces; ++place) {
      std::fill(d_ + place * kSumStride + channels, d_ + place * kSumStride + WholeLanes(channels), T{0});
    }
  }

  // Reads the channels of d at the places of a block, a row for each place, and finds these in the patch.
  std::int64_t ReadD(const PlaceBlock& block, std::int64_t first, std::int64_t channels) {
    const OperandInstances<T>& d = args_.operand(kD);
    const std::int64_t width = d.shape->dim(2);
    const std::int64_t plane = d.shape->dim(1) * width;
    std::int64_t place = 0;
    for (std::int64_t image = 0; image < block.images; ++image) {
      const T* planes = d.Instance(instance_ + block.image + image) + first * plane;
      for (std::int64_t row = 0; row < block.rows; ++row) {
        TransposeRows<T>({d_ + place * kSumStride, kSumStride},
                         {planes + (block.row + row) * width + block.column, plane},
                         {channels, block.columns});
        for (std::int64_t column = 0; column < block.columns; ++column, ++place) {
          places_[place] = patch_.layout().Place(image, row, column);
        }
      }
    }
    return place;
  }

  static constexpr std::array<T, kSumTaps> kZeros{};

  const KernelArgs<T>& args_;
  std::int64_t instance_;
  std::int64_t instances_;
  std::int64_t group_;
  T* sum_;
  std::int64_t channels_;  // of d, in a group
  TapPatch<T> patch_;
  std::int64_t places_[kTilePlaces];
  std::int64_t d_rows_[kTilePlaces];
  alignas(64) T d_[kTilePlaces * kSumStride];
  alignas(64) T sums_[kSumTaps * kSumStride];
  alignas(64) double totals_[kSumTaps * kSumStride];
};

// The sum over some instances, added to `sum`.
template <typename T>
class InstanceSum {
 public:
  InstanceSum(const KernelArgs<T>& args, std::int64_t instance, std::int64_t instances, T* sum)
      : args_(args),
        instance_(instance),
        instances_(instances),
        sum_(sum),
        convolution_(ConvolutionOf(args.attributes.subspan(kConvolution))),
        d_shape_(*args.operand(kD).shape),
        grid_({DirectAxis(convolution_, 0, d_shape_.dim(1), args.shape->dim(2)),
               DirectAxis(convolution_, 1, d_shape_.dim(2), args.shape->dim(3))}),
        winograd_(grid_, args.shape->dim(1), ResultChannels()) {}

  /// Of all instances.
  std::int64_t work() const { return args_.size() * instances_ * grid_.places(); }

  /// Threads share channels of d, or groups, or else taps: every element is summed by one of them, over all places in
  /// their order.
  void Add(ThreadPool& threads) {
    if (winograd_.fits()) return AddSquares(threads);
    const GridParts parts(grid_, instances_);
    const bool share_groups = convolution_.groups >= threads.size();
    for (std::int64_t i = 0; i < parts.size(); ++i) {
      const WindowGrid part = parts[i];
      const std::int64_t taps = args_.shape->dim(1) * part.taps();
      if (share_groups) {
        threads.For(convolution_.groups, Grain(taps), 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t group = begin; group < end; ++group) AddTaps(group, part, 0, taps);
        });
        continue;
      }
      for (std::int64_t group = 0; group < convolution_.groups; ++group) {
        threads.For(taps, Grain(1), 4,
                    [&](std::int64_t begin, std::int64_t end) { AddTaps(group, part, begin, end); });
      }
    }
  }

 private:
  std::int64_t ResultChannels() const { return args_.shape->dim(0) / convolution_.groups; }  // of a group

  std::int64_t Grain(std::int64_t taps) const {
    return std::max<std::int64_t>(
        1, kConvolutionGrain / (ResultChannels() * instances_ * grid_.places() * taps));
  }

  void AddTaps(std::int64_t group, const WindowGrid& part, std::int64_t begin, std::int64_t end) {
    WeightSum<T>(args_, instance_, instances_, group, sum_).Add(part, begin, end);
  }

  void AddSquares(ThreadPool& threads) {
    const std::int64_t at_once = winograd_.result_channels();
    const std::int64_t chunks = FirstAtLeast(ResultChannels(), at_once);  // of a group
    const std::int64_t all = convolution_.groups * chunks;
    threads.For(all, std::max<std::int64_t>(1, kConvolutionGrain * all / work()), 1,
                [&](std::int64_t begin, std::int64_t end) {
                  WinogradWeightSum<T> sum(winograd_, args_.shape->dim(1), ResultChannels());
                  for (std::int64_t i = begin; i < end; ++i) AddChunk(i / chunks, i % chunks * at_once, sum);
                });
  }

  void AddChunk(std::int64_t group, std::int64_t first, WinogradWeightSum<T>& sum) {
    Images<T> images = ImagesOf(args_.operand(kImage), instance_);
    Images<T> d = ImagesOf(args_.operand(kD), instance_);
    images.data += group * args_.shape->dim(1) * images.plane();
    d.data += group * ResultChannels() * d.plane();
    sum.Add(images, d, instances_, first, sum_ + group * args_.size() / convolution_.groups);
  }

  const KernelArgs<T>& args_;
  std::int64_t instance_;
  std::int64_t instances_;
  T* sum_;
  Convolution convolution_;
  const Shape& d_shape_;
  WindowGrid grid_;
  WinogradGrid winograd_;
};

// Elements of the sums of all parts of the instances, and how many parts there are at most.
constexpr std::int64_t kPartSums = 64 * 1024;
constexpr std::int64_t kMostParts = 8;

// Many instances are summed in parts, which threads share: each of them reads its images and its d, and nobody else
// does. The parts are the same for any number of threads.
template <typename T>
void SumInParts(const KernelArgs<T>& args, std::int64_t parts) {
  static ThreadPool alone(1);  // within a part
  alignas(64) T sums[kPartSums];
  std::fill_n(sums, parts * args.size(), T{0});
  const std::int64_t work = InstanceSum<T>(args, 0, args.instances, sums).work() / parts;
  args.threads->For(parts, std::max<std::int64_t>(1, kConvolutionGrain / work), 1,
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t part = begin; part < end; ++part) {
                        const std::int64_t instance = part * args.instances / parts;
                        const std::int64_t next = (part + 1) * args.instances / parts;
                        InstanceSum<T>(args, instance, next - instance, sums + part * args.size()).Add(alone);
                      }
                    });
  T* result = args.ResultInstance(0);
  for (std::int64_t part = 0; part < parts; ++part) {
    for (std::int64_t i = 0; i < args.size(); ++i) result[i] += sums[part * args.size() + i];
  }
}

template <typename T>
void SumKernel(const KernelArgs<T>& args) {
  const std::int64_t parts = std::min({args.instances, kMostParts, kPartSums / args.size()});
  if (parts > 1) return SumInParts(args, parts);
  InstanceSum<T>(args, 0, args.instances, args.ResultInstance(0)).Add(*args.threads);
}

template <typename T>
void GradientKernel(const KernelArgs<T>& args) {
  for (std::int64_t instance = 0; instance < args.instances; ++instance) {
    std::fill_n(args.ResultInstance(instance), args.size(), T{0});
    InstanceSum<T>(args, instance, 1, args.ResultInstance(instance)).Add(*args.threads);
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
    .instance_rule = InstanceRule::kSum,
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
