#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CliTest, HelpTeachesEveryCommand) {
  const std::string help = Output({"--help"});
  for (const std::string command :
       {"compile", "train", "eval", "run", "report", "gradcheck", "bench", "checkpoint", "ops"}) {
    EXPECT_THAT(help, HasSubstr(command));
    if (command == "checkpoint") continue;
    const std::string own = Output({command, "--help"});
    EXPECT_THAT(own, HasSubstr("Example")) << command;
    EXPECT_THAT(own, HasSubstr("plgraph " + command)) << command;
  }
  EXPECT_THAT(Output({"checkpoint", "show", "--help"}), HasSubstr("plgraph checkpoint show"));
  EXPECT_THAT(Output({"checkpoint", "export", "--help"}), HasSubstr("plgraph checkpoint export"));
  EXPECT_THAT(Output({"checkpoint", "verify", "--help"}), HasSubstr("plgraph checkpoint verify"));
}

TEST_F(CliTest, WrongUsageIsExitCodeTwo) {
  EXPECT_THAT(Fault(2, {}), HasSubstr("subcommand"));
  EXPECT_THAT(Fault(2, {"trian"}), Not(IsEmpty()));
  EXPECT_THAT(Fault(2, {"train"}), HasSubstr("MODEL"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt"}), HasSubstr("--run-dir"));
  EXPECT_THAT(Fault(2, {"train", "small.pbtxt", "--run-dir", "run", "--fast"}), HasSubstr("--fast"));
  EXPECT_THAT(Fault(2, {"eval", "small.pbtxt"}), HasSubstr("--checkpoint"));
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--emit", "svg"}), HasSubstr("svg"));
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--threads", "-1"}), HasSubstr("--threads"));
  EXPECT_THAT(Fault(2, {"checkpoint"}), HasSubstr("subcommand"));
}

TEST_F(CliTest, AMissingModelIsExitCodeTwo) {
  for (const std::string command : {"compile", "gradcheck", "bench"}) {
    EXPECT_THAT(Fault(2, {command, "nowhere.pbtxt"}), HasSubstr("nowhere.pbtxt"));
  }
  EXPECT_THAT(Fault(2, {"train", "nowhere.pbtxt", "--run-dir", "run"}), HasSubstr("nowhere.pbtxt"));
}

TEST_F(CliTest, EveryFaultOfAModelIsReported) {
  folder_.Write("bad.pbtxt",
                "dim { name: \"n\" size: 3 }\n"
                "input { name: \"x\" shape: \"n\" }\n"
                "node { name: \"a\" tanh { x: \"xx\" } }\n"
                "node { name: \"b\" tnah { x: \"x\" } }\n"
                "state { name: \"s\" shape: \"n\" }\n");
  const std::string fault = Fault(2, {"compile", "bad.pbtxt"});
  EXPECT_THAT(fault, HasSubstr("bad.pbtxt:3:"));
  EXPECT_THAT(fault, HasSubstr("bad.pbtxt:4:"));
  EXPECT_THAT(fault, HasSubstr("bad.pbtxt:5:"));
  EXPECT_THAT(fault, HasSubstr("did you mean"));
}

TEST_F(CliTest, OverridesAreChecked) {
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--set", "train.bacth=3"}), HasSubstr("bacth"));
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--set", "train.batch=three"}), HasSubstr("three"));
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--set", "train.batch=0"}), HasSubstr("batch"));
  EXPECT_THAT(Fault(2, {"compile", "small.pbtxt", "--set", "n"}), HasSubstr("n"));
  EXPECT_THAT(Output({"compile", "small.pbtxt", "--set", "n=20", "--set", "train.batch=3"}),
              HasSubstr("batch 3"));
  // An override does not swallow the model behind it.
  EXPECT_THAT(Output({"compile", "--set", "n=20", "small.pbtxt"}), HasSubstr("[20, 20]"));
}

TEST_F(CliTest, OpsAreListedAndExplained) {
  const std::string list = Output({"ops"});
  EXPECT_THAT(list, HasSubstr("plastic_matmul"));
  EXPECT_THAT(list, HasSubstr("sign_error"));
  EXPECT_THAT(Output({"ops", "HebbianTrace"}), HasSubstr("eligibility"));
  EXPECT_EQ(Output({"ops", "HebbianTrace"}), Output({"ops", "hebbian_trace"}));
  EXPECT_THAT(Fault(2, {"ops", "HebianTrace"}), HasSubstr("did you mean"));
}

}  // namespace
}  // namespace plgraph
