// HebbianTrace: the rules by which a trace follows the activity, each a DecayedOuter (p = pre, q = post):
//   HEBB         H' = (1 - eta) H + eta p q^T           (Miconi, Clune and Stanley 2018, eq. 2)
//   OJA          H' = (1 - eta q^2) H + eta p q^T       (Miconi, Clune and Stanley 2018, eq. 3; Oja 1982)
//   MODULATED    H' = H + m p q^T                       (Miconi et al., Backpropamine, 2019, eq. 3)
//   RETROACTIVE  H' = H + m E                           (Miconi et al., Backpropamine, 2019, eq. 4 and 5)
//   INSTAR       H' = (1 - eta q) H + eta p q^T         (Grossberg 1976, Adaptive pattern classification, part I)
//   ROW_DECAY    H' = diag(d) H + eta p q^T             (Yang et al. 2024, Gated linear attention, eq. 3)
// then, with a clip, limited to [-clip, clip]. Compositions all: the adjoints are those of the parts.
#include <fmt/format.h>

#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_registry.h"

namespace plgraph {
namespace {

enum Operand : size_t { kTrace, kPre, kPost, kRate, kModulation, kEligibility, kDecay };
enum Attribute : size_t { kRule, kClip };
enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive, kInstar, kRowDecay };

constexpr std::string_view kOperandNames[] = {"trace",      "pre",         "post", "rate",
                                              "modulation", "eligibility", "decay"};
constexpr std::string_view kRuleNames[] = {"HEBB", "OJA", "MODULATED", "RETROACTIVE", "INSTAR", "ROW_DECAY"};

// What each rule reads beside the trace.
std::vector<size_t> OperandsOf(std::int64_t rule) {
  switch (rule) {
    case kModulated:
      return {kPre, kPost, kModulation};
    case kRetroactive:
      return {kModulation, kEligibility};
    case kRowDecay:
      return {kPre, kPost, kRate, kDecay};
    default:
      return {kPre, kPost, kRate};
  }
}

void CheckOperands(const ShapeArgs& args, std::int64_t rule) {
  const std::vector<size_t> needed = OperandsOf(rule);
  for (size_t i = kPre; i <= kDecay; ++i) {
    const bool wanted = std::find(needed.begin(), needed.end(), i) != needed.end();
    if (wanted == args.Has(i)) continue;
    std::string reads = "trace";
    for (const size_t operand : needed) reads += fmt::format(", {}", kOperandNames[operand]);
    throw ShapeError(fmt::format("rule {} {} \"{}\"; it reads {}", kRuleNames[rule],
                                 wanted ? "needs the operand" : "does not read the operand", kOperandNames[i],
                                 reads));
  }
}

void CheckFactor(const ShapeArgs& args, size_t i) {
  const Shape& trace = args.operand(kTrace);
  const Shape& factor = args.operand(i);
  if (factor.rank() == 0 || factor == trace || factor == Shape{trace.dim(1)}) return;
  throw ShapeError(fmt::format("operand \"{}\" has shape {} but \"trace\" has {}; a {} is a scalar, {} or {}",
                               kOperandNames[i], factor.ToString(), trace.ToString(), kOperandNames[i],
                               Shape{trace.dim(1)}.ToString(), trace.ToString()));
}

void CheckEqual(const ShapeArgs& args, size_t i, const Shape& expected) {
  if (args.operand(i) == expected) return;
  throw ShapeError(
      fmt::format("operand \"{}\" has shape {} but \"trace\" has {}; trace: N M, pre: N, post: M, "
                  "eligibility: N M, decay: N need the same N and M",
                  kOperandNames[i], args.operand(i).ToString(), args.operand(kTrace).ToString()));
}

Shape ShapeRule(const ShapeArgs& args) {
  const Shape& trace = args.operand(kTrace);
  if (trace.rank() != 2) {
    throw ShapeError(
        fmt::format("operand \"trace\" has shape {}; a trace is a matrix [N, M]", trace.ToString()));
  }
  CheckOperands(args, std::get<std::int64_t>(args.attributes[kRule]));
  if (args.Has(kPre)) CheckEqual(args, kPre, {trace.dim(0)});
  if (args.Has(kPost)) CheckEqual(args, kPost, {trace.dim(1)});
  if (args.Has(kEligibility)) CheckEqual(args, kEligibility, trace);
  if (args.Has(kRate)) CheckFactor(args, kRate);
  if (args.Has(kModulation)) CheckFactor(args, kModulation);
  if (args.Has(kDecay)) CheckEqual(args, kDecay, {trace.dim(0)});
  const double* clip = std::get_if<double>(&args.attributes[kClip]);
  if (clip != nullptr && !(*clip > 0)) {
    throw ShapeError(fmt::format("clip is {}; a limit is over 0 (leave it out for none)", *clip));
  }
  return trace;
}

Value Compose(OpBuilder& b) {
  const auto [trace, pre, post, rate, modulation, eligibility, decay] = b.Operands<7>();
  Value next;
  switch (b.Integer(kRule)) {
    case kHebb:
      next = b.DecayedOuter(trace, b.OneMinus(rate), pre, post, rate);
      break;
    case kOja:  // H + eta q (p - q H)
      next = b.DecayedOuter(trace, b.OneMinus(b.Mul(rate, b.Square(post))), pre, post, rate);
      break;
    case kModulated:
      next = b.DecayedOuter(trace, {}, pre, post, modulation);
      break;
    case kInstar:  // H + eta q (p - H)
      next = b.DecayedOuter(trace, b.OneMinus(b.Mul(rate, post)), pre, post, rate);
      break;
    case kRowDecay:
      next = b.DecayedOuter(trace, b.Reshape(decay, {b.shape(decay).dim(0), 1}), pre, post, rate);
      break;
    default:
      next = b.Add(trace, b.Mul(modulation, eligibility));
  }
  return b.HasAttribute(kClip) ? b.Apply("Clamp", {next}, {-b.Real(kClip), b.Real(kClip)}) : next;
}

const OpDef kHebbianTrace = {
    .name = "HebbianTrace",
    .operands = {{"trace", "N M"},
                 {"pre", "N", true},
                 {"post", "M", true},
                 {"rate", " | M | N M", true},
                 {"modulation", " | M | N M", true},
                 {"eligibility", "N M", true},
                 {"decay", "N", true}},
    .attributes = {"rule", "clip"},
    .shape_rule = ShapeRule,
    .compose = Compose,
};
PLGRAPH_REGISTER_OP(kHebbianTrace);

}  // namespace
}  // namespace plgraph
