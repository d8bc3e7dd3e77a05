#ifndef PLGRAPH_OPS_POINTWISE_H_
#define PLGRAPH_OPS_POINTWISE_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "graph/ir/node_builder.h"
#include "graph/ir/op_def.h"
#include "graph/ir/op_registry.h"
#include "ops/elementwise.h"
#include "ops/shape_rules.h"

namespace plgraph {

/// The base of a function from one number to one number. A derived struct has
///   template <typename T> T Value(T x) const;
///   template <typename T> T Derivative(T x, T y) const;    with y = Value(x)
/// and hides those of the following that differ for it. What the derivative reads is kept for all steps, so it should
/// read the result rather than the input where it can choose, and both only if it must.
struct PointwiseFunction {
  static constexpr bool kUsesInput = false;
  static constexpr bool kUsesResult = false;
  static constexpr bool kInternal = false;
  static constexpr Domain kDomain = Domain::kAll;            ///< of Value
  static constexpr Domain kDerivativeDomain = Domain::kAll;  ///< of Derivative, in what it reads
  static constexpr std::int64_t kGrain = kCheapGrain;
  static constexpr std::array<std::string_view, 0> kAttributes{};
  /// Throws ShapeError for attributes that make no sense.
  static void Check(std::span<const AttributeValue>) {}

  explicit PointwiseFunction(std::span<const AttributeValue>) {}
};

template <typename Function>
struct Pointwise {
  template <typename T>
  static void Kernel(const KernelArgs<T>& args) {
    const Function f(args.attributes);
    ForEachElement<T, 1>(args, {args.operand(0)}, Function::kGrain, [&](T x) { return f.Value(x); });
  }

  /// d * f'(x, y). An absent x or y is not read: d stands in its place.
  template <typename T>
  static void GradientKernel(const KernelArgs<T>& args) {
    const Function f(args.attributes);
    const OperandInstances<T>& d = args.operand(0);
    const OperandInstances<T>& x = args.Has(1) ? args.operand(1) : d;
    const OperandInstances<T>& y = args.Has(2) ? args.operand(2) : d;
    ForEachElement<T, 3>(args, {d, x, y}, kCheapGrain,
                         [&](T di, T xi, T yi) { return di * f.Derivative(xi, yi); });
  }

  static Shape ShapeRule(const ShapeArgs& args) {
    Function::Check(args.attributes);
    return ShapeOfOperand(args);
  }

  static Gradients Adjoint(GradBuilder& g) {
    const std::string name(g.graph().node(g.Result()).op->name);
    return {g.Apply(name + "Gradient",
                    {g.OutputGradient(), Function::kUsesInput ? g.Operand(0) : plgraph::Value{},
                     Function::kUsesResult ? g.Result() : plgraph::Value{}},
                    g.attributes())};
  }

  static std::vector<std::string_view> Attributes() {
    return {Function::kAttributes.begin(), Function::kAttributes.end()};
  }

  static OpDef Definition(std::string_view name) {
    return {
        .name = name,
        .operands = {{.name = "x", .domain = Function::kDomain}},
        .attributes = Attributes(),
        .shape_rule = ShapeRule,
        .inplace = {0},
        .adjoint = Adjoint,
        .kernel = PLGRAPH_KERNEL(Kernel),
        .rows = ElementRows,
        .internal = Function::kInternal,
    };
  }

  static OpDef GradientDefinition(std::string_view name) {
    return {
        .name = name,
        .operands = {{"d"},
                     {.name = "x", .optional = true, .domain = Function::kDerivativeDomain},
                     {.name = "y", .optional = true, .domain = Function::kDerivativeDomain}},
        .attributes = Attributes(),
        .shape_rule = ShapeOfOperand,
        .inplace = {0},
        .adjoint = NotDifferentiable,
        .kernel = PLGRAPH_KERNEL(GradientKernel),
        .rows = ElementRows,
        .internal = true,
    };
  }
};

}  // namespace plgraph

/// Registers the op of a pointwise function, under the function's name, and the op of its gradient.
#define PLGRAPH_REGISTER_POINTWISE(Function)                                                  \
  const ::plgraph::OpDef k##Function = ::plgraph::Pointwise<Function>::Definition(#Function); \
  const ::plgraph::OpDef k##Function##Gradient =                                              \
      ::plgraph::Pointwise<Function>::GradientDefinition(#Function "Gradient");               \
  PLGRAPH_REGISTER_OP(k##Function);                                                           \
  PLGRAPH_REGISTER_OP(k##Function##Gradient)

#endif  // PLGRAPH_OPS_POINTWISE_H_
