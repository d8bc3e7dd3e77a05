#ifndef PLGRAPH_CORE_TENSOR_H_
#define PLGRAPH_CORE_TENSOR_H_

#include <utility>
#include <variant>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/vector_alternative.h"

namespace plgraph {

/// An array outside a run: what files hold and what goes in and out of an executor. Owns its numbers,
/// row-major.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Shape shape, std::vector<float> values) : shape_(std::move(shape)), values_(std::move(values)) {}
  Tensor(Shape shape, std::vector<double> values) : shape_(std::move(shape)), values_(std::move(values)) {}

  const Shape& shape() const { return shape_; }
  DType dtype() const {
    return std::holds_alternative<VectorAlternative<float>>(values_) ? DType::kFloat : DType::kDouble;
  }
  /// The numbers as T; must be the tensor's own type.
  template <typename T>
  const std::vector<T>& values() const {
    return std::get<VectorAlternative<T>>(values_);
  }
  /// The numbers converted to T, whatever the tensor's own type.
  template <typename T>
  std::vector<T> As() const {
    return std::visit([](const auto& v) { return std::vector<T>(v.begin(), v.end()); }, values_);
  }

 private:
  Shape shape_;
  std::variant<VectorAlternative<float>, VectorAlternative<double>> values_;
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_TENSOR_H_
