#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using NamesOfPhases = std::map<std::string, std::multiset<std::string>>;

const std::vector<std::string> kBench = {"bench", "small.pbtxt", "--updates", "2"};

// The names below each line `phase NAME`, without those of fused loops.
NamesOfPhases NamesIn(const std::string& report) {
  NamesOfPhases names;
  std::string phase;
  std::istringstream lines(report);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("phase ")) {
      phase = line.substr(6, line.find_first_of(":0123456789") - 6);
      phase.resize(phase.find_last_not_of(' ') + 1);
      names[phase] = {};
    } else if (!line.starts_with("  ")) {
      phase.clear();
    } else if (!phase.empty()) {
      std::string name;
      std::istringstream(line) >> name;
      if (name != "fused") names[phase].insert(name);
    }
  }
  return names;
}

class BenchTest : public CliTest {
 protected:
  json Measured(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = kBench;
    arguments.push_back("--json");
    arguments.insert(arguments.end(), more.begin(), more.end());
    return json::parse(Output(arguments));
  }
};

TEST_F(BenchTest, PrintsEveryNodeOnceBelowItsPhase) {
  const std::string report = Output(kBench);
  EXPECT_THAT(report, HasSubstr("model small: an update takes 2 episodes of 13 steps, batch 2"));
  EXPECT_THAT(report, HasSubstr("the whole update"));
  NamesOfPhases names = NamesIn(report);
  EXPECT_TRUE(names.contains("update"));
  EXPECT_TRUE(names.contains("data"));
  names.erase("update");
  names.erase("data");
  EXPECT_EQ(names, NamesIn(Output({"compile", "small.pbtxt"})));
}

TEST_F(BenchTest, PrintsAJsonObjectWithEveryNodeOnce) {
  const json result = Measured({"--threads", "1"});
  EXPECT_EQ(result["model"], "small");
  EXPECT_EQ(result["batch"], 2);
  EXPECT_EQ(result["steps"], 13);
  EXPECT_EQ(result["threads"], 1);
  std::vector<std::string> phases;
  NamesOfPhases names;
  for (const json& phase : result["phases"]) {
    phases.push_back(phase["name"]);
    EXPECT_GE(phase["seconds"], 0);
    for (const json& node : phase["nodes"]) {
      EXPECT_GE(node["seconds"], 0);
      EXPECT_GE(node["gigabytes_per_second"], 0);
      EXPECT_GE(node["gflops"], 0);
      EXPECT_TRUE(node["op"].is_string());
      if (!node.contains("nodes")) names[phase["name"]].insert(node["name"].get<std::string>());
      for (const json& member : node.value("nodes", json::array())) {
        EXPECT_TRUE(member["op"].is_string());
        names[phase["name"]].insert(member["name"].get<std::string>());
      }
    }
  }
  EXPECT_THAT(phases, ElementsAre("once", "ahead", "step", "after", "step adjoint", "ahead adjoint",
                                  "once adjoint", "update", "data"));
  NamesOfPhases compiled = NamesIn(Output({"compile", "small.pbtxt"}));
  std::erase_if(compiled, [](const auto& phase) { return phase.second.empty(); });
  EXPECT_EQ(names, compiled);
}

TEST_F(BenchTest, CountsTheCallsOfOneUpdate) {
  const auto check = [&](const std::vector<std::string>& more, std::int64_t calls) {
    int nodes = 0;
    const json result = Measured(more);
    for (const json& node : result["phases"][2]["nodes"]) {
      if (node["name"] == "drive" || node["name"] == "y_next") {
        EXPECT_EQ(node["calls"], calls);
        ++nodes;
      }
      if (!node.contains("nodes")) continue;
      EXPECT_EQ(node["op"], "fused loop");
      for (const json& member : node["nodes"]) EXPECT_EQ(member["calls"], calls);
      nodes += static_cast<int>(node["nodes"].size());
    }
    EXPECT_EQ(nodes, 4);
  };
  check({}, 13);
  check({"--set", "train.accumulate=3"}, 3 * 13);
}

TEST_F(BenchTest, TakesWindowsAndPlans) {
  const json windows = Measured({"--set", "train.truncate_steps=1", "--set", "train.clip_norm=1"});
  EXPECT_EQ(windows["steps"], 13);
  for (const json& node : windows["phases"][2]["nodes"]) {
    if (!node.contains("nodes")) {
      EXPECT_EQ(node["calls"], 13) << node;
    }
  }
  Output({"compile", "small.pbtxt", "-o", "small.plan"});
  EXPECT_EQ(json::parse(Output({"bench", "small.plan", "--updates", "1", "--json"}))["model"], "small");
}

TEST_F(BenchTest, RefusesWhatItCannotTime) {
  EXPECT_THAT(Fault(2, {"bench"}), HasSubstr("MODEL"));
  EXPECT_THAT(Fault(2, {"bench", "nowhere.pbtxt"}), HasSubstr("nowhere.pbtxt"));
  EXPECT_THAT(Fault(2, {"bench", "small.pbtxt", "--updates", "0"}), HasSubstr("--updates"));
  EXPECT_THAT(Fault(2, {"bench", "small.pbtxt", "--updates", "many"}), HasSubstr("--updates"));
  EXPECT_THAT(Fault(2, {"bench", "small.pbtxt", "--run-dir", "run"}), HasSubstr("--run-dir"));
  EXPECT_THAT(Fault(2, {"bench", "small.pbtxt", "--set", "train.batch=0"}), HasSubstr("batch"));
  folder_.Write("bare.pbtxt", kSmallModel.substr(0, kSmallModel.find("train {")));
  EXPECT_THAT(Fault(2, {"bench", "bare.pbtxt"}),
              HasSubstr("bare.pbtxt: cannot be trained: it needs `train { ... }`"));
}

}  // namespace
}  // namespace plgraph
