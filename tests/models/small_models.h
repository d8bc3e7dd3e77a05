#ifndef PLGRAPH_TESTS_MODELS_SMALL_MODELS_H_
#define PLGRAPH_TESTS_MODELS_SMALL_MODELS_H_

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/training/loaded_model.h"

namespace plgraph {

/// The models that come with plgraph, in order.
inline std::vector<std::string> ModelFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(PLGRAPH_SOURCE_DIR) + "/models")) {
    if (entry.path().extension() == ".pbtxt") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Small, or such that fused loops go over its matrices in tiles.
enum class Size { kSmall, kTiled };

/// What makes a model small, and lets one of images read those that come with the tests.
inline std::vector<std::string> SmallOverrides(FileSystem& files, const std::string& path, Size size) {
  const LoadedModel whole = LoadModel(files, path, {});
  if (!whole.model.train().data().has_images()) return {size == Size::kSmall ? "n=30" : "n=130"};
  const Images::Idx& idx = whole.model.train().data().images().idx();
  const std::string set = idx.images().find("fashion") == std::string::npos ? "mnist" : "fashion-mnist";
  const std::string tested = PLGRAPH_SOURCE_DIR "/tests/data/" + set;
  std::vector<std::string> overrides = {"train.data.images.idx.images=" + tested + "-images-idx3-ubyte.gz"};
  if (idx.has_labels()) {
    overrides.push_back("train.data.images.idx.labels=" + tested + "-labels-idx1-ubyte.gz");
  }
  for (const StateDef& state : whole.model.state()) {
    // A batch has a trace for each of its samples; an episode after the other has the trace of the one before.
    if (state.lifetime() == StateDef::KEPT)
      overrides.push_back("state." + state.name() + ".lifetime=EPISODE");
  }
  return overrides;
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_MODELS_SMALL_MODELS_H_
