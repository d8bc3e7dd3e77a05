// What the tool does when threads or memory are refused: it goes on with fewer, or ends with a sentence.
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

class Resources : public CliTest {};

// A variable that would make BLIS end the process.
TEST_F(Resources, NoVariableChoosesKernelsThatAreNotThere) {
  const ToolResult result =
      RunTool({"gradcheck", "small.pbtxt"}, folder_.Path(""), {.environment = {"BLIS_ARCH_TYPE=99"}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "warning: BLIS_ARCH_TYPE is ignored; the kernels are chosen by the CPU\n");
  EXPECT_EQ(result.out, Output({"gradcheck", "small.pbtxt"}));
}

// A sanitizer takes more address space than any limit leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

constexpr std::int64_t kMegabyte = 1 << 20;

TEST_F(Resources, ThreadsThatCannotBeStartedAreGoneWithout) {
  // 64 stacks take 512 MB.
  const ToolSetting limit = {.most_memory = 300 * kMegabyte};
  for (const Words& command :
       {Words{"compile", "small.pbtxt"}, Words{"train", "small.pbtxt", "--run-dir", "few"}}) {
    Words many = command;
    many.insert(many.end(), {"--threads", "64"});
    const ToolResult result = RunTool(many, folder_.Path(""), limit);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err,
                ::testing::ContainsRegex("^warning: only [0-9]+ of 64 threads could be started; the "
                                         "results are the same\n"));
  }
  Train();
  EXPECT_EQ(folder_.Read("few/last.ckpt"), folder_.Read("run/last.ckpt"));
}

// From what is hardly enough to start on to what is enough for all.
TEST_F(Resources, TooLittleMemoryIsASentence) {
  Train();
  const std::string best = "run/best.ckpt";
  const Words large = {"--set", "n=100", "--set", "train.batch=8", "--threads", "2"};
  std::vector<Words> commands = {{"compile", "small.pbtxt"},
                                 {"train", "small.pbtxt", "--run-dir", "new"},
                                 {"gradcheck", "small.pbtxt"},
                                 {"bench", "small.pbtxt", "--updates", "1"}};
  for (Words& command : commands) command.insert(command.end(), large.begin(), large.end());
  commands.insert(commands.end(),
                  {{"eval", "small.pbtxt", "--checkpoint", best},
                   {"run", "small.pbtxt", "--checkpoint", best, "--episodes", "9", "--output", "hebb=h.npy"},
                   {"report", "run"},
                   {"checkpoint", "show", best},
                   {"checkpoint", "export", best, "w.npz"},
                   {"ops"}});
  for (const Words& command : commands) {
    for (std::int64_t megabytes = 40; megabytes <= 200; megabytes += 20) {
      std::filesystem::remove_all(folder_.Path("new"));
      const ToolResult result = RunTool(command, folder_.Path(""), {.most_memory = megabytes * kMegabyte});
      SCOPED_TRACE(::testing::PrintToString(command) + " in " + std::to_string(megabytes) +
                   " MB: " + result.err);
      EXPECT_THAT(result.exit_code, ::testing::AnyOf(0, 1));
      EXPECT_THAT(result.err, Not(HasSubstr("unexpected failure")));
      EXPECT_TRUE(result.exit_code == 0 || !result.err.empty());
    }
  }
}

#endif

}  // namespace
}  // namespace plgraph
