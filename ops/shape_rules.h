#ifndef PLGRAPH_OPS_SHAPE_RULES_H_
#define PLGRAPH_OPS_SHAPE_RULES_H_

#include <string_view>

#include "graph/ir/op_def.h"

namespace plgraph {

/// The shape of an operand, named for messages. Throws ShapeError when it has more than kMaxRank axes.
const Shape& CheckedShape(const ShapeArgs& args, size_t operand, std::string_view name);

/// The axis that an attribute names, counted from the end when negative. Throws ShapeError when the operand `name`,
/// of shape x, has no such axis.
int CheckedAxis(const ShapeArgs& args, size_t attribute, const Shape& x, std::string_view name = "x");

/// Refuses operands 0 and 1 of different shapes.
void CheckEqualShapes(const ShapeArgs& args, std::string_view name_a, std::string_view name_b);

/// Refuses a parameter of normalisation, if it is there, that has not one number for each channel, the first axis
/// of x.
void CheckChannelParameter(const ShapeArgs& args, size_t operand, std::string_view name, const Shape& x);

/// Refuses a range of the data that is not over 0.
void CheckPeak(double peak);

/// Shape rule: that of the first operand, "x".
Shape ShapeOfOperand(const ShapeArgs& args);

/// Shape rule: "a" and "b" aligned at their last axis; an axis of 1, or a missing one, is repeated.
Shape BroadcastShape(const ShapeArgs& args);

/// Shape rule: "prediction" and "target" of one shape give a scalar.
Shape ScalarOfPrediction(const ShapeArgs& args);

/// Shape rule: "x" without the axis that the first attribute names, or a scalar when it is unset.
Shape WithoutAxis(const ShapeArgs& args);

/// Shape rule of Reshape and of the compiler's ops with a result shape: the first attribute.
Shape ShapeFromAttribute(const ShapeArgs& args);

/// Whether `shape` can be repeated to `to` by the rules of broadcasting.
bool CanRepeat(const Shape& shape, const Shape& to);

/// The shape with an axis reduced to 1, so that what was summed along it can be repeated along it.
Shape KeepAxis(const Shape& shape, int axis);

/// The shape with another extent of an axis.
Shape WithAxis(const Shape& shape, int axis, std::int64_t size);

/// OperandDef::index_below: the rows, or the elements, of the first operand.
std::int64_t RowsOfFirst(const ShapeArgs& args);

/// Whether an operand is there and is a matrix.
bool IsMatrix(const ShapeArgs& args, size_t operand);

/// OpDef::rows of an op that works element by element, with broadcasting.
RowUse ElementRows(const ShapeArgs& args, const Shape& result);

/// OpDef::flops of an op that computes nothing, and of one that reads each element of its first operand once.
std::int64_t NoFlops(const ShapeArgs& args, const Shape& result);
std::int64_t OneFlopAnOperandElement(const ShapeArgs& args, const Shape& result);

}  // namespace plgraph

#endif  // PLGRAPH_OPS_SHAPE_RULES_H_
