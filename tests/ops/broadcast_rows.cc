// The rows of the ops on two values of which one may be repeated, and of what undoes and makes repetition.
#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

using Function = double (*)(double a, double b);

OpRow Row(const std::string& op, Function f, const SampleRange& of_b = {}) {
  OpRow row;
  row.op = op;
  row.examples = {
      {{Shape{}, Shape{}}, {}, {}},
      {{Shape{5}, Shape{5}}, {}, {5}},
      {{Shape{5}, Shape{}}, {}, {5}},
      {{Shape{}, Shape{3, 2}}, {}, {3, 2}},
      {{Shape{1}, Shape{4}}, {}, {4}},
      {{Shape{3, 7}, Shape{7}}, {}, {3, 7}},
      {{Shape{7}, Shape{3, 7}}, {}, {3, 7}},
      {{Shape{3, 7}, Shape{3, 1}}, {}, {3, 7}},
      {{Shape{3, 1}, Shape{1, 7}}, {}, {3, 7}},
      {{Shape{2, 3, 4}, Shape{3, 1}}, {}, {2, 3, 4}},
      {{Shape{2, 1, 3}, Shape{5, 1}}, {}, {2, 5, 3}},
      {{Shape{1, 1}, Shape{1}}, {}, {1, 1}},
      {{Shape{2, 1, 2, 1, 2, 1, 2, 1}, Shape{2, 1, 2, 1, 2, 1, 2}}, {}, {2, 2, 2, 2, 2, 2, 2, 2}},
  };
  row.refusals = {
      {{Shape{3}, Shape{4}}, {}, "operand \"a\" has shape [3] but \"b\" has [4]; aligned at the last axis"},
      {{Shape{3, 2}, Shape{3}}, {}, "operand \"a\" has shape [3, 2] but \"b\" has [3]"},
      {{Shape{2, 3, 4}, Shape{2, 1}}, {}, "extents must be equal, or one of them 1 or missing"},
      {{Shape{}, Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}},
       {},
       "operand \"b\" has shape [1, 1, 1, 1, 1, 1, 1, 1, 1]"},
  };
  row.naive = [f](const NaiveArgs& args) {
    Numbers result;
    for (const Index& i : IndicesOf(args.result))
      result.push_back(f(args[0].Repeated(i), args[1].Repeated(i)));
    return result;
  };
  row.domains = {{}, of_b};
  row.large = {
      {{Shape{40009}, Shape{40009}}, {}, {40009}},     {{Shape{}, Shape{40009}}, {}, {40009}},
      {{Shape{401, 101}, Shape{101}}, {}, {401, 101}}, {{Shape{401, 1}, Shape{401, 101}}, {}, {401, 101}},
      {{Shape{3, 1}, Shape{20011}}, {}, {3, 20011}},
  };
  return row;
}

OpRow SumTo() {
  OpRow row;
  row.op = "SumTo";
  for (const auto& [from, to] : std::vector<std::pair<Shape, Shape>>{{{5}, {}},
                                                                     {{5}, {1}},
                                                                     {{5}, {5}},
                                                                     {{3, 7}, {7}},
                                                                     {{3, 7}, {3, 1}},
                                                                     {{3, 7}, {1, 1}},
                                                                     {{2, 3, 4}, {3, 1}},
                                                                     {{2, 3, 4}, {2, 1, 4}},
                                                                     {{2, 3, 4}, {1, 4}},
                                                                     {{1, 1}, {}},
                                                                     {{2, 35}, {2, 1}}}) {
    row.examples.push_back({{from}, {Ints(to.dims())}, to});
  }
  row.refusals = {{{Shape{3, 7}}, {Ints({3})}, "operand \"x\" has shape [3, 7] but shape is [3]"},
                  {{Shape{7}}, {Ints({3, 7})}, "must give the shape of x"}};
  row.naive = [](const NaiveArgs& args) {
    Numbers result;
    for (const Index& out : IndicesOf(args.result)) {
      double sum = 0;
      for (const Index& in : IndicesOf(args[0].shape)) {
        bool falls_there = true;
        for (size_t back = 1; back <= out.size(); ++back) {
          const bool summed = args.result.dims()[out.size() - back] == 1;
          falls_there = falls_there && (summed || in[in.size() - back] == out[out.size() - back]);
        }
        if (falls_there) sum += args[0].At(in);
      }
      result.push_back(sum);
    }
    return result;
  };
  return row;
}

OpRow Expand() {
  OpRow row;
  row.op = "Expand";
  for (const auto& [from, to] : std::vector<std::pair<Shape, Shape>>{
           {{}, {5}}, {{1}, {5}}, {{5}, {5}}, {{7}, {3, 7}}, {{3, 1}, {3, 7}}, {{3, 1}, {2, 3, 4}}}) {
    row.examples.push_back({{from}, {Ints(to.dims())}, to});
  }
  row.large = {{{Shape{}}, {Ints({40009})}, {40009}}, {{Shape{101}}, {Ints({401, 101})}, {401, 101}}};
  row.refusals = {{{Shape{3}}, {Ints({4})}, "operand \"x\" has shape [3] but shape is [4]"}};
  row.naive = [](const NaiveArgs& args) {
    Numbers result;
    for (const Index& i : IndicesOf(args.result)) result.push_back(args[0].Repeated(i));
    return result;
  };
  return row;
}

}  // namespace

std::vector<OpRow> BroadcastRows() {
  return {
      Row("Add", [](double a, double b) { return a + b; }),
      Row("Sub", [](double a, double b) { return a - b; }),
      Row("Mul", [](double a, double b) { return a * b; }),
      Row("Div", [](double a, double b) { return a / b; }, {.min = 0.5, .max = 3}),
      SumTo(),
      Expand(),
  };
}

}  // namespace plgraph
