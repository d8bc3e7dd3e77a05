#include "ops/shape_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/strided_loop.h"

namespace plgraph {

const Shape& CheckedShape(const ShapeArgs& args, size_t operand, std::string_view name) {
  const Shape& shape = args.operand(operand);
  if (shape.rank() > kMaxRank) {
    throw ShapeError(fmt::format("operand \"{}\" has shape {}; at most {} axes are possible", name,
                                 shape.ToString(), kMaxRank));
  }
  return shape;
}

int CheckedAxis(const ShapeArgs& args, size_t attribute, const Shape& x, std::string_view name) {
  const std::int64_t axis = std::get<std::int64_t>(args.attributes[attribute]);
  const int rank = x.rank();
  if (axis >= -rank && axis < rank) return static_cast<int>(axis < 0 ? axis + rank : axis);
  const std::string range =
      rank == 0 ? "a scalar has no axis" : fmt::format("axis must be from {} to {}", -rank, rank - 1);
  throw ShapeError(
      fmt::format("operand \"{}\" has shape {} but axis is {}; {}", name, x.ToString(), axis, range));
}

void CheckEqualShapes(const ShapeArgs& args, std::string_view name_a, std::string_view name_b) {
  const Shape& a = CheckedShape(args, 0, name_a);
  const Shape& b = CheckedShape(args, 1, name_b);
  if (a != b) {
    throw ShapeError(fmt::format("operand \"{}\" has shape {} but \"{}\" has {}; they need the same shape",
                                 name_a, a.ToString(), name_b, b.ToString()));
  }
}

void CheckChannelParameter(const ShapeArgs& args, size_t operand, std::string_view name, const Shape& x) {
  const Shape channels = {x.dim(0)};
  if (!args.Has(operand) || args.operand(operand) == channels) return;
  throw ShapeError(
      fmt::format("operand \"{}\" has shape {} but \"x\" has {}; {} must have one number a channel: {}", name,
                  args.operand(operand).ToString(), x.ToString(), name, channels.ToString()));
}

void CheckPeak(double peak) {
  if (!(peak > 0)) throw ShapeError(fmt::format("peak is {}; it must be over 0", peak));
}

Shape ShapeOfOperand(const ShapeArgs& args) { return CheckedShape(args, 0, "x"); }

Shape BroadcastShape(const ShapeArgs& args) {
  const Shape& a = CheckedShape(args, 0, "a");
  const Shape& b = CheckedShape(args, 1, "b");
  std::vector<std::int64_t> dims(static_cast<size_t>(std::max(a.rank(), b.rank())), 1);
  for (const Shape* shape : {&a, &b}) {
    const size_t missing = dims.size() - shape->dims().size();
    for (size_t axis = 0; axis < shape->dims().size(); ++axis) {
      std::int64_t& dim = dims[axis + missing];
      if (dim == 1) dim = shape->dims()[axis];
    }
  }
  Shape result(std::move(dims));
  if (!CanRepeat(a, result) || !CanRepeat(b, result)) {
    throw ShapeError(
        fmt::format("operand \"a\" has shape {} but \"b\" has {}; aligned at the last axis, extents must be "
                    "equal, or one "
                    "of them 1 or missing",
                    a.ToString(), b.ToString()));
  }
  return result;
}

Shape ScalarOfPrediction(const ShapeArgs& args) {
  CheckEqualShapes(args, "prediction", "target");
  return {};
}

Shape WithoutAxis(const ShapeArgs& args) {
  const Shape& x = CheckedShape(args, 0, "x");
  if (std::holds_alternative<std::monostate>(args.attributes[0])) return {};
  std::vector<std::int64_t> dims = x.dims();
  dims.erase(dims.begin() + CheckedAxis(args, 0, x));
  return Shape(std::move(dims));
}

Shape ShapeFromAttribute(const ShapeArgs& args) {
  Shape shape(std::get<IntegerList>(args.attributes[0]));
  if (shape.rank() > kMaxRank) {
    throw ShapeError(fmt::format("shape is {}; at most {} axes are possible", shape.ToString(), kMaxRank));
  }
  return shape;
}

bool CanRepeat(const Shape& shape, const Shape& to) {
  const int missing = to.rank() - shape.rank();
  if (missing < 0) return false;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape.dim(axis) != 1 && shape.dim(axis) != to.dim(axis + missing)) return false;
  }
  return true;
}

Shape KeepAxis(const Shape& shape, int axis) { return WithAxis(shape, axis, 1); }

Shape WithAxis(const Shape& shape, int axis, std::int64_t size) {
  std::vector<std::int64_t> dims = shape.dims();
  dims[static_cast<size_t>(axis)] = size;
  return Shape(std::move(dims));
}

std::int64_t RowsOfFirst(const ShapeArgs& args) { return args.operand(0).dim(0); }

bool IsMatrix(const ShapeArgs& args, size_t operand) {
  return args.Has(operand) && args.operand(operand).rank() == 2;
}

RowUse ElementRows(const ShapeArgs& args, const Shape& result) {
  if (result.rank() != 2) return {};
  RowUse use{.result = RowUse::kEach};
  for (size_t i = 0; i < args.operands.size(); ++i) {
    use.operands.push_back(IsMatrix(args, i) && args.operand(i).dim(0) == result.dim(0));
  }
  return use;
}

std::int64_t NoFlops(const ShapeArgs&, const Shape&) { return 0; }

std::int64_t OneFlopAnOperandElement(const ShapeArgs& args, const Shape&) {
  return args.operand(0).NumElements();
}

}  // namespace plgraph
