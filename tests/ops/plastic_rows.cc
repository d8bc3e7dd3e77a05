// The rows of the plastic ops, and of the products of vectors and matrices.
#include <algorithm>

#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

enum Rule : std::int64_t { kHebb, kOja, kModulated, kRetroactive, kInstar, kRowDecay };

// A factor of a matrix at (i, j): a scalar, one per column, or one per element.
double FactorAt(const Array& factor, std::int64_t i, std::int64_t j) { return factor.Repeated({i, j}); }

OpRow MatMul() {
  return {
      .op = "MatMul",
      .examples = {{{Shape{1}, Shape{1, 1}}, {}, {1}},
                   {{Shape{3}, Shape{3, 7}}, {}, {7}},
                   {{Shape{3, 7}, Shape{7}}, {}, {3}},
                   {{Shape{1, 7}, Shape{7}}, {}, {1}},
                   {{Shape{2, 3}, Shape{3, 5}}, {}, {2, 5}},
                   {{Shape{1, 3}, Shape{3, 1}}, {}, {1, 1}},
                   {{Shape{37}, Shape{37, 19}}, {}, {19}}},
      .refusals = {{{Shape{3}, Shape{4, 3}}, {}, "operand \"a\" has shape [3] but \"b\" has [4, 3]"},
                   {{Shape{3}, Shape{3}}, {}, "for two vectors take dot or outer"},
                   {{Shape{}, Shape{3}}, {}, "operand \"a\" has shape []"},
                   {{Shape{2, 3, 4}, Shape{4, 2}}, {}, "operand \"a\" has shape [2, 3, 4]"}},
      .naive =
          [](const NaiveArgs& args) {
            const bool vector_first = args[0].shape.rank() == 1;
            const bool vector_last = args[1].shape.rank() == 1;
            Numbers result;
            for (const Index& place : IndicesOf(args.result)) {
              double sum = 0;
              for (std::int64_t k = 0; k < args[1].shape.dim(0); ++k) {
                const double a = vector_first ? args[0].At({k}) : args[0].At({place[0], k});
                sum += a * (vector_last ? args[1].At({k}) : args[1].At({k, place.back()}));
              }
              result.push_back(sum);
            }
            return result;
          },
      .large = {{{Shape{203}, Shape{203, 401}}, {}, {401}}, {{Shape{203, 401}, Shape{401}}, {}, {203}}},
  };
}

OpRow Outer() {
  return {
      .op = "Outer",
      .examples = {{{Shape{1}, Shape{1}}, {}, {1, 1}}, {{Shape{3}, Shape{7}}, {}, {3, 7}}},
      .refusals = {{{Shape{3, 1}, Shape{7}}, {}, "operand \"a\" has shape [3, 1]"}},
      .naive =
          [](const NaiveArgs& args) {
            Numbers result;
            for (const Index& i : IndicesOf(args.result))
              result.push_back(args[0].At({i[0]}) * args[1].At({i[1]}));
            return result;
          },
      .large = {{{Shape{203}, Shape{401}}, {}, {203, 401}}},
  };
}

OpRow PlasticMatMul() {
  return {
      .op = "PlasticMatMul",
      .examples = {{{Shape{3}, Shape{3, 7}, Shape{3, 7}, Shape{3, 7}}, {}, {7}},
                   {{Shape{3}, Shape{3, 7}, Shape{7}, Shape{3, 7}}, {}, {7}},
                   {{Shape{3}, Shape{3, 7}, Shape{}, Shape{3, 7}}, {}, {7}},
                   {{Shape{1}, Shape{1, 1}, Shape{1, 1}, Shape{1, 1}}, {}, {1}},
                   {{Shape{5}, Shape{5, 5}, Shape{5, 5}, Shape{5, 5}}, {}, {5}},
                   {{Shape{19}, Shape{19, 37}, Shape{19, 37}, Shape{19, 37}}, {}, {37}}},
      .refusals = {{{Shape{4}, Shape{3, 7}, Shape{}, Shape{3, 7}}, {}, "operand \"weight\" has shape [3, 7]"},
                   {{Shape{3}, Shape{3, 7}, Shape{3}, Shape{3, 7}},
                    {},
                    "operand \"plasticity\" has shape [3]"},
                   {{Shape{3}, Shape{3, 7}, Shape{}, Shape{7, 3}}, {}, "operand \"trace\" has shape [7, 3]"}},
      .naive =
          [](const NaiveArgs& args) {
            Numbers result;
            for (std::int64_t j = 0; j < args.result.dim(0); ++j) {
              double sum = 0;
              for (std::int64_t i = 0; i < args[0].shape.dim(0); ++i) {
                sum += args[0].At({i}) * (args[1].At({i, j}) + FactorAt(args[2], i, j) * args[3].At({i, j}));
              }
              result.push_back(sum);
            }
            return result;
          },
      .large = {{{Shape{203}, Shape{203, 401}, Shape{203, 401}, Shape{203, 401}}, {}, {401}}},
  };
}

double NextTrace(const NaiveArgs& args, std::int64_t i, std::int64_t j) {
  const double h = args[0].At({i, j});
  switch (args.Integer(0)) {
    case kHebb: {
      const double eta = FactorAt(args[3], i, j);
      return (1 - eta) * h + eta * args[1].At({i}) * args[2].At({j});
    }
    case kOja: {
      const double q = args[2].At({j});
      return h + FactorAt(args[3], i, j) * q * (args[1].At({i}) - q * h);
    }
    case kInstar:
      return h + FactorAt(args[3], i, j) * args[2].At({j}) * (args[1].At({i}) - h);
    case kRowDecay:
      return args[6].At({i}) * h + FactorAt(args[3], i, j) * args[1].At({i}) * args[2].At({j});
    case kModulated:
      return h + FactorAt(args[4], i, j) * args[1].At({i}) * args[2].At({j});
    default:
      return h + FactorAt(args[4], i, j) * args[5].At({i, j});
  }
}

OpRow HebbianTrace(Rule rule, const AttributeValue& clip) {
  const bool modulated = rule == kModulated || rule == kRetroactive;
  const SampleRange rate = {.min = 0.05, .max = 0.6};
  OpRow row = {.op = "HebbianTrace", .examples = {}, .naive = {}, .domains = {{}, {}, {}, rate}};
  for (const Shape& trace : {Shape{3, 5}, Shape{1, 1}, Shape{4, 4}}) {
    for (const Shape& factor : {Shape{}, Shape{trace.dim(1)}, trace}) {
      std::vector<std::optional<Shape>> operands(6);
      operands[0] = trace;
      if (rule != kRetroactive) operands[1] = Shape{trace.dim(0)};
      if (rule != kRetroactive) operands[2] = Shape{trace.dim(1)};
      operands[modulated ? 4 : 3] = factor;
      if (rule == kRetroactive) operands[5] = trace;
      if (rule == kRowDecay) operands.emplace_back(Shape{trace.dim(0)});
      row.examples.push_back({operands, {Int(rule), clip}, trace});
    }
  }
  row.naive = [](const NaiveArgs& args) {
    const double limit = args.HasAttribute(1) ? args.Real(1) : 1e9;
    Numbers result;
    for (const Index& place : IndicesOf(args.result)) {
      result.push_back(std::clamp(NextTrace(args, place[0], place[1]), -limit, limit));
    }
    return result;
  };
  return row;
}

OpRow HebbianTraceRefusals() {
  using Operands = std::vector<std::optional<Shape>>;
  const Shape h = {3, 5};
  const auto no = std::nullopt;
  OpRow row = HebbianTrace(kHebb, Unset());
  row.refusals = {
      {Operands{Shape{5}, Shape{3}, Shape{5}, Shape{}, no, no},
       {Int(kHebb), Unset()},
       "\"trace\" has shape [5]"},
      {Operands{h, Shape{5}, Shape{5}, Shape{}, no, no},
       {Int(kHebb), Unset()},
       "operand \"pre\" has shape [5]"},
      {Operands{h, Shape{3}, Shape{3}, Shape{}, no, no},
       {Int(kOja), Unset()},
       "operand \"post\" has shape [3]"},
      {Operands{h, Shape{3}, Shape{5}, Shape{3}, no, no},
       {Int(kHebb), Unset()},
       "operand \"rate\" has shape [3]"},
      {Operands{h, Shape{3}, Shape{5}, no, no, no},
       {Int(kHebb), Unset()},
       "rule HEBB needs the operand \"rate\""},
      {Operands{h, Shape{3}, Shape{5}, Shape{}, no, no},
       {Int(kModulated), Unset()},
       "rule MODULATED does not read the operand \"rate\""},
      {Operands{h, no, no, no, Shape{}, Shape{5, 3}},
       {Int(kRetroactive), Unset()},
       "operand \"eligibility\" has shape [5, 3]"},
      {Operands{h, Shape{3}, Shape{5}, Shape{}, no, no, Shape{5}},
       {Int(kRowDecay), Unset()},
       "operand \"decay\" has shape [5]"},
      {Operands{h, Shape{3}, Shape{5}, Shape{}, no, no}, {Int(kHebb), -1.0}, "clip is -1"},
  };
  return row;
}

}  // namespace

std::vector<OpRow> PlasticRows() {
  return {
      MatMul(),
      Outer(),
      PlasticMatMul(),
      HebbianTraceRefusals(),
      HebbianTrace(kHebb, 0.6),
      HebbianTrace(kOja, Unset()),
      HebbianTrace(kModulated, Unset()),
      HebbianTrace(kModulated, 1.0),
      HebbianTrace(kRetroactive, Unset()),
      HebbianTrace(kRetroactive, 1.0),
      HebbianTrace(kInstar, Unset()),
      HebbianTrace(kRowDecay, Unset()),
  };
}

}  // namespace plgraph
