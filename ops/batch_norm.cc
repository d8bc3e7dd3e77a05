// BatchNorm (Ioffe and Szegedy 2015, algorithm 1 and 2): y = gain (x - mean) / sqrt(variance + epsilon) + bias, each
// channel by itself. In training the moments are those of all instances and places; elsewhere the running ones, which
// follow them: running = (1 - momentum) running + momentum batch, with the unbiased variance. In the loop over the
// steps a step cannot see those after it: the moments are then those of the step's instances, and the running ones
// follow their mean over the steps. A single number has no variance: it leaves the running moments alone.
#include <fmt/format.h>

#include <limits>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"
#include "ops/shape_rules.h"

namespace plgraph {
namespace {

enum Operand : size_t { kX, kGain, kBias, kMean, kVariance };
enum Attribute : size_t { kEpsilon, kMomentum };

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, kX, "x");
  if (x.rank() != 1 && x.rank() != 3) {
    throw ShapeError(fmt::format("operand \"x\" has shape {}; expected [C] or [C, H, W]", x.ToString()));
  }
  CheckChannelParameter(args, kGain, "gain", x);
  CheckChannelParameter(args, kBias, "bias", x);
  CheckChannelParameter(args, kMean, "mean", x);
  CheckChannelParameter(args, kVariance, "variance", x);
  const double epsilon = std::get<double>(args.attributes[kEpsilon]);
  const double momentum = std::get<double>(args.attributes[kMomentum]);
  if (!(epsilon >= 0)) throw ShapeError(fmt::format("epsilon is {}; it must not be under 0", epsilon));
  if (!(momentum >= 0 && momentum <= 1)) {
    throw ShapeError(fmt::format("momentum is {}; it must be from 0 to 1", momentum));
  }
  return x;
}

class Composer {
 public:
  explicit Composer(OpBuilder& b)
      : b_(b),
        x_(b.Operand(kX)),
        channels_({b.shape(x_).dim(0)}),
        moments_(b.shape(x_).rank() == 1 ? channels_ : Shape({channels_.dim(0), 1, 1})),
        places_(b.shape(x_).NumElements() / channels_.dim(0)),
        over_samples_(b.graph().node(x_).variance.sample),
        over_steps_(b.graph().node(x_).variance.step && !b.InLoop()) {}

  Value Run() {
    const Value batch_mean = MeanOf(x_);
    const Value centered = b_.Sub(x_, Chosen(kMean, batch_mean));
    const Value batch_variance = MeanOf(b_.Square(centered));
    const Value variance = Chosen(kVariance, batch_variance);
    Follow(kMean, batch_mean);
    Follow(kVariance, b_.Mul(batch_variance, BesselFactor()));
    const Value deviation = b_.Apply("Sqrt", {b_.Scale(variance, 1, b_.Real(kEpsilon))});
    const Value scaled =
        b_.Has(kGain) ? b_.Mul(centered, b_.Div(OfChannels(kGain), deviation)) : b_.Div(centered, deviation);
    return b_.Has(kBias) ? b_.Add(scaled, OfChannels(kBias)) : scaled;
  }

 private:
  Value OfChannels(size_t operand) { return b_.Reshape(b_.Operand(operand), moments_); }
  Value Chosen(size_t running, Value batch) { return b_.Apply("WhenTraining", {OfChannels(running), batch}); }

  // How many numbers of a channel the moments are of.
  Value Count() { return b_.Scale(Instances(), static_cast<double>(places_)); }

  Value Instances() { return b_.Apply("CountInstances", {}, {over_samples_, over_steps_}); }

  // Over all places and instances, for each channel.
  Value MeanOf(Value x) {
    const Value of_instance = places_ == 1 ? x : b_.MeanTo(x, moments_);
    return b_.Div(b_.Apply("SumInstances", {of_instance}, {over_samples_, over_steps_}), Instances());
  }

  // n / (n - 1), which nobody reads for n = 1.
  Value BesselFactor() {
    const Value n = Count();
    const double infinity = std::numeric_limits<double>::infinity();
    return b_.Div(n, b_.Apply("Clamp", {b_.Scale(n, 1, -1)}, {1.0, infinity}));
  }

  void Follow(size_t running, Value batch) {
    if (b_.graph().node(batch).variance.step) {
      batch = b_.Div(b_.Apply("SumInstances", {batch}, {false, true}),
                     b_.Apply("CountInstances", {}, {false, true}));
    }
    const double momentum = b_.Real(kMomentum);
    const Value next =
        b_.Add(b_.Scale(b_.Operand(running), 1 - momentum), b_.Scale(b_.Reshape(batch, channels_), momentum));
    const Value others = b_.Scale(Count(), 1, -1);
    b_.Update(b_.Operand(running), b_.Apply("Where", {others, next, b_.Operand(running)}));
  }

  OpBuilder& b_;
  Value x_;
  Shape channels_;
  Shape moments_;  // in the rank of x
  std::int64_t places_;
  bool over_samples_;
  bool over_steps_;
};

const OpDef kBatchNorm = {
    .name = "BatchNorm",
    .operands = {{"x"},
                 {"gain", "*", true},
                 {"bias", "*", true},
                 {.name = "mean", .updated = true},
                 {.name = "variance", .updated = true}},
    .attributes = {"epsilon", "momentum"},
    .shape_rule = ShapeRule,
    .compose = [](OpBuilder& b) { return Composer(b).Run(); },
};
PLGRAPH_REGISTER_OP(kBatchNorm);

}  // namespace
}  // namespace plgraph
