#ifndef PLGRAPH_OPS_KERNELS_FACTOR_H_
#define PLGRAPH_OPS_KERNELS_FACTOR_H_

#include <cstdint>

#include "graph/kernel_args.h"

namespace plgraph {

/// One line of a factor of an [N, M] matrix that is a scalar, one number a column, or one an element.
/// At(j) is the factor of column j; the three forms are types, so that inner loops know them.
template <typename T>
struct ScalarFactor {
  T value;
  T At(std::int64_t) const { return value; }
};
template <typename T>
struct LineFactor {
  const T* line;
  T At(std::int64_t column) const { return line[column]; }
};

/// The shapes a factor of an [N, M] matrix may have.
enum class FactorForm { kOne, kScalar, kColumns, kElements };

/// A factor of an [N, M] matrix, row by row; absent: 1.
template <typename T>
class Factor {
 public:
  Factor(const OperandRows<T>& operand, std::int64_t columns) : operand_(operand), columns_(columns) {
    if (!operand) {
      form_ = FactorForm::kOne;
    } else {
      form_ = operand.shape->rank() == 0   ? FactorForm::kScalar
              : operand.shape->rank() == 1 ? FactorForm::kColumns
                                           : FactorForm::kElements;
    }
  }

  /// Calls body(line_factor) with the factor of line i of a row, as ScalarFactor or LineFactor.
  template <typename Body>
  void WithLine(std::int64_t row, std::int64_t i, const Body& body) const {
    switch (form_) {
      case FactorForm::kOne:
        return body(ScalarFactor<T>{T{1}});
      case FactorForm::kScalar:
        return body(ScalarFactor<T>{*operand_.Row(row)});
      case FactorForm::kColumns:
        return body(LineFactor<T>{operand_.Row(row)});
      case FactorForm::kElements:
        return body(LineFactor<T>{operand_.Row(row) + i * columns_});
    }
  }

 private:
  const OperandRows<T>& operand_;
  std::int64_t columns_;
  FactorForm form_;
};

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_FACTOR_H_
