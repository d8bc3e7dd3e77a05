// The command line: dispatch only. What a command does is in cmd_<verb>.cc.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <new>
#include <sstream>

#include "core/error.h"
#include "core/print.h"
#include "core/process.h"
#include "tools/cli/commands.h"
#include "tools/cli/wrong_usage.h"

namespace plgraph {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// Help goes to stdout and is a result; what is wrong with the command line goes to stderr. A wrong word comes first: of a
// mistyped option the parser says only that the right one is missing.
int TellParsing(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) {
    if (const std::string unknown = UnknownWord(app); !unknown.empty()) {
      Print(stderr, "{}\n", unknown);
      return kWrongUsage;
    }
  }
  std::ostringstream results;
  std::ostringstream messages;
  const int code = app.exit(error, results, messages);
  Print(stdout, "{}", results.str());
  Print(stderr, "{}", messages.str());
  return code == 0 ? 0 : kWrongUsage;
}

int RunCommand(int argc, char** argv) {
  CLI::App app(
      "plgraph: plastic neural networks, from a text file to a trained network.\n\n"
      "A model is a text file (.pbtxt) that describes one network at one time step; its language is "
      "documented in\n"
      "serialization/language/model.proto and serialization/language/ops.proto, and `plgraph ops` lists the "
      "ops. For a "
      "start:\n\n"
      "  plgraph compile models/oja.pbtxt\n"
      "  plgraph train models/oja.pbtxt --run-dir runs/oja\n"
      "  plgraph eval models/oja.pbtxt --checkpoint runs/oja/best.ckpt\n\n"
      "Exit codes: 0 done, 1 failed while running, 2 wrong usage or a fault in the model.\n"
      "`plgraph COMMAND --help` explains a command.",
      "plgraph");
  app.require_subcommand(1);
  app.set_version_flag("--version", "plgraph " PLGRAPH_VERSION);
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
    return TellParsing(app, error);
  }
  return action();
}

// The library of matrix products takes this variable for the number of its kernels, and ends the process if it has none
// of that number, or none that the CPU can run.
void ChooseKernelsByCpu() {
  if (std::getenv("BLIS_ARCH_TYPE") == nullptr) return;
  unsetenv("BLIS_ARCH_TYPE");
  WriteText(stderr, "warning: BLIS_ARCH_TYPE is ignored; the kernels are chosen by the CPU\n");
}

// Every fault ends here, as a sentence on stderr and an exit code.
int CatchFaults(int argc, char** argv) {
  try {
    return RunCommand(argc, argv);
  } catch (const Error& error) {
    Print(stderr, "{}\n", error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    WriteText(
        stderr,
        "plgraph: out of memory; close other programs, or choose smaller dims, a smaller batch or fewer "
        "steps\n");
  } catch (const std::exception& error) {
    Print(stderr, "plgraph: an unexpected failure, please report it: {}\n", error.what());
  }
  return kFailed;
}

}  // namespace
}  // namespace plgraph

int main(int argc, char** argv) {
  plgraph::PrepareProcess();
  plgraph::ChooseKernelsByCpu();
  const int code = plgraph::CatchFaults(argc, argv);
  const std::string fault = plgraph::StdoutFault();
  if (fault.empty()) return code;
  plgraph::Print(stderr, "{}\n", fault);
  return code == 0 ? plgraph::kFailed : code;
}
