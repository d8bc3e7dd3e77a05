#ifndef PLGRAPH_CORE_DTYPE_H_
#define PLGRAPH_CORE_DTYPE_H_

#include <cstdint>
#include <string_view>

namespace plgraph {

/// The number type of a whole run: float for work, double for checking gradients.
enum class DType { kFloat, kDouble };

template <typename T>
constexpr DType kDTypeOf = sizeof(T) == sizeof(float) ? DType::kFloat : DType::kDouble;

constexpr std::int64_t SizeOf(DType dtype) { return dtype == DType::kFloat ? 4 : 8; }
constexpr std::string_view NameOf(DType dtype) { return dtype == DType::kFloat ? "float" : "double"; }

}  // namespace plgraph

#endif  // PLGRAPH_CORE_DTYPE_H_
