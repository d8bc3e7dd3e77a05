#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "core/print.h"
#include "tools/cli/commands.h"
#include "tools/cli/machine.h"
#include "tools/cli/model_options.h"
#include "tools/cli/output_paths.h"
#include "tools/report/report_page.h"

namespace plgraph {
namespace {

struct Options {
  std::vector<std::string> folders;
  std::string output = "report.html";
};

// Each folder once, under the first of its names.
std::vector<std::string> FoldersOf(const Options& options, FileSystem& files) {
  std::vector<std::string> folders;
  std::map<std::string, std::string> names;  // by the resolved path
  for (const std::string& folder : options.folders) {
    const auto [first, added] =
        names.try_emplace(files.Exists(folder) ? files.Resolve(folder) : folder, folder);
    if (added) {
      folders.push_back(folder);
    } else {
      PrintNote(fmt::format("{}: is the same folder as {}; it is shown once", folder, first->second));
    }
  }
  return folders;
}

int Report(const Options& options) {
  Machine machine(1);
  std::vector<ReportRun> runs;
  std::vector<std::string> read;
  for (const std::string& folder : FoldersOf(options, machine.files())) {
    runs.push_back(ReadReportRun(machine.files(), folder));
    for (const std::string& note : runs.back().notes) PrintNote(note);
    for (const std::string& path : FilesOfRun(machine.files(), folder)) read.push_back(path);
  }
  std::FILE* text = CheckOutputs({{"--output " + options.output, options.output}}, read);
  const std::string page = ReportPage(runs);
  WriteFileAtomically(machine.files(), options.output, std::as_bytes(std::span(page)));
  Print(text, "{} {} -> {}\n", runs.size(), runs.size() == 1 ? "run" : "runs", options.output);
  return 0;
}

}  // namespace

void AddReportCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("report", "Show runs side by side on one HTML page");
  command->footer(
      "The page holds all it needs: curves of the loss and of each metric, a table of the runs with what "
      "differs\n"
      "between them, what `plgraph eval` measured of them, the pictures (*.png) in their folders, and the "
      "model with\n"
      "its phases, as `plgraph compile` shows them. It may be made while a run is going on. What cannot be "
      "read is\n"
      "left out and named on stderr and at the end of the page.\n\n"
      "Examples:\n"
      "  plgraph report runs/a\n"
      "  plgraph report runs/a runs/b runs/c -o compared.html");
  auto options = std::make_shared<Options>();
  command->add_option("RUN_DIR", options->folders, "The folders of the runs")->required();
  command->add_option("-o,--output", options->output, "The page, - for stdout (default: report.html)");
  command->callback([options, &action] { action = [options] { return Report(*options); }; });
}

}  // namespace plgraph
