#include "tools/report_runs.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>

#include <sstream>
#include <string_view>

#include "core/error.h"
#include "graph/compile.h"
#include "tools/training/loaded_model.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

std::string ReadText(FileSystem& files, const std::string& path) {
  const std::vector<std::byte> bytes = files.Read(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void ReadMetrics(FileSystem& files, const std::string& folder, ReportRun& run) {
  const std::string path = folder + "/metrics.jsonl";
  if (!files.Exists(path)) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: holds no run (no metrics.jsonl); name a --run-dir of `plgraph train`", folder));
  }
  std::istringstream text(ReadText(files, path));
  for (std::string line; std::getline(text, line);) {
    // The last line of a run that is going on may be cut.
    const auto json = nlohmann::ordered_json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("episode") || !json["episode"].is_number_integer()) continue;
    run.line_texts.push_back(line);
    run.lines.push_back(json);
  }
  if (run.lines.empty()) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: has no line with metrics yet; wait until the run has made its first report", path));
  }
}

// How a path names one of several elements of a field: by its name if it has one.
std::string ElementName(const Message& element, int index) {
  const FieldDescriptor* name = element.GetDescriptor()->FindFieldByName("name");
  const bool named =
      name != nullptr && name->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !name->is_repeated();
  const std::string text = named ? element.GetReflection()->GetString(element, name) : "";
  return text.empty() ? std::to_string(index) : text;
}

// Every field that is set, by its path, as --set takes it.
void Flatten(const Message& message, const std::string& prefix, ReportRun& run) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = prefix + field->name();
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const int index = field->is_repeated() ? i : -1;
      if (!is_message) {
        std::string value;
        TextFormat::PrintFieldValueToString(message, field, index, &value);
        if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
        run.settings.emplace_back(field->is_repeated() ? fmt::format("{}.{}", path, i) : path, value);
        continue;
      }
      const Message& element = field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                                    : reflection.GetMessage(message, field);
      const std::string own = field->is_repeated() ? path + "." + ElementName(element, i) : path;
      Flatten(element, own + ".", run);
    }
  }
}

std::string SourceText(const Graph& graph, const Node& node) {
  if (node.kind == NodeKind::kParameter) return node.trainable ? "parameter" : "parameter, not trained";
  if (node.kind == NodeKind::kInput) return node.variance.step ? "input" : "input, one an episode";
  for (const State& state : graph.states) {
    if (graph.node(state.value).name == node.name) return "state, next " + graph.node(state.next).name;
  }
  return "state";
}

std::string OpText(const Graph& graph, const Node& node) {
  std::string operands;
  for (const Value operand : node.operands) {
    if (operand) operands += (operands.empty() ? "" : ", ") + graph.node(operand).name;
  }
  return fmt::format("{}({})", node.op->name, operands);
}

// The nodes of the model as it was written, each in the phase that the compiler puts it in.
std::vector<ReportPhase> Phases(const LoadedModel& loaded, std::int64_t steps) {
  CompileOptions options;
  options.training = false;
  options.steps = steps;
  std::vector<Value> nodes;
  ReportPhase sources = {"sources", "where values come from"};
  const Graph& graph = loaded.graph;
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind == NodeKind::kOp) {
      nodes.push_back(Value{id});
      options.outputs.push_back(node.name);
    } else if (node.kind != NodeKind::kControl) {
      sources.nodes.push_back({node.name, SourceText(graph, node), node.shape.ToString()});
    }
  }
  const Executable executable = MakeExecutable(loaded, options);
  std::vector<ReportPhase> phases = {{"once", "once an update: depends on parameters only"},
                                     {"ahead", "all steps as one batch, before the loop"},
                                     {"step", "in the loop over the steps"},
                                     {"after", "all steps as one batch, after the loop"}};
  for (const Value value : nodes) {
    const Node& node = graph.node(value);
    const Phase phase = executable.graph.node(executable.graph.Find(node.name)).phase;
    phases[static_cast<size_t>(phase)].nodes.push_back(
        {node.name, OpText(graph, node), node.shape.ToString()});
  }
  phases.insert(phases.begin(), std::move(sources));
  return phases;
}

void ReadModel(FileSystem& files, const std::string& path, ReportRun& run) {
  run.model_text = ReadText(files, path);
  const LoadedModel loaded = LoadModel(files, path, {});
  Flatten(loaded.model, "", run);
  for (const Value parameter : ParametersOf(loaded.graph)) {
    run.parameter_elements += loaded.graph.node(parameter).shape.NumElements();
  }
  const bool known = run.record.contains("episode_steps") && run.record["episode_steps"].is_number_integer();
  run.phases = Phases(loaded, known ? run.record["episode_steps"].get<std::int64_t>() : 1);
}

}  // namespace

ReportRun ReadReportRun(FileSystem& files, const std::string& folder) {
  ReportRun run = {.name = folder};
  ReadMetrics(files, folder, run);
  if (files.Exists(folder + "/run.json")) {
    const auto record = nlohmann::json::parse(ReadText(files, folder + "/run.json"), nullptr, false);
    if (record.is_object()) run.record = record;
  }
  if (files.Exists(folder + "/model.pbtxt")) ReadModel(files, folder + "/model.pbtxt", run);
  for (const std::string& name : files.List(folder)) {
    if (name.ends_with(".png")) run.pictures.emplace_back(name, files.Read(folder + "/" + name));
  }
  return run;
}

}  // namespace plgraph
