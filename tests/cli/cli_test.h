#ifndef PLGRAPH_TESTS_CLI_CLI_TEST_H_
#define PLGRAPH_TESTS_CLI_CLI_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cli/tool.h"
#include "tests/support/temp_folder.h"
#include "tests/training/small_model.h"

namespace plgraph {

/// A folder with small.pbtxt, in which the tool is run.
class CliTest : public ::testing::Test {
 protected:
  CliTest() { folder_.Write("small.pbtxt", kSmallModel); }

  ToolResult Run(const std::vector<std::string>& arguments) { return RunTool(arguments, folder_.Path("")); }

  /// Runs the tool, which must succeed; returns what it printed.
  std::string Output(const std::vector<std::string>& arguments) {
    const ToolResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(arguments) << "\n" << result.err;
    return result.out;
  }

  /// Runs the tool, which must end with this exit code, say something on stderr and nothing on stdout.
  std::string Fault(int exit_code, const std::vector<std::string>& arguments) {
    const ToolResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << ::testing::PrintToString(arguments) << "\n" << result.err;
    EXPECT_EQ(result.out, "") << ::testing::PrintToString(arguments);
    return result.err;
  }

  /// A trained run in the folder "run".
  void Train() { Output({"train", "small.pbtxt", "--run-dir", "run"}); }

  TempFolder folder_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_CLI_CLI_TEST_H_
