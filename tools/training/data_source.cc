#include "tools/training/data_source.h"

#include "core/error.h"

namespace plgraph {

std::vector<InputPort> InputPorts(const Graph& graph) {
  std::vector<InputPort> ports;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind == NodeKind::kInput) ports.push_back({node.name, node.shape, node.variance.step});
  }
  return ports;
}

std::unique_ptr<DataSource> MakeDataSource(const Data& data, const DataContext& context, FileSystem& files) {
  switch (data.source_case()) {
    case Data::kPatterns:
      return MakePatternsSource(data.patterns(), context);
    case Data::kNpy:
      return MakeNpySource(data.npy(), context, files);
    case Data::kImages:
      return MakeImagesSource(data.images(), context, files);
    case Data::SOURCE_NOT_SET:
      break;
  }
  throw Error(ErrorKind::kInvalid,
              "train.data: no source of episodes; add `patterns { ... }`, `npy { ... }` or `images { ... }`");
}

}  // namespace plgraph
