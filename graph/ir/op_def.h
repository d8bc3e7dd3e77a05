#ifndef PLGRAPH_GRAPH_IR_OP_DEF_H_
#define PLGRAPH_GRAPH_IR_OP_DEF_H_

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/shape.h"
#include "graph/ir/kernel_args.h"

namespace plgraph {

class OpBuilder;
class GradBuilder;

/// A value inside a graph that is being built: the result of a node. Default: no value.
struct Value {
  std::int32_t id = -1;
  explicit operator bool() const { return id >= 0; }
  friend bool operator==(Value, Value) = default;
};

/// What an adjoint returns: one gradient for each operand, in order; no value where there is none.
using Gradients = std::vector<Value>;

/// Thrown by a shape rule; the message says which operands disagree: `operand "x" has shape [3] but ...`.
/// The caller adds the place and the name of the node.
class ShapeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a shape rule sees: one node's operand shapes (null for an absent optional operand) and attributes.
struct ShapeArgs {
  std::span<const Shape* const> operands;
  std::span<const AttributeValue> attributes;

  bool Has(size_t i) const { return i < operands.size() && operands[i] != nullptr; }
  const Shape& operand(size_t i) const { return *operands[i]; }
};

/// The numbers for which a function is finite, overflow apart.
enum class Domain { kAll, kPositive, kNotNegative, kNotZero };

/// One operand of an op. `shape` is a pattern: letters separated by spaces, one for each axis, "" for a scalar;
/// equal letters must have equal extents across operands and result, "1" is an extent of 1; alternatives are
/// separated by " | ", and the first that fits is taken. "*" accepts any shape.
struct OperandDef {
  std::string_view name;
  std::string_view shape = "*";
  bool optional = false;
  bool repeated = false;  ///< takes any number of values from one on; only as the sole operand
  /// A parameter that is not trained but follows what training sees (OpBuilder::Update), for one node alone.
  bool updated = false;
  /// No gradient flows to it, by definition (a condition, an index): whatever it was made of is held constant.
  bool held = false;
  Domain domain = Domain::kAll;  ///< outside of it the result is not finite
  /// Of an operand that, where it is a scalar, is the number of a class or of a row: whole, from 0 on, and less
  /// than this.
  std::int64_t (*index_below)(const ShapeArgs& args) = nullptr;
};

/// How the instances of the result (an instance is one sample at one step) come from those of the operands.
enum class InstanceRule {
  kMap,  ///< instance by instance: the result exists for each instance for which any operand does
  kSum,  ///< the kernel adds its instances into a result that the executor clears before: a sum over the samples
         ///< and steps that the attributes over_samples and over_steps name
  kLastStep,   ///< the instance of the last step
  kFirstStep,  ///< the instance of the first step
  kBroadcast,  ///< instance by instance, and repeated for every sample and step that these attributes name
};

/// How an op goes over the rows (the first axis) of matrices.
struct RowUse {
  enum Result {
    kNone,  ///< not row by row
    kEach,  ///< a row of the result comes from one row of each operand that has rows
    kSum,   ///< the result is the sum of what each row gives
  };
  Result result = kNone;
  std::vector<bool> operands = {};  ///< whether operand i is there and has rows; the others are needed whole
};

/// All that the compiler knows of an op. One constant of this type stands in each ops/<op>.cc.
struct OpDef {
  std::string_view name;
  std::vector<OperandDef> operands;
  /// The fields of the op's message that are not operands, in the order in which kernels index them.
  std::vector<std::string_view> attributes = {};
  /// The result's pattern in the letters of the operands. Unused if there is a shape_rule.
  std::string_view result = "";
  /// Where letters cannot say it. Throws ShapeError.
  Shape (*shape_rule)(const ShapeArgs& args) = nullptr;
  /// Operands whose memory the result may take over; the planner decides by liveness. The kernel must then
  /// read each element of such an operand before it writes the same element of the result.
  std::vector<int> inplace = {};
  /// Builds the gradients as nodes. NotDifferentiable for an op whose gradient is zero everywhere.
  Gradients (*adjoint)(GradBuilder& g) = nullptr;
  /// In place of adjoint and kernel: the op is a composition of others, built by this function before
  /// autodiff.
  Value (*compose)(OpBuilder& b) = nullptr;
  Kernel kernel = {};
  /// Floating-point operations for one instance; null: one for each element of the result.
  std::int64_t (*flops)(const ShapeArgs& args, const Shape& result) = nullptr;
  InstanceRule instance_rule = InstanceRule::kMap;
  /// How its kernel may be called for some of the rows; null: only for all.
  RowUse (*rows)(const ShapeArgs& args, const Shape& result) = nullptr;
  /// Operands that it reads at other steps than its own too, so that they are kept for all steps.
  std::vector<size_t> history = {};
  /// The operand, a state, that it reads as it was at the last step, up to its own, that is a multiple of its
  /// attribute snapshot_every (0: as it is at its own step). -1: none.
  int snapshot = -1;
  /// Draws random numbers: two nodes with the same operands are not the same value.
  bool random = false;
  /// Outside training the op is its first operand (Dropout).
  bool training_only = false;
  /// Made by the compiler only; a model file cannot name it.
  bool internal = false;
};

/// The adjoint of an op whose gradient is zero everywhere.
Gradients NotDifferentiable(GradBuilder& g);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_OP_DEF_H_
