#include "tools/report/bench_report.h"

#include <fmt/format.h>

#include "tools/report/grouped.h"
#include "tools/training/json_text.h"

namespace plgraph {
namespace {

// Too short for the clock: 0.
double Billions(double count, double seconds) { return seconds > 0 ? count / seconds * 1e-9 : 0; }

double Percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

std::string NameText(const std::string& name, const std::string& op) {
  return fmt::format("{:<60}", fmt::format("{:<32} {}", name, op));
}

std::string TimeText(double seconds, double whole) {
  return fmt::format(" {:>10.4f} {:>6.1f}%", 1e3 * seconds, Percent(seconds, whole));
}

std::string PhaseText(const std::string& name, double seconds, double whole) {
  return fmt::format("{} {:>8}{}\n", NameText(name, ""), "", TimeText(seconds, whole));
}

std::string NodeText(const std::string& indent, const NodeCost& node) {
  return fmt::format("{} {:>8}", NameText(indent + node.name, node.op), Grouped(node.calls));
}

std::string NodesText(const PhaseCost& phase, double whole) {
  std::string text;
  for (const NodeCost& node : phase.nodes) {
    text += fmt::format("{}{} {:>8.2f} {:>8.2f}\n", NodeText("  ", node), TimeText(node.seconds, whole),
                        Billions(node.bytes, node.seconds), Billions(node.flops, node.seconds));
    for (const NodeCost& member : node.members) text += NodeText("    ", member) + "\n";
  }
  return text;
}

Json NodeJson(const NodeCost& node) {
  Json json;
  json["name"] = node.name;
  json["op"] = node.members.empty() ? node.op : "fused loop";
  json["calls"] = node.calls;
  json["seconds"] = node.seconds;
  json["gigabytes_per_second"] = Billions(node.bytes, node.seconds);
  json["gflops"] = Billions(node.flops, node.seconds);
  for (const NodeCost& member : node.members) {
    json["nodes"].push_back({{"name", member.name}, {"op", member.op}, {"calls", member.calls}});
  }
  return json;
}

}  // namespace

std::string BenchText(const std::string& model, int threads, const UpdateCost& cost) {
  std::string text = fmt::format("model {}: an update takes {} of {} steps, batch {}; {}\n", model,
                                 cost.episodes == 1 ? "1 episode" : Grouped(cost.episodes) + " episodes",
                                 Grouped(cost.steps), cost.batch,
                                 threads == 1 ? "1 thread" : fmt::format("{} threads", threads));
  text += fmt::format(
      "medians of {} updates; the nodes are timed in others, of {:.4f} ms with all the clocks\n\n",
      Grouped(cost.updates), 1e3 * cost.node_seconds);
  text += fmt::format("{} {:>8} {:>10} {:>7} {:>8} {:>8}\n", NameText("", ""), "calls", "ms", "share", "GB/s",
                      "GFLOP/s");
  for (const PhaseCost& phase : cost.phases) {
    text += PhaseText("phase " + phase.name, phase.seconds, cost.seconds);
    text += NodesText(phase, cost.node_seconds);
  }
  return text + PhaseText("the whole update", cost.seconds, cost.seconds);
}

std::string BenchJson(const std::string& model, int threads, const UpdateCost& cost) {
  Json json;
  json["model"] = model;
  json["batch"] = cost.batch;
  json["steps"] = cost.steps;
  json["threads"] = threads;
  json["updates"] = cost.updates;
  json["seconds"] = cost.seconds;
  json["phases"] = Json::array();
  for (const PhaseCost& phase : cost.phases) {
    Json nodes = Json::array();
    for (const NodeCost& node : phase.nodes) nodes.push_back(NodeJson(node));
    json["phases"].push_back({{"name", phase.name}, {"seconds", phase.seconds}, {"nodes", nodes}});
  }
  return JsonText(json);
}

}  // namespace plgraph
