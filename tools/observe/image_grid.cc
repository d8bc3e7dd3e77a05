#include "tools/observe/image_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"

namespace plgraph {
namespace {

// Pixels of the longer side that a cell has at least about.
constexpr std::int64_t kCellSide = 128;
constexpr std::int64_t kGap = 4;
constexpr std::uint8_t kGapColor[] = {74, 96, 132};
constexpr std::uint8_t kNoNumberColor[] = {255, 0, 255};

struct CellShape {
  std::int64_t channels = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;

  std::int64_t size() const { return channels * height * width; }
  std::int64_t factor() const { return std::max<std::int64_t>(1, kCellSide / std::max(height, width)); }
};

std::optional<CellShape> CellShapeOf(const Shape& shape) {
  if (shape.NumElements() == 0) return std::nullopt;
  if (shape.rank() == 3 && (shape.dim(0) == 1 || shape.dim(0) == 3))
    return CellShape{shape.dim(0), shape.dim(1), shape.dim(2)};
  if (shape.rank() == 2) return CellShape{1, shape.dim(0), shape.dim(1)};
  if (shape.rank() != 1) return std::nullopt;
  const std::int64_t side = std::llround(std::sqrt(static_cast<double>(shape.dim(0))));
  if (side * side != shape.dim(0)) return std::nullopt;
  return CellShape{1, side, side};
}

// One column, ready to be drawn.
struct Column {
  CellShape shape;
  std::vector<float> values;
  std::int64_t first = 0;   // the first number of sample 0
  std::int64_t stride = 0;  // from sample to sample
  std::int64_t samples = 1;
};

Column MakeColumn(const GridColumn& column, const RunResult& result, std::string_view option) {
  const std::vector<std::int64_t>& dims = result.tensor.shape().dims();
  const size_t lead = (result.variance.sample ? 1U : 0U) + (result.variance.step ? 1U : 0U);
  const std::int64_t steps = result.variance.step ? dims[lead - 1] : 1;
  const std::int64_t step = column.step.value_or(steps - 1);
  if (step >= steps) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{} {}@{}: there is no such step; the value has {}, numbered from 0", option,
                            column.value, step, steps == 1 ? "1 step" : fmt::format("{} steps", steps)));
  }
  const std::optional<CellShape> shape = CellShapeOf(
      Shape(std::vector<std::int64_t>(dims.begin() + static_cast<std::ptrdiff_t>(lead), dims.end())));
  PLGRAPH_CHECK(shape.has_value(), "the columns of the grid were not checked");
  return {.shape = *shape,
          .values = result.tensor.As<float>(),
          .first = step * shape->size(),
          .stride = result.variance.sample ? steps * shape->size() : 0,
          .samples = result.variance.sample ? dims[0] : 1};
}

class Canvas {
 public:
  Canvas(std::int64_t width, std::int64_t height) {
    image_ = {.width = width, .height = height};
    for (std::int64_t pixel = 0; pixel < width * height; ++pixel)
      image_.bytes.insert(image_.bytes.end(), std::begin(kGapColor), std::end(kGapColor));
  }
  std::uint8_t* Pixel(std::int64_t x, std::int64_t y) {
    return &image_.bytes[static_cast<size_t>((y * image_.width + x) * 3)];
  }
  RgbImage Take() { return std::move(image_); }

 private:
  RgbImage image_;
};

void DrawCell(const GridSpec& spec, const Column& column, std::int64_t sample, std::int64_t left,
              std::int64_t top, Canvas& canvas) {
  const CellShape& shape = column.shape;
  const std::int64_t factor = shape.factor();
  const float* numbers = column.values.data() + column.first + sample * column.stride;
  for (std::int64_t y = 0; y < shape.height * factor; ++y) {
    for (std::int64_t x = 0; x < shape.width * factor; ++x) {
      std::uint8_t* pixel = canvas.Pixel(left + x, top + y);
      for (std::int64_t color = 0; color < 3; ++color) {
        const std::int64_t channel = shape.channels == 3 ? color : 0;
        const double number = numbers[(channel * shape.height + y / factor) * shape.width + x / factor];
        const double share = std::clamp((number - spec.low) / (spec.high - spec.low), 0.0, 1.0);
        pixel[color] =
            std::isnan(number) ? kNoNumberColor[color] : static_cast<std::uint8_t>(std::lround(share * 255));
      }
    }
  }
}

}  // namespace

std::vector<GridColumn> ParseGridColumns(const std::string& text, std::string_view option) {
  std::vector<GridColumn> columns;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const size_t at = part.rfind('@');
    GridColumn column = {.value = part.substr(0, at)};
    bool sound = !column.value.empty();
    if (at != std::string::npos) {
      std::int64_t step = -1;
      const char* last = part.data() + part.size();
      const auto [stop, fault] = std::from_chars(part.data() + at + 1, last, step);
      sound = sound && fault == std::errc() && stop == last && step >= 0;
      column.step = step;
    }
    if (!sound) {
      throw Error(
          ErrorKind::kInvalid,
          fmt::format("{} {}: expected values with commas between them, each with its step if that is "
                      "not the last one, e.g. cue@0,cue,y_next; found \"{}\"",
                      option, text, part));
    }
    columns.push_back(std::move(column));
    begin = end + 1;
  }
  return columns;
}

std::string TextOf(const std::vector<GridColumn>& columns) {
  std::string text;
  for (const GridColumn& column : columns) {
    text += (text.empty() ? "" : ",") + column.value;
    if (column.step) text += fmt::format("@{}", *column.step);
  }
  return text;
}

std::vector<std::string> ValuesOf(const std::vector<GridColumn>& columns) {
  std::vector<std::string> values;
  for (const GridColumn& column : columns) {
    if (std::find(values.begin(), values.end(), column.value) == values.end()) values.push_back(column.value);
  }
  return values;
}

void CheckGrid(const LoadedModel& loaded, const std::vector<GridColumn>& columns, std::string_view option) {
  for (const GridColumn& column : columns) {
    const Shape& shape = loaded.graph.node(FindOutput(loaded, column.value, option)).shape;
    if (CellShapeOf(shape)) continue;
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{} {}: its shape {} is not an image; an image is [H, W], [1, H, W], [3, H, W], or a "
                    "vector whose size is a square",
                    option, column.value, shape.ToString()));
  }
}

void CheckGridRange(double low, double high) {
  if (std::isfinite(low) && std::isfinite(high) && low < high) return;
  throw Error(
      ErrorKind::kInvalid,
      fmt::format("--grid-range {},{}: expected two finite numbers, the smaller one first", low, high));
}

RgbImage DrawGrid(const GridSpec& spec, const std::vector<RunResult>& results, std::string_view option) {
  std::vector<Column> columns;
  std::int64_t samples = 1;
  std::int64_t row_height = 0;
  std::int64_t width = kGap;
  for (const GridColumn& column : spec.columns) {
    const auto result = std::find_if(results.begin(), results.end(),
                                     [&](const RunResult& r) { return r.name == column.value; });
    PLGRAPH_CHECK(result != results.end(), "no result for a column of the grid");
    columns.push_back(MakeColumn(column, *result, option));
    const CellShape& shape = columns.back().shape;
    samples = std::max(samples, columns.back().samples);
    row_height = std::max(row_height, shape.height * shape.factor());
    width += shape.width * shape.factor() + kGap;
  }
  Canvas canvas(width, kGap + samples * (row_height + kGap));
  std::int64_t left = kGap;
  for (const Column& column : columns) {
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      DrawCell(spec, column, sample, left, kGap + sample * (row_height + kGap), canvas);
    }
    left += column.shape.width * column.shape.factor() + kGap;
  }
  return canvas.Take();
}

}  // namespace plgraph
