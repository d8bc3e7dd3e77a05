#include "tools/report/report_model.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>

#include "core/error.h"
#include "graph/compile.h"
#include "tools/report/compile_report.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

// How a path names one of several elements of a field: by its name if it has one.
std::string ElementName(const Message& element, int index) {
  const FieldDescriptor* name = element.GetDescriptor()->FindFieldByName("name");
  const bool named =
      name != nullptr && name->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !name->is_repeated();
  const std::string text = named ? element.GetReflection()->GetString(element, name) : "";
  return text.empty() ? std::to_string(index) : text;
}

// Every field that is set, by its path, as --set takes it.
void AddFields(const Message& message, const std::string& prefix, ReportModel& model) {
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
        model.settings.emplace_back(field->is_repeated() ? fmt::format("{}.{}", path, i) : path, value);
        continue;
      }
      const Message& element = field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                                    : reflection.GetMessage(message, field);
      const std::string own = field->is_repeated() ? path + "." + ElementName(element, i) : path;
      AddFields(element, own + ".", model);
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

ReportPhase Sources(const Graph& graph) {
  ReportPhase sources = {"sources", "where values come from"};
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind == NodeKind::kOp || node.kind == NodeKind::kControl) continue;
    sources.nodes.push_back({node.name, SourceText(graph, node), node.shape.ToString()});
  }
  return sources;
}

}  // namespace

void AddSettings(const LoadedModel& loaded, ReportModel& model) {
  AddFields(loaded.model, "", model);
  for (const Value parameter : ParametersOf(loaded.graph)) {
    model.parameter_elements += loaded.graph.node(parameter).shape.NumElements();
  }
}

void AddPhases(const LoadedModel& loaded, std::int64_t episode_steps, ReportModel& model) {
  CheckCanTrain(loaded, true);
  const Executable executable = MakeExecutable(loaded, OptionsFor(loaded, episode_steps, true));
  model.phases.push_back(Sources(loaded.graph));
  for (int i = 0; i < kPhaseCount; ++i) {
    const Phase phase = static_cast<Phase>(i);
    ReportPhase& shown =
        model.phases.emplace_back(ReportPhase{std::string(NameOf(phase)), HowOften(phase, executable)});
    for (const ScheduledNode& scheduled : executable.schedule.order(phase)) {
      const Node& node = executable.graph.node(scheduled.node);
      shown.nodes.push_back({node.name, OpText(executable.graph, node), node.shape.ToString()});
    }
  }
}

}  // namespace plgraph
