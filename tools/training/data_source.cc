#include "tools/training/data_source.h"

#include <fmt/format.h>

#include "core/error.h"
#include "graph/ir/index_use.h"

namespace plgraph {

std::string EvaluatedText(const DataFacts& facts, std::int64_t episodes) {
  std::string text =
      fmt::format("{} distinct {} of {}", episodes, episodes == 1 ? "episode" : "episodes", facts.name);
  const std::int64_t records = facts.records.value_or(0);
  if (facts.records && (records != episodes || facts.record_name != "episodes")) {
    text += fmt::format(", from {} {}", records, facts.record_name);
  }
  if (!facts.seen) return text;
  if (*facts.seen == 0) return text + "; training sees none of them";
  if (*facts.seen == records) return text + "; training sees all of them";
  return text + fmt::format("; training sees {} of the {}", *facts.seen, facts.record_name);
}

namespace {

std::optional<IndexLimit> LimitOf(const Graph& graph, Value input) {
  std::optional<IndexLimit> limit;
  for (const Value user : graph.Users(input)) {
    const Node& node = graph.node(user);
    const std::optional<NodeIndex> index = IndexOf(graph, node);
    if (!index || index->operand != input || (limit && limit->count <= index->count)) continue;
    limit = IndexLimit{fmt::format("node \"{}\" ({})", node.name, node.op->name), index->count};
  }
  return limit;
}

}  // namespace

std::vector<InputPort> InputPorts(const Graph& graph) {
  std::vector<InputPort> ports;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind != NodeKind::kInput) continue;
    ports.push_back({node.name, node.shape, node.variance.step, LimitOf(graph, Value{id})});
  }
  return ports;
}

bool IsSameFile(FileSystem& files, const std::string& a, const std::string& b) {
  return files.Exists(a) && files.Exists(b) && files.Resolve(a) == files.Resolve(b);
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
