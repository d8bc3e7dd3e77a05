// Models that are large: read and compiled, or refused, in bounded memory. No time is asserted here.
#include <fmt/format.h>

#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

constexpr int kNodes = 100'000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kMostMemory = 16L << 30;  // a sanitizer's own is in it
constexpr long kMostGraphMemory = kMostMemory;
#else
constexpr long kMostMemory = 1L << 30;
constexpr long kMostGraphMemory = 300L << 20;
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
  EXPECT_LT(result.peak_bytes, kMostGraphMemory);
}

// States s0, s1, ... each with a parameter and three nodes of its own, and a sum over them.
std::string ManyStates(int states) {
  std::string text = "input { name: \"cue\" shape: \"4\" }\ninput { name: \"target\" shape: \"4\" }\n";
  for (int i = 0; i < states; ++i) {
    text += fmt::format(
        "parameter {{ name: \"p{0}\" shape: \"4\" normal {{ }} }}\n"
        "state {{ name: \"s{0}\" shape: \"4\" next: \"t{0}\" }}\n"
        "node {{ name: \"m{0}\" mul {{ a: \"p{0}\" b: \"s{0}\" }} }}\n"
        "node {{ name: \"a{0}\" add {{ a: \"m{0}\" b: \"cue\" }} }}\n"
        "node {{ name: \"t{0}\" tanh {{ x: \"a{0}\" }} }}\n"
        "node {{ name: \"c{0}\" add {{ a: \"{1}\" b: \"t{0}\" }} }}\n",
        i, i == 0 ? "cue" : fmt::format("c{}", i - 1));
  }
  return text + fmt::format(
                    "node {{ name: \"e\" squared_error {{ prediction: \"c{}\" target: \"target\" }} }}\n"
                    "loss {{ value: \"e\" }}\n"
                    "train {{ adam {{ }} data {{ patterns {{ }} }} }}\n",
                    states - 1);
}

TEST_F(CliTest, AModelOf15000StatesCompiles) {
  folder_.Write("states.pbtxt", ManyStates(15'000));
  const ToolResult result = Run({"compile", "states.pbtxt"});
  EXPECT_EQ(result.exit_code, 0) << result.err.substr(0, 1000);
  EXPECT_LT(result.peak_bytes, kMostGraphMemory);
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
