#ifndef PLGRAPH_TOOLS_TRAINING_TENSOR_MATCH_H_
#define PLGRAPH_TOOLS_TRAINING_TENSOR_MATCH_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/named_tensor.h"
#include "core/shape.h"

namespace plgraph {

/// Whether a file may leave some tensors of a model as they are, and hold others that the model has not.
enum class Coverage { kAll, kSome };
inline Coverage CoverageOf(bool partial) { return partial ? Coverage::kSome : Coverage::kAll; }

/// A tensor that a model or a run has a place for.
struct WantedTensor {
  std::string name;
  Shape shape;
};

/// What the tensors of a file are to those that a model wants: a tensor matches when name and shape are the same and
/// every number is finite.
class TensorMatch {
 public:
  /// `kind` is for messages: "parameter". `found` is referred to, not copied.
  TensorMatch(std::string_view kind, const NamedTensors& found, const std::vector<WantedTensor>& wanted);

  /// Whether each wanted tensor matches and nothing is left over.
  bool complete() const { return differences_.empty(); }
  /// The tensor to take for a wanted name, or null.
  const Tensor* Find(std::string_view name) const;
  size_t wanted() const { return wanted_; }
  size_t matched() const { return matches_.size(); }
  /// A line for each tensor that is of another shape, not finite, missing or left over.
  const std::string& differences() const { return differences_; }
  /// A line for each that matches.
  std::string MatchesText() const;

 private:
  std::string_view kind_;
  size_t wanted_;
  std::vector<const NamedTensor*> matches_;
  std::string differences_;
};

/// With kAll: throws Error(kInvalid) with all that differs and all that matches, and `hint`, unless everything
/// matches. With kSome: returns the same list to be shown, "" when everything matches; throws only if nothing at all
/// does.
std::string CheckMatches(const std::vector<const TensorMatch*>& matches, const std::string& path,
                         Coverage coverage, std::string_view hint);

/// "3 of 400 numbers are not finite, the first at [0, 1]", or "" when all are finite as floats.
std::string NotFinite(const Tensor& tensor);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_TENSOR_MATCH_H_
