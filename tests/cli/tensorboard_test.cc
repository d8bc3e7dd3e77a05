// What `train --tensorboard` writes, read by TensorBoard's own reader.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/file_system.h"
#include "serialization/state/checkpoint.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kSource = PLGRAPH_SOURCE_DIR;
const std::string kPython = kSource + "/build/tensorboard/bin/python3";

class TensorBoardTest : public CliTest {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(kPython)) return;
    ASSERT_EQ(std::getenv("CI"), nullptr)
        << "tools/install_dependencies.sh --checks did not make " << kPython;
    GTEST_SKIP() << "tools/install_dependencies.sh --checks installs TensorBoard, whose reader this needs";
  }

  void TrainUpTo(const std::string& episodes, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"train",         "small.pbtxt",
                                          "--run-dir",     "run",
                                          "--tensorboard", "--grid",
                                          "w,alpha",       "--grid-range=-1,1",
                                          "--set",         "train.evaluation.every=20",
                                          "--set",         "train.episodes=" + episodes};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Output(arguments);
  }

  nlohmann::json Events() {
    const std::string command = kPython + " " + kSource + "/tests/cli/read_events.py " +
                                folder_.Path("run/tensorboard") + " > " + folder_.Path("events.json") +
                                " 2> " + folder_.Path("events.log");
    EXPECT_EQ(std::system(command.c_str()), 0) << folder_.Read("events.log");
    return nlohmann::json::parse(folder_.Read("events.json"));
  }

  // Every number of metrics.jsonl but the time is in the events, and nothing else but the learning rate.
  void ExpectScalarsAreTheMetrics(const nlohmann::json& events) {
    std::map<std::string, std::vector<std::pair<int, float>>> expected;
    std::istringstream text(folder_.Read("run/metrics.jsonl"));
    for (std::string line; std::getline(text, line);) {
      const nlohmann::json json = nlohmann::json::parse(line);
      for (const auto& [key, value] : json.items()) {
        if (key == "episode" || key == "seconds") continue;
        const bool evaluation = key.starts_with("evaluation_");
        expected[evaluation ? key.substr(11) + "/evaluation" : key + "/training"].emplace_back(
            json["episode"].get<int>(), value.get<float>());
      }
      expected["learning_rate"].emplace_back(json["episode"].get<int>(), 3e-3F);
    }
    std::map<std::string, std::vector<std::pair<int, float>>> found;
    for (const auto& [tag, points] : events["scalars"].items()) {
      for (const auto& point : points) found[tag].emplace_back(point[0].get<int>(), point[1].get<float>());
    }
    EXPECT_EQ(found, expected);
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(TensorBoardTest, ItsReaderFindsEveryNumber) {
  TrainUpTo("60", {});
  const nlohmann::json events = Events();
  EXPECT_EQ(events["version"], 2);
  ExpectScalarsAreTheMetrics(events);
  EXPECT_EQ(events["scalars"]["loss/evaluation"].size(), 3U);
}

TEST_F(TensorBoardTest, ItsReaderFindsEveryHistogram) {
  TrainUpTo("60", {});
  const nlohmann::json histograms = Events()["histograms"];
  std::vector<std::string> tags;
  for (const auto& [tag, all] : histograms.items()) {
    tags.push_back(tag);
    ASSERT_EQ(all.size(), 4U) << tag;  // at the start and after episodes 20, 40 and 60
    EXPECT_EQ(all[3][0], 60);
  }
  EXPECT_THAT(tags, ::testing::UnorderedElementsAre("parameters/w", "parameters/alpha", "parameters/eta",
                                                    "parameters/fixed", "states/y", "states/hebb"));
  EXPECT_EQ(histograms["states/hebb"][3][3], 2 * 144);  // of the batch
  const Checkpoint checkpoint = ReadCheckpoint(*files_, folder_.Path("run/last.ckpt"));
  for (const NamedTensor& parameter : checkpoint.parameters) {
    const std::vector<double> numbers = parameter.tensor.As<double>();
    const nlohmann::json& found = histograms["parameters/" + parameter.name][3];
    EXPECT_EQ(found[1], *std::min_element(numbers.begin(), numbers.end()));
    EXPECT_EQ(found[2], *std::max_element(numbers.begin(), numbers.end()));
    EXPECT_EQ(found[3], numbers.size());
    double sum = 0;
    double squares = 0;
    for (const double number : numbers) sum += number, squares += number * number;
    EXPECT_NEAR(found[4].get<double>(), sum, 1e-9);
    EXPECT_NEAR(found[5].get<double>(), squares, 1e-9);
    // Each bucket holds what is above the limit before and not above its own, but for rounding.
    double below = 0;
    for (size_t i = 0; i < found[6].size(); ++i) {
      below += found[7][i].get<double>();
      const double limit = found[6][i].get<double>();
      EXPECT_EQ(below, std::count_if(numbers.begin(), numbers.end(), [&](double n) { return n <= limit; }));
    }
    EXPECT_EQ(below, numbers.size());
  }
}

TEST_F(TensorBoardTest, ItsReaderFindsThePicture) {
  TrainUpTo("60", {});
  const nlohmann::json images = Events()["images"];
  ASSERT_EQ(images.size(), 1U);
  ASSERT_EQ(images["samples"].size(), 4U);
  const nlohmann::json& last = images["samples"][3];
  EXPECT_EQ(last[0], 60);
  EXPECT_EQ(last[1], 4 + 2 * (120 + 4));  // 12 x 12 numbers, ten times as large
  EXPECT_EQ(last[2], 4 + 120 + 4);
  folder_.Write("text", last[3].get<std::string>());
  EXPECT_EQ(std::system(("base64 -d " + folder_.Path("text") + " > " + folder_.Path("image.png")).c_str()),
            0);
  EXPECT_EQ(folder_.Read("image.png"), folder_.Read("run/grid.png"));
}

TEST_F(TensorBoardTest, AResumedRunRepeatsNothing) {
  TrainUpTo("40", {});
  TrainUpTo("60", {"--resume"});
  const nlohmann::json events = Events();
  ExpectScalarsAreTheMetrics(events);
  EXPECT_EQ(events["histograms"]["parameters/w"].size(), 4U);
  EXPECT_EQ(files_->List(folder_.Path("run/tensorboard")).size(), 2U);
}

}  // namespace
}  // namespace plgraph
