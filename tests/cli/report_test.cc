// The page that `report` writes.
#include <filesystem>
#include <fstream>
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

TEST_F(ReportTest, FaultsAreSaid) {
  EXPECT_THAT(Fault(2, {"report"}), HasSubstr("RUN_DIR"));
  EXPECT_THAT(Fault(2, {"report", "none"}), HasSubstr("none: holds no run (no metrics.jsonl)"));
  std::filesystem::create_directories(folder_.Path("empty"));
  folder_.Write("empty/metrics.jsonl", "");
  EXPECT_THAT(Fault(2, {"report", "empty"}), HasSubstr("empty/metrics.jsonl: has no line with metrics yet"));
  Train();
  EXPECT_THAT(Fault(1, {"report", "run", "-o", "no/folder/r.html"}), HasSubstr("no/folder/r.html"));
  const auto fault = [&](const std::string& grid) {
    return Fault(2, {"train", "small.pbtxt", "--run-dir", "x", "--grid", grid});
  };
  EXPECT_THAT(fault("uw"), HasSubstr("--grid uw: small.pbtxt has no value of this name"));
  EXPECT_THAT(fault("y"), HasSubstr("--grid y: its shape [12] is no image"));
  EXPECT_THAT(fault("hebb@13"), HasSubstr("--grid hebb@13: there is no such step; the value has 13 steps"));
}

}  // namespace
}  // namespace plgraph
