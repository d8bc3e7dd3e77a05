// What `eval` and `train` say of the data that an evaluation was made on.
#include <nlohmann/json.hpp>

#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"
#include "tests/support/image_files.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EvalDataTest : public CliTest {
 protected:
  EvalDataTest() {
    WriteNpy(*files_, folder_.Path("x.npy"), Tensor(Shape{4, 3, 2}, std::vector<float>(24, 1)));
    folder_.Write("i", Idx({6, 1, 2}, "abcdefghijkl"));
  }

  // A model of one input of two numbers, which is fed by `data`; `more` stands in its `train`.
  void Model(const std::string& input, const std::string& data, const std::string& more = "") {
    folder_.Write("m.pbtxt", "input { name: \"" + input + "\" shape: \"2\" }\n" +
                                 "parameter { name: \"w\" shape: \"2\" constant { value: 0.5 } }\n" +
                                 "node { name: \"y\" dot { a: \"" + input + "\" b: \"w\" } }\n" +
                                 "node { name: \"e\" square { x: \"y\" } }\n" +
                                 "loss { value: \"e\" at: EVERY_STEP }\n" +
                                 "train { episodes: 4 batch: 2 sgd {} data { " + data + " } " + more +
                                 " }\n");
  }

  std::string TrainAndEval(const std::vector<std::string>& more = {}) {
    const std::string run = "run" + std::to_string(runs_++);
    Output({"train", "m.pbtxt", "--run-dir", run});
    std::vector<std::string> arguments = {"eval", "m.pbtxt", "--checkpoint", run + "/last.ckpt"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Output(arguments);
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  int runs_ = 0;
};

constexpr const char* kNpy = "npy { array { input: \"x\" path: \"x.npy\" } }";

TEST_F(EvalDataTest, TheEpisodesOfTrainingAreNotCalledUnseen) {
  Model("x", kNpy);
  EXPECT_THAT(
      TrainAndEval(),
      StartsWith("4 distinct episodes of npy x.npy; training sees all of them (100 were asked for)\nloss "));
  const auto json = nlohmann::json::parse(TrainAndEval({"--json", "--episodes", "3"}));
  EXPECT_EQ(json["episodes"], 3);
  EXPECT_EQ(json["data"], nlohmann::json::parse(R"({"name": "npy x.npy", "distinct_episodes": 3, "records": 4,
                                                    "record_name": "episodes", "seen_by_training": 4})"));
}

TEST_F(EvalDataTest, AnotherPartOfAFileIsUnseen) {
  Model("x", "npy { array { input: \"x\" path: \"x.npy\" } episodes: 2 }",
        std::string("evaluation { every: 2 data { npy { array { input: \"x\" path: \"x.npy\" } "
                    "first_episode: 2 } } }"));
  const ToolResult trained = Run({"train", "m.pbtxt", "--run-dir", "other"});
  EXPECT_THAT(trained.err,
              HasSubstr("evaluation: 2 distinct episodes of npy x.npy; training sees none of them\n"));
  EXPECT_THAT(TrainAndEval(), StartsWith("2 distinct episodes of npy x.npy; training sees none of them"));
}

TEST_F(EvalDataTest, EveryImageIsMeasuredOnce) {
  Model("image",
        "images { idx { images: \"i\" } episode { samples: 1 show_steps: 2 gap_steps: 0 query: NONE } }");
  EXPECT_THAT(TrainAndEval({"--episodes", "20000"}),
              StartsWith("6 distinct episodes of images i, from 6 images; training sees all of them "
                         "(20000 were asked for)\n"));
  Model("image", "images { idx { images: \"i\" } held_out: 0.5 }");
  EXPECT_THAT(TrainAndEval({"--episodes", "2"}),
              StartsWith("2 distinct episodes of images i, from 3 images; training sees none of them\n"));
}

TEST_F(EvalDataTest, SaysThatOneIsTakenForWhite) {
  folder_.Write("i", Idx({3, 1, 2}, std::string("\0\1\1\0\1\1", 6)));
  Model("image", "images { idx { images: \"i\" } }");
  const std::string note = "i: no pixel is over 1, so 1 is taken as white\n";
  EXPECT_THAT(Run({"train", "m.pbtxt", "--run-dir", "run"}).err, HasSubstr(note));
  EXPECT_THAT(Run({"eval", "m.pbtxt", "--checkpoint", "run/last.ckpt"}).err, HasSubstr(note));
  EXPECT_THAT(Run({"compile", "m.pbtxt"}).err, HasSubstr(note));
}

}  // namespace
}  // namespace plgraph
