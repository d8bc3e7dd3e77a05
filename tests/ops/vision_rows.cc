// The rows of the ops on images and tables.
#include <cmath>

#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

double ChannelOf(const NaiveArgs& args, size_t operand, const Index& place, double otherwise) {
  return args.Has(operand) ? args[operand].At({place[0]}) : otherwise;
}

// Outside training: by the running moments.
Numbers BatchNormOf(const NaiveArgs& args) {
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    const double normal =
        (args[0].At(place) - args[3].At({place[0]})) / std::sqrt(args[4].At({place[0]}) + args.Real(0));
    result.push_back(normal * ChannelOf(args, 1, place, 1) + ChannelOf(args, 2, place, 0));
  }
  return result;
}

OpRow BatchNorm() {
  const std::vector<AttributeValue> usual = {1e-2, 0.1};
  const auto none = std::nullopt;
  return {
      .op = "BatchNorm",
      .examples = {{{Shape{3}, Shape{3}, Shape{3}, Shape{3}, Shape{3}}, usual, {3}},
                   {{Shape{1}, none, none, Shape{1}, Shape{1}}, usual, {1}},
                   {{Shape{3, 2, 4}, Shape{3}, Shape{3}, Shape{3}, Shape{3}}, usual, {3, 2, 4}},
                   {{Shape{2, 3, 1}, none, Shape{2}, Shape{2}, Shape{2}}, usual, {2, 3, 1}},
                   {{Shape{5, 1, 1}, Shape{5}, none, Shape{5}, Shape{5}}, usual, {5, 1, 1}}},
      .refusals = {{{Shape{3, 2}, none, none, Shape{3}, Shape{3}}, usual, "expected [C] or [C, H, W]"},
                   {{Shape{3}, Shape{2}, none, Shape{3}, Shape{3}}, usual, "operand \"gain\" has shape [2]"},
                   {{Shape{3}, none, none, Shape{}, Shape{3}},
                    usual,
                    "mean must have one number a channel: [3]"},
                   {{Shape{3}, none, none, Shape{3}, Shape{4}}, usual, "operand \"variance\" has shape [4]"},
                   {{Shape{3}, none, none, Shape{3}, Shape{3}}, {-1.0, 0.1}, "epsilon is -1"},
                   {{Shape{3}, none, none, Shape{3}, Shape{3}},
                    {0.1, 1.5},
                    "momentum is 1.5; it must be from 0 to 1"}},
      .naive = BatchNormOf,
      .domains = {{}, {}, {}, {}, {.min = 0.5, .max = 2}},
  };
}

Numbers GroupNormOf(const NaiveArgs& args) {
  const std::int64_t of_group = args.result.dim(0) / args.Integer(0);
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    Numbers group;
    for (const Index& other : IndicesOf(args.result)) {
      if (other[0] / of_group == place[0] / of_group) group.push_back(args[0].At(other));
    }
    double mean = 0;
    double variance = 0;
    for (const double x : group) mean += x / static_cast<double>(group.size());
    for (const double x : group) variance += (x - mean) * (x - mean) / static_cast<double>(group.size());
    const double normal = (args[0].At(place) - mean) / std::sqrt(variance + args.Real(1));
    result.push_back(normal * ChannelOf(args, 1, place, 1) + ChannelOf(args, 2, place, 0));
  }
  return result;
}

OpRow GroupNorm() {
  const auto none = std::nullopt;
  return {
      .op = "GroupNorm",
      .examples = {{{Shape{6}, Shape{6}, Shape{6}}, {Int(2), 1e-2}, {6}},
                   {{Shape{4, 2, 3}, Shape{4}, Shape{4}}, {Int(2), 1e-2}, {4, 2, 3}},
                   {{Shape{3, 2, 2}, none, Shape{3}}, {Int(3), 1e-2}, {3, 2, 2}},
                   {{Shape{5, 3}, Shape{5}, none}, {Int(1), 1e-2}, {5, 3}},
                   {{Shape{2, 1, 1}, none, none}, {Int(2), 1e-2}, {2, 1, 1}}},
      .refusals =
          {{{Shape{6, 2}, none, none}, {Int(4), 1e-5}, "groups is 4; groups must divide the 6 channels"},
           {{Shape{6, 2}, none, none}, {Int(0), 1e-5}, "groups is 0"},
           {{Shape{}, none, none}, {Int(1), 1e-5}, "expected channels first"},
           {{Shape{6, 2}, none, Shape{2}}, {Int(1), 1e-5}, "bias must have one number a channel: [6]"},
           {{Shape{6}, none, none}, {Int(1), -1.0}, "epsilon is -1"}},
      .naive = GroupNormOf,
  };
}

Numbers PadOf(const NaiveArgs& args) {
  const auto& before = std::get<IntegerList>(args.attributes[0]);
  const size_t first = args.result.dims().size() - before.size();
  Numbers result;
  for (Index place : IndicesOf(args.result)) {
    bool inside = true;
    for (size_t i = 0; i < before.size(); ++i) {
      place[first + i] -= before[i];
      inside = inside && place[first + i] >= 0 && place[first + i] < args[0].shape.dims()[first + i];
    }
    result.push_back(inside ? args[0].At(place) : args.Real(2));
  }
  return result;
}

OpRow Pad() {
  return {
      .op = "Pad",
      .examples = {{{Shape{3}}, {Ints({2}), Ints({1}), 0.5}, {6}},
                   {{Shape{2, 3, 4}}, {Ints({1, 2}), Ints({}), 0.0}, {2, 5, 8}},
                   {{Shape{2, 3, 4}}, {Ints({1, 0, 2}), Ints({0, 0, 3}), -1.0}, {3, 3, 9}},
                   {{Shape{1, 1, 1}}, {Ints({0}), Ints({0}), 3.0}, {1, 1, 1}}},
      .refusals = {{{Shape{3}}, {Ints({}), Ints({}), 0.0}, "operand \"x\" has shape [3] but before is []"},
                   {{Shape{3}}, {Ints({1, 1}), Ints({}), 0.0}, "for each of the same last axes of x"},
                   {{Shape{3, 3}}, {Ints({1}), Ints({1, 2}), 0.0}, "before is [1] and behind [1, 2]"},
                   {{Shape{3}}, {Ints({-1}), Ints({}), 0.0}, "at least 0"}},
      .naive = PadOf,
      .large = {{{Shape{4, 101, 103}}, {Ints({1, 2}), Ints({3, 0}), 0.0}, {4, 105, 105}}},
  };
}

Numbers UpsampleOf(const NaiveArgs& args) {
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    result.push_back(args[0].At({place[0], place[1] / args.Integer(0), place[2] / args.Integer(0)}));
  }
  return result;
}

OpRow Upsample() {
  return {
      .op = "Upsample",
      .examples = {{{Shape{1, 1, 1}}, {Int(3)}, {1, 3, 3}},
                   {{Shape{2, 3, 2}}, {Int(2)}, {2, 6, 4}},
                   {{Shape{3, 1, 2}}, {Int(1)}, {3, 1, 2}}},
      .refusals = {{{Shape{2, 3}}, {Int(2)}, "operand \"x\" has shape [2, 3]; expected [C, H, W]"},
                   {{Shape{2, 3, 3}}, {Int(0)}, "factor is 0; it must be at least 1"}},
      .naive = UpsampleOf,
      .large = {{{Shape{3, 51, 47}}, {Int(3)}, {3, 153, 141}}},
  };
}

OpRow Flatten() {
  return {
      .op = "Flatten",
      .examples = {{{Shape{}}, {}, {1}}, {{Shape{5}}, {}, {5}}, {{Shape{2, 3, 4}}, {}, {24}}},
      .refusals = {{{Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}}, {}, "at most 8 axes"}},
      .naive = [](const NaiveArgs& args) { return args[0].values; },
  };
}

Numbers WhereOf(const NaiveArgs& args) {
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    const size_t chosen = args[0].Repeated(place) != 0 ? 1 : 2;
    result.push_back(args.Has(chosen) ? args[chosen].Repeated(place) : 0);
  }
  return result;
}

OpRow Where() {
  return {
      .op = "Where",
      .examples = {{{Shape{5}, Shape{5}, Shape{5}}, {}, {5}},
                   {{Shape{}, Shape{3}, Shape{2, 1}}, {}, {2, 3}},
                   {{Shape{2, 3}, Shape{}, std::nullopt}, {}, {2, 3}},
                   {{Shape{4}, std::nullopt, Shape{2, 4}}, {}, {2, 4}}},
      .refusals = {{{Shape{2}, std::nullopt, std::nullopt}, {}, "neither operand \"a\" nor \"b\" is given"},
                   {{Shape{2}, Shape{3}, Shape{1}},
                    {},
                    "have shapes [2], [3], [1]; aligned at the last axis"}},
      .naive = WhereOf,
      .domains = {{.min = -1, .max = 1, .integers = true}},
      .large = {{{Shape{203, 301}, Shape{203, 301}, Shape{301}}, {}, {203, 301}}},
  };
}

Numbers EmbeddingOf(const NaiveArgs& args) {
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    result.push_back(args[0].At({static_cast<std::int64_t>(args[1].values[0]), place[0]}));
  }
  return result;
}

OpRow Embedding() {
  return {
      .op = "Embedding",
      .examples = {{{Shape{5, 3}, Shape{}}, {}, {3}}, {{Shape{4, 1}, Shape{}}, {}, {1}}},
      .refusals = {{{Shape{5}, Shape{}}, {}, "operand \"table\" has shape [5]"},
                   {{Shape{5, 3}, Shape{1}}, {}, "operand \"index\" has shape [1]"}},
      .naive = EmbeddingOf,
      .domains = {{}, {.min = 0, .max = 3, .integers = true}},
  };
}

OpRow OneHot() {
  return {
      .op = "OneHot",
      .examples = {{{Shape{}}, {Int(4)}, {4}}, {{Shape{}}, {Int(9)}, {9}}},
      .refusals = {{{Shape{2}}, {Int(4)}, "operand \"x\" has shape [2]; expected a scalar"},
                   {{Shape{}}, {Int(0)}, "size is 0; it must be at least 1"}},
      .naive =
          [](const NaiveArgs& args) {
            Numbers result(static_cast<size_t>(args.Integer(0)));
            result[static_cast<size_t>(args[0].values[0])] = 1;
            return result;
          },
      .domains = {{.min = 0, .max = 3, .integers = true}},
  };
}

Numbers PsnrOf(const NaiveArgs& args) {
  double error = 0;
  const size_t size = args[0].values.size();
  for (size_t i = 0; i < size; ++i) {
    error += std::pow(args[0].values[i] - args[1].values[i], 2) / static_cast<double>(size);
  }
  return {10 * std::log10(args.Real(0) * args.Real(0) / error)};
}

OpRow Psnr() {
  return {
      .op = "Psnr",
      .examples = {{{Shape{5}, Shape{5}}, {1.0}, {}},
                   {{Shape{}, Shape{}}, {1.0}, {}},
                   {{Shape{3, 2, 4}, Shape{3, 2, 4}}, {255.0}, {}}},
      .refusals = {{{Shape{3}, Shape{4}}, {1.0}, "they need the same shape"},
                   {{Shape{3}, Shape{3}}, {0.0}, "peak is 0; it must be over 0"}},
      .naive = PsnrOf,
      .domains = {{.min = 0, .max = 1}, {.min = 2, .max = 3}},
  };
}

// The sum over one window of f(x, y), by the Gaussian in two dimensions.
template <typename Function>
double OverWindow(const NaiveArgs& args, Index corner, const Function& function) {
  double sum = 0;
  double weights = 0;
  const size_t last = corner.size() - 1;
  for (std::int64_t i = 0; i < 11; ++i) {
    for (std::int64_t j = 0; j < 11; ++j) {
      Index place = corner;
      place[last - 1] += i;
      place[last] += j;
      const double weight = std::exp(-static_cast<double>((i - 5) * (i - 5) + (j - 5) * (j - 5)) / 4.5);
      weights += weight;
      sum += weight * function(args[0].At(place), args[1].At(place));
    }
  }
  return sum / weights;
}

double SimilarityAt(const NaiveArgs& args, const Index& corner) {
  const double x = OverWindow(args, corner, [](double a, double) { return a; });
  const double y = OverWindow(args, corner, [](double, double b) { return b; });
  const double xx = OverWindow(args, corner, [&](double a, double) { return (a - x) * (a - x); });
  const double yy = OverWindow(args, corner, [&](double, double b) { return (b - y) * (b - y); });
  const double xy = OverWindow(args, corner, [&](double a, double b) { return (a - x) * (b - y); });
  const double c1 = std::pow(0.01 * args.Real(0), 2);
  const double c2 = std::pow(0.03 * args.Real(0), 2);
  return (2 * x * y + c1) * (2 * xy + c2) / ((x * x + y * y + c1) * (xx + yy + c2));
}

Numbers SsimOf(const NaiveArgs& args) {
  std::vector<std::int64_t> corners = args[0].shape.dims();
  for (size_t axis = corners.size() - 2; axis < corners.size(); ++axis) corners[axis] -= 10;
  double sum = 0;
  for (const Index& corner : IndicesOf(Shape(corners))) sum += SimilarityAt(args, corner);
  return {sum / static_cast<double>(Shape(corners).NumElements())};
}

OpRow Ssim() {
  return {
      .op = "Ssim",
      .examples = {{{Shape{11, 11}, Shape{11, 11}}, {4.0}, {}},
                   {{Shape{2, 12, 15}, Shape{2, 12, 15}}, {4.0}, {}},
                   {{Shape{1, 11, 76}, Shape{1, 11, 76}}, {255.0}, {}}},
      .refusals = {{{Shape{10, 20}, Shape{10, 20}}, {1.0}, "of at least 11 x 11 pixels"},
                   {{Shape{400}, Shape{400}}, {1.0}, "expected an image"},
                   {{Shape{11, 12}, Shape{12, 11}}, {1.0}, "they need the same shape"},
                   {{Shape{11, 12}, Shape{11, 12}}, {-1.0}, "peak is -1; it must be over 0"}},
      .naive = SsimOf,
      .zero_gradient = true,
  };
}

}  // namespace

std::vector<OpRow> VisionRows() {
  return {BatchNorm(), GroupNorm(), Pad(),    Upsample(), Flatten(),
          Where(),     Embedding(), OneHot(), Psnr(),     Ssim()};
}

}  // namespace plgraph
