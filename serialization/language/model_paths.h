#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_MODEL_PATHS_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_MODEL_PATHS_H_

#include <string>
#include <vector>

#include "serialization/language/model.pb.h"

namespace plgraph {

/// A file or folder that a model names.
struct ModelPath {
  std::string setting;          ///< the field, as `--set` takes it: `train.data.npy.array.cue.path`
  std::string* path = nullptr;  ///< in the model
  bool is_data = true;          ///< of episodes; else of the first value of a parameter
};

/// Every path in a model that is set. The pointers lead into `model`.
std::vector<ModelPath> PathsOf(Model& model);

/// The same as seen from `folder`, made absolute.
std::vector<std::string> AbsolutePathsOf(const Model& model, const std::string& folder);

/// Makes every path absolute; the relative ones start from `folder`.
void MakePathsAbsolute(Model& model, const std::string& folder);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_MODEL_PATHS_H_
