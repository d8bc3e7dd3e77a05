// The rows of the ops on images: convolutions and pooling.
#include <algorithm>
#include <functional>

#include "tests/ops/op_row.h"

namespace plgraph {
namespace {

// One number of an attribute for both axes, two, or none.
std::int64_t Along(const NaiveArgs& args, size_t attribute, size_t axis, std::int64_t fallback) {
  const auto& numbers = std::get<IntegerList>(args.attributes[attribute]);
  if (numbers.empty()) return fallback;
  return numbers[numbers.size() == 1 ? 0 : axis];
}

// A place of the kernel lies on a place of the large image (what a convolution reads, what a transposed one writes) for
// a place of the small one.
struct Meeting {
  std::int64_t large;
  std::int64_t small;
  std::int64_t tap;
};
std::vector<Meeting> MeetingsAlong(const NaiveArgs& args, size_t axis, std::int64_t large,
                                   std::int64_t small) {
  std::vector<Meeting> meetings;
  for (std::int64_t i = 0; i < small; ++i) {
    for (std::int64_t tap = 0; tap < args[1].shape.dims()[axis + 2]; ++tap) {
      const std::int64_t at =
          i * Along(args, 0, axis, 1) - Along(args, 1, axis, 0) + tap * Along(args, 2, axis, 1);
      if (at >= 0 && at < large) meetings.push_back({at, i, tap});
    }
  }
  return meetings;
}

Numbers ConvolutionOf(const NaiveArgs& args, bool transposed) {
  const Shape& x = args[0].shape;
  const Shape& weight = args[1].shape;
  const Shape& y = args.result;
  const Shape& large = transposed ? y : x;
  const Shape& small = transposed ? x : y;
  const std::int64_t small_part = small.dim(0) / args.Integer(3);  // channels of a group
  Numbers result(static_cast<size_t>(y.NumElements()));
  for (size_t i = 0; i < result.size() && args.Has(2); ++i) {
    result[i] = args[2].values[i / static_cast<size_t>(y.dim(1) * y.dim(2))];
  }
  for (std::int64_t s = 0; s < small.dim(0); ++s) {
    for (std::int64_t k = 0; k < weight.dim(1); ++k) {
      const std::int64_t l = s / small_part * weight.dim(1) + k;
      for (const Meeting& down : MeetingsAlong(args, 0, large.dim(1), small.dim(1))) {
        for (const Meeting& along : MeetingsAlong(args, 1, large.dim(2), small.dim(2))) {
          const Index large_place = {l, down.large, along.large};
          const Index small_place = {s, down.small, along.small};
          const Index& to = transposed ? large_place : small_place;
          result[static_cast<size_t>((to[0] * y.dim(1) + to[1]) * y.dim(2) + to[2])] +=
              args[0].At(transposed ? small_place : large_place) * args[1].At({s, k, down.tap, along.tap});
        }
      }
    }
  }
  return result;
}

std::vector<AttributeValue> Attributes(std::vector<std::int64_t> stride, std::vector<std::int64_t> padding,
                                       std::vector<std::int64_t> dilation, std::int64_t groups) {
  return {Ints(std::move(stride)), Ints(std::move(padding)), Ints(std::move(dilation)), Int(groups)};
}

OpRow Conv2D() {
  const auto plain = Attributes({}, {}, {}, 1);
  const auto strided = Attributes({2}, {1}, {}, 1);
  return {
      .op = "Conv2D",
      .examples = {{{Shape{1, 3, 3}, Shape{1, 1, 3, 3}, std::nullopt}, plain, {1, 1, 1}},
                   {{Shape{2, 4, 5}, Shape{3, 2, 2, 3}, Shape{3}}, plain, {3, 3, 3}},
                   {{Shape{1, 6, 6}, Shape{5, 1, 3, 3}, Shape{5}}, strided, {5, 3, 3}},
                   {{Shape{2, 5, 7}, Shape{2, 2, 3, 2}, std::nullopt},
                    Attributes({3, 2}, {1, 0}, {1, 2}, 1),
                    {2, 2, 3}},
                   {{Shape{4, 3, 3}, Shape{6, 2, 2, 2}, Shape{6}}, Attributes({}, {1}, {}, 2), {6, 4, 4}},
                   {{Shape{3, 1, 1}, Shape{2, 3, 1, 1}, Shape{2}}, Attributes({3}, {}, {}, 1), {2, 1, 1}},
                   {{Shape{2, 9, 12}, Shape{2, 2, 2, 2}, Shape{2}},
                    Attributes({7, 6}, {1}, {3, 5}, 1),
                    {2, 2, 2}}},
      .refusals =
          {{{Shape{3, 3}, Shape{1, 1, 3, 3}, std::nullopt},
            plain,
            "operand \"x\" has shape [3, 3]; it must be an image [C, H, W]"},
           {{Shape{1, 3, 3}, Shape{1, 3, 3}, std::nullopt},
            plain,
            "operand \"weight\" has shape [1, 3, 3]; it must be [O, C / groups, KH, KW]"},
           {{Shape{3, 5, 5}, Shape{4, 2, 3, 3}, std::nullopt},
            plain,
            "operand \"x\" has shape [3, 5, 5] but \"weight\" has [4, 2, 3, 3] and groups is 1"},
           {{Shape{4, 5, 5}, Shape{3, 2, 3, 3}, std::nullopt},
            Attributes({}, {}, {}, 2),
            "groups must divide C and O"},
           {{Shape{1, 5, 5}, Shape{4, 1, 3, 3}, Shape{1}},
            plain,
            "operand \"bias\" has shape [1]; it must be [4], one number for each channel of the result"},
           {{Shape{1, 4, 9}, Shape{1, 1, 3, 3}, std::nullopt},
            Attributes({}, {0, 1}, {3, 1}, 1),
            "a kernel that covers 7 places does not fit into an axis of 4 with 0 places of padding"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            Attributes({0}, {}, {}, 1),
            "stride is 0; it must be at least 1"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            Attributes({1}, {-1}, {}, 1),
            "padding is -1; it must be at least 0"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            Attributes({1}, {}, {1, 0}, 1),
            "dilation is 0; it must be at least 1"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            Attributes({1, 1, 1}, {}, {}, 1),
            "stride has 3 numbers; it takes one for both axes, or two"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            Attributes({}, {}, {}, 0),
            "groups is 0; it must be at least 1"}},
      .naive = [](const NaiveArgs& args) { return ConvolutionOf(args, false); },
      .large =
          {{{Shape{16, 14, 13}, Shape{24, 16, 3, 3}, Shape{24}}, strided, {24, 7, 7}},
           {{Shape{67, 9, 9}, Shape{70, 67, 2, 2}, std::nullopt}, plain, {70, 8, 8}},
           // Rows in parts; channels in parts; a kernel of which no patch holds the taps; windows a patch cannot
           // hold, so tap by tap; a stride by which each tap has a phase of its own.
           {{Shape{2, 3, 530}, Shape{3, 2, 2, 3}, Shape{3}}, Attributes({}, {1}, {}, 1), {3, 4, 530}},
           {{Shape{150, 15, 15}, Shape{5, 150, 3, 3}, Shape{5}}, Attributes({}, {1}, {}, 1), {5, 15, 15}},
           {{Shape{2, 30, 29}, Shape{3, 2, 25, 24}, std::nullopt}, plain, {3, 6, 6}},
           {{Shape{1, 203, 277}, Shape{2, 1, 3, 2}, Shape{2}}, Attributes({}, {}, {100, 270}, 1), {2, 3, 7}},
           {{Shape{4, 40, 41}, Shape{6, 2, 3, 3}, Shape{6}}, Attributes({5}, {1}, {1, 2}, 2), {6, 8, 8}},
           // Winograd's: half squares at the ends and channels beside the vectors; groups; rows, and channels of the
           // result, in parts; channels of the image as many as fit, and one more.
           {{Shape{17, 14, 13}, Shape{35, 17, 3, 3}, Shape{35}}, Attributes({}, {1}, {}, 1), {35, 14, 13}},
           {{Shape{32, 7, 20}, Shape{32, 16, 3, 3}, std::nullopt},
            Attributes({}, {0, 2}, {}, 2),
            {32, 5, 22}},
           {{Shape{16, 4, 150}, Shape{70, 16, 3, 3}, std::nullopt}, Attributes({}, {1}, {}, 1), {70, 4, 150}},
           {{Shape{128, 6, 5}, Shape{20, 128, 3, 3}, Shape{20}}, Attributes({}, {1}, {}, 1), {20, 6, 5}},
           {{Shape{129, 6, 5}, Shape{20, 129, 3, 3}, Shape{20}}, Attributes({}, {1}, {}, 1), {20, 6, 5}}},
  };
}

std::vector<AttributeValue> With(std::vector<AttributeValue> attributes,
                                 std::vector<std::int64_t> output_padding) {
  attributes.push_back(Ints(std::move(output_padding)));
  return attributes;
}

OpRow ConvTranspose2D() {
  const auto plain = With(Attributes({}, {}, {}, 1), {});
  const auto strided = Attributes({2}, {1}, {}, 1);
  return {
      .op = "ConvTranspose2D",
      .examples = {{{Shape{1, 1, 1}, Shape{1, 1, 3, 3}, std::nullopt}, plain, {1, 3, 3}},
                   {{Shape{2, 2, 3}, Shape{2, 3, 2, 3}, Shape{3}}, plain, {3, 3, 5}},
                   {{Shape{3, 3, 3}, Shape{3, 1, 3, 3}, Shape{1}}, With(strided, {1}), {1, 6, 6}},
                   {{Shape{2, 2, 3}, Shape{2, 2, 3, 2}, std::nullopt},
                    With(Attributes({3, 2}, {1, 0}, {1, 2}, 1), {2, 0}),
                    {2, 6, 7}},
                   {{Shape{4, 3, 3}, Shape{4, 3, 2, 2}, Shape{6}},
                    With(Attributes({}, {1}, {}, 2), {}),
                    {6, 2, 2}},
                   {{Shape{1, 2, 2}, Shape{1, 1, 2, 2}, Shape{1}},
                    With(Attributes({1, 4}, {}, {3, 1}, 1), {2, 1}),
                    {1, 7, 7}},
                   // Places that no window reaches; taps that share the same places.
                   {{Shape{2, 3, 4}, Shape{2, 3, 2, 3}, Shape{3}},
                    With(Attributes({7, 5}, {1, 0}, {1, 2}, 1), {3, 1}),
                    {3, 17, 21}},
                   {{Shape{1, 3, 2}, Shape{1, 1, 3, 3}, std::nullopt},
                    With(Attributes({4}, {}, {2, 4}, 1), {}),
                    {1, 13, 13}}},
      .refusals =
          {{{Shape{3}, Shape{1, 1, 3, 3}, std::nullopt},
            plain,
            "operand \"x\" has shape [3]; it must be an image"},
           {{Shape{1, 3, 3}, Shape{1, 3}, std::nullopt},
            plain,
            "operand \"weight\" has shape [1, 3]; it must be [C, O / groups, KH, KW]"},
           {{Shape{2, 5, 5}, Shape{3, 2, 3, 3}, std::nullopt},
            plain,
            "operand \"x\" has shape [2, 5, 5] but \"weight\" has [3, 2, 3, 3] and groups is 1"},
           {{Shape{3, 5, 5}, Shape{3, 2, 3, 3}, std::nullopt},
            With(Attributes({}, {}, {}, 2), {}),
            "groups must divide C and O"},
           {{Shape{1, 5, 5}, Shape{1, 4, 3, 3}, Shape{1}},
            plain,
            "operand \"bias\" has shape [1]; it must be [4]"},
           {{Shape{1, 1, 5}, Shape{1, 1, 3, 3}, std::nullopt},
            With(Attributes({}, {2, 0}, {}, 1), {}),
            "padding is 2, which leaves nothing of the 3 places that the kernel covers along an axis of 1"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            With(strided, {2}),
            "output_padding is 2; it must be under 2, the larger of stride and dilation"},
           {{Shape{1, 4, 4}, Shape{1, 1, 3, 3}, std::nullopt},
            With(strided, {-1}),
            "output_padding is -1; it must be at least 0"}},
      .naive = [](const NaiveArgs& args) { return ConvolutionOf(args, true); },
      .large = {{{Shape{24, 7, 7}, Shape{24, 16, 3, 3}, Shape{16}}, With(strided, {1, 0}), {16, 14, 13}},
                {{Shape{2, 2, 270}, Shape{2, 3, 2, 3}, Shape{3}},
                 With(Attributes({2, 1}, {1}, {}, 1), {}),
                 {3, 2, 270}},
                {{Shape{2, 3, 2}, Shape{2, 2, 2, 3}, Shape{2}},
                 With(Attributes({1, 2}, {}, {261, 3}, 1), {}),
                 {2, 264, 9}},
                // Winograd's.
                {{Shape{33, 9, 8}, Shape{33, 16, 3, 3}, Shape{16}}, plain, {16, 11, 10}},
                {{Shape{32, 6, 7}, Shape{32, 18, 3, 3}, Shape{36}},
                 With(Attributes({}, {1, 2}, {}, 2), {}),
                 {36, 6, 5}}},
  };
}

// Joins the elements that each window sees.
Numbers Pooled(const NaiveArgs& args, const std::function<double(const Numbers&)>& join) {
  Numbers result;
  for (const Index& place : IndicesOf(args.result)) {
    Numbers seen;
    for (const Index& tap : IndicesOf({Along(args, 0, 0, 0), Along(args, 0, 1, 0)})) {
      Index at = place;
      bool inside = true;
      for (size_t axis = 0; axis < 2; ++axis) {
        at[axis + 1] = place[axis + 1] * Along(args, 1, axis, Along(args, 0, axis, 0)) -
                       Along(args, 2, axis, 0) + tap[axis];
        inside = inside && at[axis + 1] >= 0 && at[axis + 1] < args[0].shape.dims()[axis + 1];
      }
      if (inside) seen.push_back(args[0].At(at));
    }
    result.push_back(join(seen));
  }
  return result;
}

double MeanOf(const Numbers& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum / static_cast<double>(numbers.size());
}

OpRow Pool(const std::string& op, const std::function<double(const Numbers&)>& join) {
  return {
      .op = op,
      .examples = {{{Shape{2, 4, 6}}, {Ints({2}), Ints({}), Ints({})}, {2, 2, 3}},
                   {{Shape{1, 5, 5}}, {Ints({3}), Ints({2}), Ints({1})}, {1, 3, 3}},
                   {{Shape{3, 4, 7}}, {Ints({2, 3}), Ints({1, 4}), Ints({1, 0})}, {3, 5, 2}},
                   {{Shape{2, 1, 1}}, {Ints({1}), Ints({3}), Ints({})}, {2, 1, 1}}},
      .refusals = {{{Shape{4, 4}},
                    {Ints({2}), Ints({}), Ints({})},
                    "operand \"x\" has shape [4, 4]; it must be an image"},
                   {{Shape{1, 4, 4}}, {Ints({}), Ints({}), Ints({})}, "kernel is not given"},
                   {{Shape{1, 4, 4}}, {Ints({0}), Ints({}), Ints({})}, "kernel is 0; it must be at least 1"},
                   {{Shape{1, 4, 4}},
                    {Ints({3}), Ints({1}), Ints({2})},
                    "padding is 2 but kernel 3; padding must be at most half of the kernel"},
                   {{Shape{1, 4, 4}},
                    {Ints({2, 5}), Ints({1}), Ints({})},
                    "a kernel that covers 5 places does not fit into an axis of 4"}},
      .naive = [join](const NaiveArgs& args) { return Pooled(args, join); },
      .large = {{{Shape{24, 31, 29}}, {Ints({3}), Ints({2}), Ints({1})}, {24, 16, 15}},
                {{Shape{3, 31, 201}}, {Ints({2}), Ints({}), Ints({})}, {3, 15, 100}},
                {{Shape{2, 9, 140}}, {Ints({3, 2}), Ints({1}), Ints({1})}, {2, 9, 141}}},
  };
}

OpRow GlobalAvgPool() {
  return {
      .op = "GlobalAvgPool",
      .examples = {{{Shape{3, 4, 5}}, {}, {3}}, {{Shape{1, 1, 1}}, {}, {1}}},
      .refusals = {{{Shape{3}}, {}, "operand \"x\" has shape [3]; it must be an image [C, H, W]"}},
      .naive =
          [](const NaiveArgs& args) {
            Numbers result;
            const auto plane = args[0].shape.dim(1) * args[0].shape.dim(2);
            for (auto at = args[0].values.begin(); at != args[0].values.end(); at += plane) {
              result.push_back(MeanOf({at, at + plane}));
            }
            return result;
          },
  };
}

}  // namespace

std::vector<OpRow> ImageRows() {
  return {Conv2D(), ConvTranspose2D(),
          Pool("MaxPool2D", [](const Numbers& x) { return *std::max_element(x.begin(), x.end()); }),
          Pool("AvgPool2D", MeanOf), GlobalAvgPool()};
}

}  // namespace plgraph
