// The rows of the ops that put elements into another place.
#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

Numbers ConcatOf(const NaiveArgs& args) {
  const std::int64_t rank = args.result.rank();
  const auto axis = static_cast<size_t>((args.Integer(0) + rank) % rank);
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    Index own = place;
    size_t input = 0;
    while (own[axis] >= args[input].shape.dims()[axis]) own[axis] -= args[input++].shape.dims()[axis];
    result.push_back(args[input].At(own));
  }
  return result;
}

OpRow Concat() {
  return {
      .op = "Concat",
      .examples = {{{Shape{3}}, {Int(0)}, {3}},
                   {{Shape{1}, Shape{4}, Shape{2}}, {Int(0)}, {7}},
                   {{Shape{2, 3}, Shape{1, 3}}, {Int(0)}, {3, 3}},
                   {{Shape{2, 3}, Shape{2, 1}}, {Int(1)}, {2, 4}},
                   {{Shape{2, 3}, Shape{2, 1}}, {Int(-1)}, {2, 4}},
                   {{Shape{2, 3, 2}, Shape{2, 1, 2}, Shape{2, 2, 2}}, {Int(1)}, {2, 6, 2}}},
      .refusals = {{{Shape{2, 3}, Shape{2, 4}},
                    {Int(0)},
                    "operand \"inputs[1]\" has shape [2, 4] but \"inputs[0]\" has [2, 3]; all axes but axis "
                    "0 must be equal"},
                   {{Shape{2}, Shape{2, 1}}, {Int(0)}, "operand \"inputs[1]\" has shape [2, 1]"},
                   {{Shape{}, Shape{}}, {Int(0)}, "a scalar has no axis"},
                   {{Shape{2}, Shape{2}}, {Int(1)}, "operand \"inputs[0]\" has shape [2] but axis is 1"}},
      .naive = ConcatOf,
      .large = {{{Shape{401, 50}, Shape{401, 51}}, {Int(1)}, {401, 101}}},
  };
}

Numbers SliceOf(const NaiveArgs& args) {
  const std::int64_t rank = args.result.rank();
  Numbers result;
  for (Index place : IndicesOf(args.result)) {
    place[static_cast<size_t>((args.Integer(0) + rank) % rank)] += args.Integer(1);
    result.push_back(args[0].At(place));
  }
  return result;
}

OpRow Slice() {
  return {
      .op = "Slice",
      .examples = {{{Shape{7}}, {Int(0), Int(2), Int(3)}, {3}},
                   {{Shape{7}}, {Int(0), Int(0), Int(7)}, {7}},
                   {{Shape{7}}, {Int(-1), Int(6), Int(1)}, {1}},
                   {{Shape{4, 3}}, {Int(0), Int(1), Int(2)}, {2, 3}},
                   {{Shape{4, 3}}, {Int(1), Int(1), Int(2)}, {4, 2}},
                   {{Shape{2, 5, 3}}, {Int(1), Int(0), Int(4)}, {2, 4, 3}},
                   {{Shape{2, 5, 3}}, {Int(-2), Int(4), Int(1)}, {2, 1, 3}}},
      .refusals = {{{Shape{7}},
                    {Int(0), Int(5), Int(3)},
                    "operand \"x\" has shape [7] but begin is 5 and size 3"},
                   {{Shape{7}}, {Int(0), Int(0), Int(0)}, "at least one place, all of them from 0 to 6"},
                   {{Shape{7}}, {Int(0), Int(-1), Int(2)}, "begin is -1"},
                   {{Shape{7}}, {Int(0), Int(1), Int(INT64_MAX)}, "begin is 1 and size 9223372036854775807"},
                   {{Shape{7}}, {Int(1), Int(0), Int(1)}, "axis must be from -1 to 0"},
                   {{Shape{}}, {Int(0), Int(0), Int(1)}, "a scalar has no axis"}},
      .naive = SliceOf,
      .large = {{{Shape{401, 203}}, {Int(1), Int(50), Int(101)}, {401, 101}}},
  };
}

OpRow Reshape() {
  OpRow row;
  row.op = "Reshape";
  for (const auto& [from, to] : std::vector<std::pair<Shape, Shape>>{
           {{}, {1, 1}}, {{1}, {}}, {{6}, {2, 3}}, {{2, 3}, {3, 2}}, {{7, 1}, {7}}, {{2, 3, 4}, {24}}}) {
    row.examples.push_back({{from}, {Ints(to.dims())}, to});
  }
  row.refusals = {
      {{Shape{7}}, {Ints({2, 3})}, "operand \"x\" has shape [7], of 7 elements, but shape is [2, 3], of 6"},
      {{Shape{6}}, {Ints({-2, -3})}, "shape is [-2, -3]; every extent must be at least 1"},
      {{Shape{1}}, {Ints({1, 1, 1, 1, 1, 1, 1, 1, 1})}, "at most 8 axes"},
  };
  row.naive = [](const NaiveArgs& args) { return args[0].values; };
  row.large = {{{Shape{401, 101}}, {Ints({40501})}, {40501}}};
  return row;
}

Numbers TransposeOf(const NaiveArgs& args) {
  const auto& order = std::get<IntegerList>(args.attributes[0]);
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    Index source(place.size());
    for (size_t i = 0; i < place.size(); ++i) {
      source[order.empty() ? place.size() - 1 - i : static_cast<size_t>(order[i])] = place[i];
    }
    result.push_back(args[0].At(source));
  }
  return result;
}

OpRow Transpose() {
  return {
      .op = "Transpose",
      .examples = {{{Shape{}}, {Ints({})}, {}},
                   {{Shape{5}}, {Ints({})}, {5}},
                   {{Shape{1, 5}}, {Ints({})}, {5, 1}},
                   {{Shape{3, 5}}, {Ints({})}, {5, 3}},
                   {{Shape{3, 5}}, {Ints({0, 1})}, {3, 5}},
                   {{Shape{2, 3, 4}}, {Ints({})}, {4, 3, 2}},
                   {{Shape{2, 3, 4}}, {Ints({1, 2, 0})}, {3, 4, 2}},
                   {{Shape{2, 3, 4}}, {Ints({1, 0, 2})}, {3, 2, 4}},
                   {{Shape{2, 3, 2, 3}}, {Ints({2, 0, 3, 1})}, {2, 2, 3, 3}}},
      .refusals = {{{Shape{3, 5}},
                    {Ints({0, 0})},
                    "order is [0, 0]; order must name each axis from 0 to 1 once"},
                   {{Shape{3, 5}}, {Ints({0})}, "operand \"x\" has shape [3, 5] but order is [0]"},
                   {{Shape{3, 5}}, {Ints({1, -1})}, "order is [1, -1]"},
                   {{Shape{3}}, {Ints({1})}, "order must name each axis"}},
      .naive = TransposeOf,
      .large = {{{Shape{203, 401}}, {Ints({})}, {401, 203}},
                {{Shape{67, 31, 37}}, {Ints({2, 0, 1})}, {37, 67, 31}},
                {{Shape{67, 31, 37}}, {Ints({1, 0, 2})}, {31, 67, 37}},
                {{Shape{5, 101, 103}}, {Ints({0, 2, 1})}, {5, 103, 101}}},
  };
}

}  // namespace

std::vector<OpRow> LayoutRows() { return {Concat(), Slice(), Reshape(), Transpose()}; }

}  // namespace plgraph
