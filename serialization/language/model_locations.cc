#include "serialization/language/model_locations.h"

namespace plgraph {

ModelLocations::Place ModelLocations::Place::Of(std::string_view field, int index) const {
  if (tree_ != nullptr) {
    const auto it = tree_->fields_.find(field);
    if (it != tree_->fields_.end() && static_cast<size_t>(index) < it->second.size()) {
      const ModelLocations& found = it->second[static_cast<size_t>(index)];
      return {&found, found.name_, found.value_};
    }
  }
  return {nullptr, name_, value_};
}

ModelLocations& ModelLocations::Add(std::string_view field, SourceLocation name, SourceLocation value) {
  auto it = fields_.find(field);
  if (it == fields_.end()) it = fields_.emplace(field, std::vector<ModelLocations>{}).first;
  return it->second.emplace_back(name, value);
}

ModelLocations* ModelLocations::Find(std::string_view field, int index) {
  const auto it = fields_.find(field);
  if (it == fields_.end() || static_cast<size_t>(index) >= it->second.size()) return nullptr;
  return &it->second[static_cast<size_t>(index)];
}

void ModelLocations::Forget(std::string_view field) {
  const auto it = fields_.find(field);
  if (it != fields_.end()) fields_.erase(it);
}

}  // namespace plgraph
