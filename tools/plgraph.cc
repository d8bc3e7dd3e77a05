// The command line: dispatch only. What a command does is in cmd_<verb>.cc.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "core/error.h"
#include "tools/commands.h"

namespace plgraph {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Main(int argc, char** argv) {
  CLI::App app(
      "plgraph: plastic neural networks, from a text file to a trained network.\n\n"
      "A model is a text file (.pbtxt) that describes one network at one time step; its language is "
      "documented in\n"
      "serialization/model.proto and serialization/ops.proto, and `plgraph ops` lists the ops. For a "
      "start:\n\n"
      "  plgraph compile models/oja.pbtxt\n"
      "  plgraph train models/oja.pbtxt --run-dir runs/oja\n"
      "  plgraph eval models/oja.pbtxt --checkpoint runs/oja/best.ckpt\n\n"
      "Exit codes: 0 done, 1 failed while running, 2 wrong usage or a fault in the model.\n"
      "`plgraph COMMAND --help` explains a command.",
      "plgraph");
  app.require_subcommand(1);
  Action action;
  AddCompileCommand(app, action);
  AddTrainCommand(app, action);
  AddEvalCommand(app, action);
  AddRunCommand(app, action);
  AddReportCommand(app, action);
  AddGradcheckCommand(app, action);
  AddBenchCommand(app, action);
  AddCheckpointCommand(app, action);
  AddOpsCommand(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return action();
}

}  // namespace
}  // namespace plgraph

int main(int argc, char** argv) {
  try {
    return plgraph::Main(argc, argv);
  } catch (const plgraph::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    std::fputs(
        "plgraph: out of memory; close other programs, or choose smaller dims, a smaller batch or fewer "
        "steps\n",
        stderr);
    return plgraph::kFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "plgraph: an unexpected failure, please report it: {}\n", error.what());
    return plgraph::kFailed;
  }
}
