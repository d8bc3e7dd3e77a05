// The page that `report` writes.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class ReportTest : public CliTest {
 protected:
  void TrainInto(const std::string& run, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"train", "small.pbtxt", "--run-dir",
                                          run,     "--set",       "train.evaluation.every=20"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Output(arguments);
  }
  // What the script of a page draws.
  static nlohmann::json DataOf(const std::string& page) {
    const std::string begin = "<script type=\"application/json\" id=\"data\">";
    const size_t at = page.find(begin) + begin.size();
    return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
  }
};

TEST_F(ReportTest, ThePageHoldsEveryNumber) {
  TrainInto("a", {"--grid", "w"});
  TrainInto("b", {"--set", "train.seed=7", "--set", "train.adam.learning_rate=0.0123"});
  EXPECT_EQ(Output({"report", "a", "b", "-o", "page.html"}), "2 runs -> page.html\n");
  const std::string page = folder_.Read("page.html");
  const nlohmann::json data = DataOf(page);
  ASSERT_EQ(data.size(), 2U);
  for (const nlohmann::json& run : data) {
    std::istringstream text(folder_.Read(run["name"].get<std::string>() + "/metrics.jsonl"));
    size_t count = 0;
    for (std::string line; std::getline(text, line); ++count) {
      EXPECT_EQ(run["lines"][count], nlohmann::json::parse(line));
    }
    EXPECT_EQ(run["lines"].size(), count);
  }
  for (const std::string part :
       {"data-key=\"loss\"", "data-key=\"error_rate\"", "error_rate, evaluation",
        "data:image/png;base64,iVBORw0KGgo", "a/grid.png",
        "train.adam.learning_rate</th><td>0.003</td><td>0.0123</td>", "<h4>step</h4>",
        "PlasticMatMul(y, w, alpha, hebb)", "peak memory</th><td>"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, Not(ContainsRegex("(src|href)=\"[^d]")));  // nothing is fetched
  EXPECT_THAT(page, Not(HasSubstr("http://www.w3.org/1999")));
}

TEST_F(ReportTest, NamesAreEscaped) {
  folder_.Write("odd.pbtxt", [] {
    std::string model = kSmallModel;
    const size_t at = model.find("\"small\"");
    return model.replace(at, 7, "\"<b>&</script>\"");
  }());
  Output({"train", "odd.pbtxt", "--run-dir", "<i>&"});
  std::ofstream(folder_.Path("<i>&/metrics.jsonl"), std::ios::app)
      << "{\"episode\": 61, \"loss\": 1, \"</script><b>\": 2}\n{\"episode\": 62, \"lo";
  Output({"report", "<i>&"});
  const std::string page = folder_.Read("report.html");
  EXPECT_THAT(page, Not(HasSubstr("<i>&")));
  EXPECT_THAT(page, HasSubstr("&lt;i&gt;&amp;"));
  EXPECT_THAT(page, Not(HasSubstr("</script><b>")));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;&amp;&lt;/script&gt;"));
  const nlohmann::json lines = DataOf(page)[0]["lines"];
  EXPECT_EQ(lines.back()["episode"], 61);
  EXPECT_EQ(lines.back()["</script><b>"], 2);
}

TEST_F(ReportTest, ARunOfAnOlderVersionHasItsCurves) {
  TrainInto("a", {});
  std::filesystem::remove(folder_.Path("a/run.json"));
  std::filesystem::remove(folder_.Path("a/model.pbtxt"));
  Output({"report", "a"});
  EXPECT_EQ(DataOf(folder_.Read("report.html"))[0]["lines"].size(), 30U);
}

TEST_F(ReportTest, TheRunDirectorySaysWhatWasRun) {
  TrainInto("a", {"--set", "train.seed=7"});
  const nlohmann::json before = nlohmann::json::parse(folder_.Read("a/run.json"));
  EXPECT_EQ(before["seed"], 7);
  EXPECT_EQ(before["episode_steps"], 13);
  EXPECT_GT(before["peak_memory_bytes"], 1000000);
  EXPECT_THAT(before["finished"].get<std::string>(), ContainsRegex("^20..-..-..T..:..:..Z$"));
  // The copy is the same model.
  Output({"train", "a/model.pbtxt", "--run-dir", "copy"});
  EXPECT_EQ(folder_.Read("a/last.ckpt"), folder_.Read("copy/last.ckpt"));
  EXPECT_EQ(folder_.Read("a/model.pbtxt"), folder_.Read("copy/model.pbtxt"));
  nlohmann::json older = before;
  older["started"] = "2018-06-28T09:00:00Z";
  folder_.Write("a/run.json", older.dump());
  TrainInto("a", {"--set", "train.seed=7", "--resume"});
  EXPECT_EQ(nlohmann::json::parse(folder_.Read("a/run.json"))["started"], older["started"]);
}

// The names of the nodes of each phase, in their order.
using PhaseNodes = std::map<std::string, std::vector<std::string>>;

PhaseNodes PhasesOfCompile(const std::string& text) {
  PhaseNodes phases;
  std::string phase;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("phase ")) phase = line.substr(6, line.find(':') - 6);
    if (line.empty()) phase = "";
    if (phase.empty() || !line.starts_with("  ")) continue;
    phases[phase].push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return phases;
}

PhaseNodes PhasesOfPage(const std::string& page) {
  PhaseNodes phases;
  std::string phase;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("<section><h4>")) phase = line.substr(13, line.find('<', 13) - 13);
    if (line.starts_with("<li><b>")) phases[phase].push_back(line.substr(7, line.find('<', 7) - 7));
  }
  phases.erase("sources");
  return phases;
}

TEST_F(ReportTest, ThePhasesAreThoseOfCompile) {
  std::string model = kSmallModel;
  const std::string matrix = "\"alpha\" shape: [\"n\", \"n\"] normal { stddev: 0.1 }";
  ASSERT_NE(model.find(matrix), std::string::npos);
  // Its trace is a sum over past updates, which leaves little in the loop.
  folder_.Write("scalar.pbtxt",
                model.replace(model.find(matrix), matrix.size(), "\"alpha\" constant { value: 0.1 }"));
  for (const std::string name : {"small", "scalar"}) {
    Output({"train", name + ".pbtxt", "--run-dir", name});
    Output({"report", name});
    const PhaseNodes expected = PhasesOfCompile(Output({"compile", name + ".pbtxt"}));
    EXPECT_FALSE(expected.at("step").empty());
    EXPECT_FALSE(expected.at("step adjoint").empty());
    EXPECT_EQ(PhasesOfPage(folder_.Read("report.html")), expected) << name;
  }
}

TEST_F(ReportTest, WhatCannotBeReadIsLeftOutAndSaid) {
  TrainInto("a", {"--grid", "w"});
  const std::string deep(200'000, '[');
  const std::string record = folder_.Read("a/run.json");
  const std::string metrics = folder_.Read("a/metrics.jsonl");
  const auto note = [&] {
    const ToolResult result = Run({"report", "a"});
    EXPECT_EQ(result.exit_code, 0);
    // The page says it, too.
    EXPECT_THAT(folder_.Read("report.html"), HasSubstr("<h2>Left out</h2>"));
    return result.err;
  };
  const auto with_steps = [&](const std::string& steps) {
    nlohmann::json changed = nlohmann::json::parse(record);
    changed["episode_steps"] = nlohmann::json::parse(steps);
    folder_.Write("a/run.json", changed.dump());
    return note();
  };
  for (const std::string steps : {"0", "-3", "1.5", "\"13\"", "18446744073709551615"}) {
    EXPECT_EQ(with_steps(steps),
              "a/run.json: \"episode_steps\" is " + steps +
                  ", but must be a whole number of at least 1; the phases of the model are left out\n");
  }
  folder_.Write("a/run.json", deep);
  EXPECT_THAT(note(), HasSubstr("a/run.json: has brackets nested deeper than 100 levels; it is left out\n"));
  folder_.Write("a/run.json", "{\"seed\": 1,");
  EXPECT_THAT(note(), HasSubstr("a/run.json: is not valid JSON at byte 12; it is left out\n"));
  folder_.Write("a/run.json", record);
  folder_.Write("a/metrics.jsonl", metrics + deep + "\n{\"loss\": 1}\n" + metrics);
  EXPECT_EQ(note(),
            "a/metrics.jsonl:31: the line has brackets nested deeper than 100 levels; it and 1 more line are "
            "left out\n");
  EXPECT_EQ(DataOf(folder_.Read("report.html"))[0]["lines"].size(), 60U);
  folder_.Write("a/metrics.jsonl", "");
  EXPECT_EQ(note(), "a/metrics.jsonl: has no line with metrics yet\n");
  folder_.Write("a/metrics.jsonl", metrics);
  folder_.Write("a/model.pbtxt", "name: ");
  EXPECT_THAT(note(), HasSubstr("a/model.pbtxt:1:"));
}

TEST_F(ReportTest, PicturesAreRegularPngFilesOfSomeMegabytes) {
  TrainInto("a", {"--grid", "w"});
  ASSERT_EQ(mkfifo(folder_.Path("a/pipe.png").c_str(), 0600), 0);
  folder_.Write("a/text.png", "no picture");
  folder_.Write("a/large.png", folder_.Read("a/grid.png") + std::string(16'000'000, 'x'));
  std::filesystem::create_symlink("nowhere", folder_.Path("a/link.png"));
  const ToolResult result = Run({"report", "a"});
  EXPECT_EQ(result.exit_code, 0);
  for (const std::string note :
       {"a/pipe.png: is not a regular file; it is left out\n",
        "a/text.png: is not a PNG file; it is left out\n",
        "a/large.png: takes 16.0 MB, but a picture of a report may take 16.0 MB; it is left out\n",
        "a/link.png: cannot look up: No such file or directory; it is left out\n"}) {
    EXPECT_THAT(result.err, HasSubstr(note));
  }
  EXPECT_THAT(folder_.Read("report.html"), ContainsRegex("a/grid.png"));
  EXPECT_THAT(folder_.Read("report.html"), Not(HasSubstr("<figcaption>a/pipe.png")));
}

TEST_F(ReportTest, AFolderIsShownOnce) {
  TrainInto("a", {});
  std::filesystem::create_directory_symlink("a", folder_.Path("latest"));
  const ToolResult result = Run({"report", "a", "./a/", "latest"});
  EXPECT_EQ(result.out, "1 run -> report.html\n");
  EXPECT_EQ(
      result.err,
      "./a/: is the same folder as a; it is shown once\nlatest: is the same folder as a; it is shown once\n");
}

TEST_F(ReportTest, TheLastOfEqualKeysCountsAndNullIsNotFinite) {
  TrainInto("a", {});
  folder_.Write("a/metrics.jsonl",
                "\xEF\xBB\xBF{\"episode\": 1, \"loss\": 2, \"loss\": 3}\n"
                "{\"episode\": 2, \"loss\": null}\n");
  Output({"report", "a"});
  const std::string page = folder_.Read("report.html");
  EXPECT_EQ(DataOf(page)[0]["lines"][0]["loss"], 3);
  EXPECT_THAT(page, HasSubstr("<b>not finite</b><small>least 3 at 1<br>greatest 3 at 1</small>"));
}

TEST_F(ReportTest, AStoppedRunHasItsEnd) {
  TrainInto("a", {});
  nlohmann::json record = nlohmann::json::parse(folder_.Read("a/run.json"));
  record.erase("finished");
  record.update(
      {{"episodes", 66}, {"total_episodes", 100}, {"stopped", "2018-06-28T09:00:00Z"}, {"seconds", 77.25}});
  folder_.Write("a/run.json", record.dump());
  Output({"report", "a"});
  const std::string page = folder_.Read("report.html");
  EXPECT_THAT(page, HasSubstr("<td>66 of 100<small>stopped; the last line of metrics is at 60</small></td>"));
  EXPECT_THAT(page, HasSubstr("<td>stopped 2018-06-28T09:00:00Z</td>"));
  EXPECT_THAT(page, ContainsRegex("time in training</th><td>77.[23] s</td>"));
  EXPECT_EQ(DataOf(page)[0]["stopped"], 66);
}

TEST_F(ReportTest, EvaluationsAreShown) {
  TrainInto("a", {});
  Output({"report", "a"});
  EXPECT_THAT(folder_.Read("report.html"), Not(HasSubstr("Evaluations by")));
  folder_.Write(
      "a/evaluations.jsonl",
      "{\"time\": \"2018-06-28T09:00:00Z\", \"checkpoint\": \"<best>\", \"episode\": 40, \"settings\": "
      "[\"train.seed=2\"], \"episodes\": 1000, \"loss\": 0.125, \"metrics\": {\"error_rate\": null}}\n");
  Output({"report", "a"});
  EXPECT_THAT(folder_.Read("report.html"),
              HasSubstr("<td>&lt;best&gt;</td><td>40</td><td>1,000</td><td>train.seed=2</td><td>0.125</td>"
                        "<td>not finite</td><td>2018-06-28T09:00:00Z</td></tr>"));
}

TEST_F(ReportTest, FaultsAreSaid) {
  EXPECT_THAT(Fault(2, {"report"}), HasSubstr("RUN_DIR"));
  EXPECT_THAT(Fault(2, {"report", "none"}), HasSubstr("none: holds no run (no metrics.jsonl)"));
  Train();
  EXPECT_THAT(Fault(1, {"report", "run", "-o", "no/folder/r.html"}), HasSubstr("no/folder/r.html"));
  const auto fault = [&](const std::string& grid) {
    return Fault(2, {"train", "small.pbtxt", "--run-dir", "x", "--grid", grid});
  };
  EXPECT_THAT(fault("uw"), HasSubstr("--grid uw: small.pbtxt has no value of this name"));
  EXPECT_THAT(fault("y"), HasSubstr("--grid y: its shape [12] is not an image"));
  EXPECT_THAT(fault("hebb@13"), HasSubstr("--grid hebb@13: there is no such step; the value has 13 steps"));
}

}  // namespace
}  // namespace plgraph
