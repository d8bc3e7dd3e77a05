#include "tests/ops/op_row.h"

namespace plgraph {

std::vector<Index> IndicesOf(const Shape& shape) {
  std::vector<Index> indices = {{}};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    std::vector<Index> longer;
    for (const Index& index : indices) {
      for (std::int64_t k = 0; k < shape.dim(axis); ++k) {
        longer.push_back(index);
        longer.back().push_back(k);
      }
    }
    indices = std::move(longer);
  }
  return indices;
}

double Array::At(const Index& index) const {
  std::int64_t position = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    position = position * shape.dim(axis) + index[static_cast<size_t>(axis)];
  }
  return values[static_cast<size_t>(position)];
}

double Array::Repeated(const Index& index) const {
  Index own(index.end() - shape.rank(), index.end());
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape.dim(axis) == 1) own[static_cast<size_t>(axis)] = 0;
  }
  return At(own);
}

const std::vector<OpRow>& OpTable() {
  static const std::vector<OpRow> table = [] {
    std::vector<OpRow> all;
    for (const auto& rows : {PointwiseRows(), BroadcastRows(), ReductionRows(), LayoutRows(), LossRows(),
                             PlasticRows(), ImageRows(), VisionRows()}) {
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }();
  return table;
}

}  // namespace plgraph
