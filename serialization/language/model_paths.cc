#include "serialization/language/model_paths.h"

#include <fmt/format.h>

#include "core/file_system.h"
#include "core/paths.h"

namespace plgraph {
namespace {

class Paths {
 public:
  void AddData(Data& data, const std::string& setting) {
    for (int i = 0; data.has_npy() && i < data.npy().array_size(); ++i) {
      Npy::Array& array = *data.mutable_npy()->mutable_array(i);
      Add(array.has_path(), fmt::format("{}.npy.array.{}.path", setting, array.input()),
          [&] { return array.mutable_path(); });
    }
    if (data.has_images()) AddImages(*data.mutable_images(), setting + ".images");
  }

  void AddInitial(ParameterDef& parameter) {
    if (!parameter.has_from_file()) return;
    FromFile& file = *parameter.mutable_from_file();
    Add(
        file.has_path(), fmt::format("parameter.{}.from_file.path", parameter.name()),
        [&] { return file.mutable_path(); }, false);
  }

  std::vector<ModelPath> Take() { return std::move(paths_); }

 private:
  void AddImages(Images& images, const std::string& setting) {
    if (images.has_idx()) {
      Images::Idx& idx = *images.mutable_idx();
      Add(idx.has_images(), setting + ".idx.images", [&] { return idx.mutable_images(); });
      Add(idx.has_labels(), setting + ".idx.labels", [&] { return idx.mutable_labels(); });
    } else if (images.has_png()) {
      Images::Png& png = *images.mutable_png();
      Add(png.has_folder(), setting + ".png.folder", [&] { return png.mutable_folder(); });
    } else if (images.has_csv()) {
      Images::Csv& csv = *images.mutable_csv();
      Add(csv.has_path(), setting + ".csv.path", [&] { return csv.mutable_path(); });
    } else if (images.has_npz()) {
      Images::Npz& npz = *images.mutable_npz();
      Add(npz.has_path(), setting + ".npz.path", [&] { return npz.mutable_path(); });
    }
  }

  // A path that is not set stays so.
  template <typename Mutable>
  void Add(bool is_set, std::string setting, const Mutable& path, bool is_data = true) {
    if (is_set) paths_.push_back({std::move(setting), path(), is_data});
  }

  std::vector<ModelPath> paths_;
};

}  // namespace

std::vector<ModelPath> PathsOf(Model& model) {
  Paths paths;
  for (ParameterDef& parameter : *model.mutable_parameter()) paths.AddInitial(parameter);
  if (model.train().has_data()) paths.AddData(*model.mutable_train()->mutable_data(), "train.data");
  if (model.train().evaluation().has_data()) {
    paths.AddData(*model.mutable_train()->mutable_evaluation()->mutable_data(), "train.evaluation.data");
  }
  return paths.Take();
}

std::vector<std::string> AbsolutePathsOf(const Model& model, const std::string& folder) {
  Model with_paths;  // without the rest, of which there may be much
  *with_paths.mutable_train() = model.train();
  for (const ParameterDef& parameter : model.parameter()) {
    if (parameter.has_from_file()) *with_paths.add_parameter() = parameter;
  }
  std::vector<std::string> paths;
  for (const ModelPath& path : PathsOf(with_paths)) {
    paths.push_back(AbsolutePath(JoinPath(folder, *path.path)));
  }
  return paths;
}

void MakePathsAbsolute(Model& model, const std::string& folder) {
  for (const ModelPath& path : PathsOf(model)) *path.path = AbsolutePath(JoinPath(folder, *path.path));
}

}  // namespace plgraph
