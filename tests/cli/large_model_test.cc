// Models that are large: read and compiled, or refused, in bounded memory. No time is asserted here.
#include <fmt/format.h>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

constexpr int kNodes = 100'000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kMostMemory = 16L << 30;  // a sanitizer's own is in it
#else
constexpr long kMostMemory = 1L << 30;
#endif

// A chain of tanh whose i-th node reads what `operand(i)` names.
template <typename Operand>
std::string Chain(const Operand& operand) {
  std::string text =
      "input { name: \"cue\" shape: \"4\" }\ninput { name: \"target\" shape: \"4\" }\n"
      "parameter { name: \"w\" shape: \"4\" normal { } }\nnode { name: \"n0\" add { a: \"cue\" b: \"w\" } "
      "}\n";
  for (int i = 1; i < kNodes - 1; ++i) {
    text += fmt::format("node {{ name: \"n{}\" tanh {{ x: \"{}\" }} }}\n", i, operand(i));
  }
  return text + fmt::format(
                    "node {{ name: \"e\" squared_error {{ prediction: \"n{}\" target: \"target\" }} }}\n"
                    "loss {{ value: \"e\" }}\n"
                    "train {{ adam {{ }} data {{ patterns {{ }} }} }}\n",
                    kNodes - 2);
}

TEST_F(CliTest, AChainOf100000NodesCompiles) {
  folder_.Write("chain.pbtxt", Chain([](int i) { return fmt::format("n{}", i - 1); }));
  const ToolResult result = Run({"compile", "chain.pbtxt"});
  EXPECT_EQ(result.exit_code, 0) << result.err.substr(0, 1000);
  EXPECT_LT(result.peak_bytes, kMostMemory);
}

TEST_F(CliTest, FaultsBeyondTheFirstHundredAreCounted) {
  folder_.Write("bad.pbtxt", Chain([](int i) { return fmt::format("m{}", i - 1); }));
  const ToolResult result = Run({"compile", "bad.pbtxt"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bad.pbtxt:5:29: node \"n1\" (Tanh): operand \"x\" is \"m0\""));
  EXPECT_THAT(result.err, HasSubstr("bad.pbtxt: and 99898 more\n"));
  EXPECT_LT(result.err.size(), 20'000U);
  EXPECT_LT(result.peak_bytes, kMostMemory);
}

TEST_F(CliTest, ATextOf100MegabytesIsRead) {
  std::string text = folder_.Read("small.pbtxt");
  const std::string comment = "# " + std::string(97, 'x') + "\n";
  text.reserve(text.size() + 1'000'000 * comment.size());
  for (int i = 0; i < 1'000'000; ++i) text += comment;
  folder_.Write("long.pbtxt", text);
  const ToolResult result = Run({"compile", "long.pbtxt"});
  EXPECT_EQ(result.exit_code, 0) << result.err.substr(0, 1000);
  EXPECT_LT(result.peak_bytes, kMostMemory);
}

}  // namespace
}  // namespace plgraph
