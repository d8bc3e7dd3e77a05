#ifndef PLGRAPH_CORE_SHAPE_H_
#define PLGRAPH_CORE_SHAPE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace plgraph {

/// The extents of one sample's value at one step, outermost first, row-major. Never a batch or a time axis.
/// A scalar has rank 0 and one element.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::vector<std::int64_t>(dims)) {}
  explicit Shape(std::vector<std::int64_t> dims);

  int rank() const { return static_cast<int>(dims_.size()); }
  /// [N, M].
  bool IsMatrix() const { return rank() == 2; }
  /// A matrix of one column: one number for each row of another matrix.
  bool IsColumn() const { return rank() == 2 && dim(1) == 1; }
  std::int64_t dim(int axis) const { return dims_[static_cast<size_t>(axis)]; }
  const std::vector<std::int64_t>& dims() const { return dims_; }
  /// Throws Error(kInvalid) when the product overflows.
  std::int64_t NumElements() const { return num_elements_ >= 0 ? num_elements_ : CheckedNumElements(); }
  /// `[3, 4]`; `[]` for a scalar.
  std::string ToString() const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::int64_t CheckedNumElements() const;

  std::vector<std::int64_t> dims_;
  std::int64_t num_elements_ = 1;  // -1: more than can be counted
};

}  // namespace plgraph

#endif  // PLGRAPH_CORE_SHAPE_H_
