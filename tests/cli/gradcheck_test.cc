// `plgraph gradcheck` on every model that comes with plgraph, small and on a few images.
#include <algorithm>
#include <filesystem>

#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class GradcheckTest : public CliTest {
 protected:
  void WriteModel(const std::string& nodes) {
    WriteNpy(*files_, folder_.Path("x.npy"),
             Tensor(Shape{2, 3, 2}, std::vector<float>{0.2F, -1.8F, 1.4F, -0.9F, -0.2F, 0.7F, 0.3F, 1.1F,
                                                       -0.6F, -0.8F, 0.9F, -1.3F}));
    folder_.Write("m.pbtxt",
                  "input { name: \"x\" shape: \"2\" }\n" + nodes +
                      "\nloss { value: \"e\" at: EVERY_STEP }\ntrain { batch: 2 sgd {} data { npy { array { "
                      "input: \"x\" path: \"x.npy\" } } } }\n");
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(GradcheckTest, HoldsWhatStopGradientSays) {
  WriteModel(R"(parameter { name: "w" shape: "2" constant { value: 0.5 } }
node { name: "y" mul { a: "x" b: "w" } }
node { name: "s" stop_gradient { x: "y" } }
node { name: "e" dot { a: "y" b: "s" } })");
  const std::string text = Output({"gradcheck", "m.pbtxt"});
  EXPECT_THAT(text, HasSubstr(": passed"));
  EXPECT_THAT(text, Not(HasSubstr("kink")));
  // Of a plan too, whose graph has no StopGradient any more.
  Output({"compile", "m.pbtxt", "-o", "m.plan"});
  EXPECT_THAT(Output({"gradcheck", "m.plan", "--float"}), HasSubstr(": passed"));
}

TEST_F(GradcheckTest, GoesBesideAPointThatIsAKink) {
  WriteModel(R"(parameter { name: "bias" shape: "2" constant {} }
parameter { name: "w" shape: "2" constant { value: 0.5 } }
node { name: "zero" sub { a: "x" b: "x" } }
node { name: "biased" add { a: "zero" b: "bias" } }
node { name: "active" relu { x: "biased" } }
node { name: "y" mul { a: "x" b: "w" } }
node { name: "sum" add { a: "y" b: "active" } }
node { name: "e" dot { a: "sum" b: "sum" } })");
  const std::string text = Output({"gradcheck", "m.pbtxt"});
  EXPECT_THAT(
      text,
      HasSubstr("\n  bias: the slopes on both sides of the point differ: checked 0.001 of the parameters' "
                "size beside it\n"));
  EXPECT_THAT(text, HasSubstr(": passed"));
}

TEST_F(GradcheckTest, SaysThatAKeptStateStartsOnce) {
  WriteModel(R"(parameter { name: "y0" shape: "2" constant { value: 0.5 } }
state { name: "y" shape: "2" next: "y2" initial_parameter: "y0" lifetime: KEPT }
node { name: "d" add { a: "y" b: "x" } }
node { name: "y2" tanh { x: "d" } }
node { name: "e" dot { a: "y2" b: "y2" } })");
  const ToolResult result = Run({"gradcheck", "m.pbtxt"});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.err,
              HasSubstr("m.pbtxt:3:60: warning: state \"y\": initial_parameter \"y0\" is trained, but a KEPT "
                        "state starts from it only once"));
}

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PLGRAPH_SOURCE_DIR "/models")) {
    if (entry.path().extension() == ".pbtxt") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  // There a model takes ten times as long: one of each kind.
  names = {"fashion_classify", "mnist_stream", "neuromodulated", "oja", "pattern_completion", "retroactive"};
#endif
  return names;
}

class GradcheckOfModel : public CliTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(GradcheckOfModel, Passes) {
  const std::string& name = GetParam();
  std::vector<std::string> arguments = {"gradcheck", PLGRAPH_SOURCE_DIR "/models/" + name + ".pbtxt",
                                        "--threads", "1",
                                        "--set",     "train.batch=1"};
  const auto set = [&](const std::string& assignment) {
    arguments.insert(arguments.end(), {"--set", assignment});
  };
  const auto is = [&](const std::string& task) { return name.find(task) != std::string::npos; };
  const std::string episode = "train.data.images.episode.";
  if (is("fashion") || is("mnist") || is("image")) {
    const std::string data =
        PLGRAPH_SOURCE_DIR "/tests/data/" + std::string(is("mnist") ? "mnist" : "fashion-mnist");
    set("train.data.images.idx.images=" + data + "-images-idx3-ubyte.gz");
    set("train.data.images.idx.labels=" + data + "-labels-idx1-ubyte.gz");
    if (is("classify")) set("features=16");
    if (is("denoise") || is("stream")) set("code=16");
    if (is("denoise") || is("image")) set(episode + "samples=1");
    if (is("image")) set(episode + "presentations=1");
    if (is("stream")) set(episode + "samples=2");
  } else {
    set("n=16");
  }
  EXPECT_THAT(Output(arguments), HasSubstr(": passed"));
}

INSTANTIATE_TEST_SUITE_P(All, GradcheckOfModel, ::testing::ValuesIn(ModelNames()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace plgraph
