#ifndef PLGRAPH_TESTS_OPS_OP_ROW_H_
#define PLGRAPH_TESTS_OPS_OP_ROW_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/shape.h"
#include "graph/ir/kernel_args.h"

namespace plgraph {

using Index = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

/// Every place of a shape, row-major.
std::vector<Index> IndicesOf(const Shape& shape);

/// One sample's value of an operand.
struct Array {
  Shape shape;
  Numbers values;

  double At(const Index& index) const;
  /// At a place of a larger shape to which this is repeated by the rules of broadcasting.
  double Repeated(const Index& index) const;
};

/// What a naive forward sees: one sample's operands (an absent one has no values), the attributes, and the shape that
/// the row expects of the result.
struct NaiveArgs {
  std::vector<Array> operands;
  std::vector<AttributeValue> attributes;
  Shape result;

  const Array& operator[](size_t i) const { return operands[i]; }
  bool Has(size_t i) const { return !operands[i].values.empty(); }
  bool HasAttribute(size_t i) const { return !std::holds_alternative<std::monostate>(attributes[i]); }
  double Real(size_t i) const { return std::get<double>(attributes[i]); }
  std::int64_t Integer(size_t i) const { return std::get<std::int64_t>(attributes[i]); }
};

/// An independent, slow definition of an op: double loops that share no code with it.
using Naive = std::function<Numbers(const NaiveArgs& args)>;

/// From where the numbers of an operand are drawn. Those of one row are all different from each other.
struct SampleRange {
  double min = -2;
  double max = 2;
  std::vector<double> kinks = {};  ///< numbers to stay away from, where the gradient jumps
  bool integers = false;           ///< only whole numbers; no gradient is checked
};

/// Operands that the op takes (none for an absent optional operand) and the shape of its result.
struct Example {
  std::vector<std::optional<Shape>> operands;
  std::vector<AttributeValue> attributes = {};
  Shape result = {};
};

/// Operands that the op refuses, and a part of what it says.
struct Refusal {
  std::vector<std::optional<Shape>> operands;
  std::vector<AttributeValue> attributes;
  std::string message;
};

/// What is tested of one op. An op may have several rows.
struct OpRow {
  std::string op;
  std::vector<Example> examples;
  std::vector<Refusal> refusals = {};
  Naive naive;
  std::vector<SampleRange> domains = {};  ///< by operand; the default where there is none
  bool zero_gradient = false;             ///< the op stops gradients
  std::vector<Example> large = {};        ///< enough work in one instance for several threads
};

/// The table of all rows.
const std::vector<OpRow>& OpTable();

std::vector<OpRow> PointwiseRows();
std::vector<OpRow> BroadcastRows();
std::vector<OpRow> ReductionRows();
std::vector<OpRow> LayoutRows();
std::vector<OpRow> LossRows();
std::vector<OpRow> PlasticRows();
std::vector<OpRow> ImageRows();
std::vector<OpRow> VisionRows();

inline AttributeValue Int(std::int64_t value) { return value; }
inline AttributeValue Ints(std::vector<std::int64_t> values) { return values; }
inline AttributeValue Unset() { return std::monostate{}; }

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_OPS_OP_ROW_H_
