#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_MODEL_LOCATIONS_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_MODEL_LOCATIONS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"

namespace plgraph {

/// Where each field of a message stands in the text: the tree of the fields that were written.
class ModelLocations {
 public:
  ModelLocations() = default;
  ModelLocations(SourceLocation name, SourceLocation value) : name_(name), value_(value) {}

  /// A cursor into the tree that never fails: what is not written has the place of what encloses it.
  class Place {
   public:
    Place(const ModelLocations* tree, SourceLocation name, SourceLocation value)
        : tree_(tree), name_(name), value_(value) {}

    /// The field of this name (the index-th, if repeated) of the message at this place.
    Place Of(std::string_view field, int index = 0) const;
    /// Of the first character of the field's name; for an element of a list in brackets, of the element.
    SourceLocation name() const { return name_; }
    /// Of the first character of the value.
    SourceLocation value() const { return value_; }
    /// Whether the field stands in the text.
    bool written() const { return tree_ != nullptr; }
    /// Whether something inside could not be read (and was reported): what is missing there is no new fault.
    bool damaged() const { return tree_ != nullptr && tree_->damaged_; }

   private:
    const ModelLocations* tree_;
    SourceLocation name_;
    SourceLocation value_;
  };

  /// `locations.Of("node", 3).Of("tanh").Of("x").value()`
  Place Of(std::string_view field, int index = 0) const { return Root().Of(field, index); }
  Place Root() const { return {this, name_, value_}; }

  /// Records one more value of a field; returns where its own fields are recorded. References stay valid
  /// until the next value of the same field is added.
  ModelLocations& Add(std::string_view field, SourceLocation name, SourceLocation value);
  /// The recorded value of a field, or null.
  ModelLocations* Find(std::string_view field, int index = 0);
  /// Forgets where a field was written: it has been replaced by something that is not in the text.
  void Forget(std::string_view field);
  void MarkDamaged() { damaged_ = true; }

 private:
  SourceLocation name_;
  SourceLocation value_;
  bool damaged_ = false;
  std::map<std::string, std::vector<ModelLocations>, std::less<>> fields_;
};

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_MODEL_LOCATIONS_H_
