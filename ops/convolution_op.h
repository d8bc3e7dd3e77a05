#ifndef PLGRAPH_OPS_CONVOLUTION_OP_H_
#define PLGRAPH_OPS_CONVOLUTION_OP_H_

#include "graph/ir/kernel_args.h"
#include "graph/ir/node_builder.h"
#include "ops/kernels/convolution.h"
#include "ops/window.h"

// What Conv2D and ConvTranspose2D share. Their operands are x, weight and bias; their attributes begin with those of
// ConvolutionAttribute.
namespace plgraph {

/// The gradient of the weight, summed at once over all samples and steps if they share it: of a convolution from x =
/// image to a result with the gradient d; of a transposed one with the two in each other's place.
Value WeightGradient(GradBuilder& g, Value image, Value d);

/// The gradient of the bias: the sum over each channel of the result.
Value BiasGradient(GradBuilder& g);

/// Of a weight's elements from one channel of the result, or of the image, to the next within a group.
struct WeightStrides {
  std::int64_t of_result;
  std::int64_t of_image;
};

/// The instances of an operand from `instance` on.
template <typename T>
Images<T> ImagesOf(const OperandInstances<T>& x, std::int64_t instance) {
  return {x.Instance(instance), x.instance_stride, x.shape->dim(1), x.shape->dim(2)};
}

/// Calls body(call) with all instances, or with one after the other if each has a weight or bias of its own.
template <typename T, typename Body>
void ForEachWeight(const KernelArgs<T>& args, std::int64_t groups, const WeightStrides& strides,
                   const Body& body) {
  const OperandInstances<T>& x = args.operand(0);
  const OperandInstances<T>& weight = args.operand(1);
  const bool own_bias = args.Has(2) && args.operand(2).instance_stride != 0;
  const std::int64_t count = weight.instance_stride != 0 || own_bias ? 1 : args.instances;
  for (std::int64_t instance = 0; instance < args.instances; instance += count) {
    body(ConvolutionCall<T>{
        .images = ImagesOf(x, instance),
        .weight = {weight.Instance(instance), weight.size() / groups, strides.of_result, strides.of_image,
                   weight.shape->dim(3)},
        .bias = args.Has(2) ? args.operand(2).Instance(instance) : nullptr,
        .result = {args.ResultInstance(instance), args.result_stride, args.shape->dim(1), args.shape->dim(2)},
        .count = count,
        .groups = groups,
        .image_channels = x.shape->dim(0) / groups,
        .result_channels = args.shape->dim(0) / groups});
  }
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_CONVOLUTION_OP_H_
