// What the script of a report draws, run by Node.js.
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr double kTop = 10;
constexpr double kBottom = 234;

class ReportCurvesTest : public CliTest {
 protected:
  void SetUp() override {
    if (std::system("node --version > /dev/null 2>&1") == 0) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "tools/install_dependencies.sh --checks did not install nodejs";
    GTEST_SKIP() << "tools/install_dependencies.sh --checks installs Node.js, which this needs";
  }
  void WriteRun(const std::string& run, const std::string& metrics, const std::string& record = "{}") {
    std::filesystem::create_directories(folder_.Path(run));
    folder_.Write(run + "/metrics.jsonl", metrics);
    folder_.Write(run + "/run.json", record);
  }
  // What is drawn of the loss.
  json Draw(const std::vector<std::string>& runs, const std::string& scale = "") {
    std::vector<std::string> arguments = {"report"};
    arguments.insert(arguments.end(), runs.begin(), runs.end());
    Output(arguments);
    const std::string command = std::string("node ") + PLGRAPH_SOURCE_DIR + "/tests/cli/draw_report.js " +
                                folder_.Path("report.html") + " " + scale + " > " +
                                folder_.Path("drawn.json") + " 2> " + folder_.Path("drawn.log");
    EXPECT_EQ(std::system(command.c_str()), 0) << folder_.Read("drawn.log");
    return json::parse(folder_.Read("drawn.json"))["loss"];
  }
  // An attribute of all drawn elements of a kind.
  static std::vector<std::string> Attributes(const json& figure, const std::string& name,
                                             const std::string& attribute) {
    std::vector<std::string> found;
    for (const json& element : figure["drawn"]) {
      if (element["name"] == name && element["attributes"].contains(attribute))
        found.push_back(element["attributes"][attribute]);
    }
    return found;
  }
  // At the vertical axis.
  static std::vector<std::string> Ticks(const json& figure) {
    std::vector<std::string> found;
    for (const json& element : figure["drawn"]) {
      if (element["attributes"].value("text-anchor", "") == "end") found.push_back(element["text"]);
    }
    return found;
  }
};

const std::string kWithZero =
    "{\"episode\": 0, \"loss\": 100}\n{\"episode\": 1, \"loss\": 0}\n{\"episode\": 2, \"loss\": 1}\n";

TEST_F(ReportCurvesTest, ZerosStandAtTheFloorOfALogarithmicScale) {
  WriteRun("a", kWithZero);
  const json figure = Draw({"a"}, "log");
  // From 1 to 100 and 12% of it below: 1 is drawn above the floor.
  EXPECT_THAT(Attributes(figure, "path", "d"), ElementsAre("M58.0 10.0L278.0 234.0L498.0 210.0"));
  EXPECT_THAT(Ticks(figure), Contains("0"));
  WriteRun(
      "a",
      "{\"episode\": 0, \"loss\": 100}\n{\"episode\": 1, \"loss\": -3}\n{\"episode\": 2, \"loss\": 1}\n");
  EXPECT_THAT(Ticks(Draw({"a"}, "log")), Contains("\u2264 0"));
  WriteRun("a", "{\"episode\": 0, \"loss\": 0}\n{\"episode\": 1, \"loss\": 0}\n");
  EXPECT_THAT(Attributes(Draw({"a"}, "log"), "path", "d"), ElementsAre("M58.0 234.0L498.0 234.0"));
  WriteRun("a", "{\"episode\": 0, \"loss\": 100}\n{\"episode\": 2, \"loss\": 1}\n");
  const json positive = Draw({"a"}, "log");
  EXPECT_THAT(Attributes(positive, "path", "d"), ElementsAre("M58.0 10.0L498.0 234.0"));
  EXPECT_THAT(Ticks(positive), Not(Contains("0")));
}

TEST_F(ReportCurvesTest, NothingIsJoinedAcrossWhatIsNotFinite) {
  WriteRun("a",
           "{\"episode\": 0, \"loss\": 4}\n{\"episode\": 1, \"loss\": 2}\n{\"episode\": 2, \"loss\": null}\n"
           "{\"episode\": 3, \"loss\": 0}\n{\"episode\": 4, \"loss\": null}\n");
  const json figure = Draw({"a"});
  EXPECT_THAT(Attributes(figure, "path", "d"), ElementsAre("M58.0 10.0L168.0 122.0", "M388.0 234.0"));
  EXPECT_EQ(Attributes(figure, "circle", "cx"), std::vector<std::string>{"388"});  // a point of its own
}

TEST_F(ReportCurvesTest, EveryRunLooksDifferent) {
  std::vector<std::string> runs;
  for (int i = 0; i < 40; ++i) {
    runs.push_back("run" + std::to_string(i));
    WriteRun(runs.back(), kWithZero);
  }
  const std::vector<std::string> looks = Attributes(Draw(runs), "path", "class");
  ASSERT_EQ(looks.size(), runs.size());
  EXPECT_EQ(std::set<std::string>(looks.begin(), looks.end()).size(), runs.size());
  EXPECT_EQ(looks[0], "curve c0 d0");
  EXPECT_EQ(looks[6], "curve c6 d0");
  EXPECT_EQ(looks[10], "curve c0 d1");
  const std::string page = folder_.Read("report.html");
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string look = looks[i].substr(std::string("curve ").size());
    EXPECT_THAT(page, ::testing::HasSubstr("<svg class=\"key " + look + "\""));
    EXPECT_THAT(page, ::testing::HasSubstr("." + look.substr(0, 2) + " {")) << look;
    if (i < 10) continue;  // those are drawn without dashes
    EXPECT_THAT(page, ::testing::HasSubstr("." + look.substr(3, 2) + " { stroke-dasharray")) << look;
  }
}

TEST_F(ReportCurvesTest, AStoppedRunEndsWhereItWasStopped) {
  WriteRun("a", kWithZero, R"({"episodes": 4, "total_episodes": 10, "stopped": "2018-06-28T09:00:00Z"})");
  const json figure = Draw({"a"});
  EXPECT_THAT(Attributes(figure, "path", "d"), ElementsAre("M58.0 10.0L168.0 234.0L278.0 231.8"));
  bool marked = false;
  for (const json& element : figure["drawn"]) {
    if (element["attributes"].value("class", "") != "end c0 d0") continue;
    EXPECT_EQ(element["attributes"]["x1"], "498");
    marked = true;
  }
  EXPECT_TRUE(marked);
  EXPECT_THAT(figure["texts"].get<std::vector<std::string>>(), Contains("a, stopped after episode 4"));
}

TEST_F(ReportCurvesTest, ManyPointsAreThinnedToWhatIsSeen) {
  std::string metrics;
  for (int i = 0; i <= 100000; ++i) {
    metrics += "{\"episode\": " + std::to_string(i) + ", \"loss\": " +
               (i == 77777   ? "8"
                : i == 33333 ? "0"
                             : "4") +
               "}\n";
  }
  WriteRun("a", metrics);
  const std::vector<std::string> paths = Attributes(Draw({"a"}), "path", "d");
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_LT(paths[0].size(), 40000U);
  for (const double y : {kTop, kBottom}) {
    EXPECT_THAT(paths[0], ::testing::ContainsRegex(" " + std::to_string(static_cast<int>(y)) + "\\.0L")) << y;
  }
}

}  // namespace
}  // namespace plgraph
