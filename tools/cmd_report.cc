#include <CLI/CLI.hpp>
#include <memory>

#include "core/print.h"
#include "tools/commands.h"
#include "tools/machine.h"
#include "tools/report_page.h"

namespace plgraph {
namespace {

struct Options {
  std::vector<std::string> folders;
  std::string output = "report.html";
};

int Report(const Options& options) {
  Machine machine(1);
  std::vector<ReportRun> runs;
  for (const std::string& folder : options.folders) runs.push_back(ReadReportRun(machine.files(), folder));
  const std::string page = ReportPage(runs);
  WriteFileAtomically(machine.files(), options.output, std::as_bytes(std::span(page)));
  Print(stdout, "{} {} -> {}\n", runs.size(), runs.size() == 1 ? "run" : "runs", options.output);
  return 0;
}

}  // namespace

void AddReportCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("report", "Show runs side by side on one HTML page");
  command->footer(
      "The page holds all it needs: curves of the loss and of each metric, a table of the runs with what "
      "differs\n"
      "between them, the pictures (*.png) in their folders, and the model with its phases. It may be made "
      "while a\n"
      "run is going on.\n\n"
      "Examples:\n"
      "  plgraph report runs/a\n"
      "  plgraph report runs/a runs/b runs/c -o compared.html");
  auto options = std::make_shared<Options>();
  command->add_option("RUN_DIR", options->folders, "The folders of the runs")->required();
  command->add_option("-o,--output", options->output, "The page (default: report.html)");
  command->callback([options, &action] { action = [options] { return Report(*options); }; });
}

}  // namespace plgraph
