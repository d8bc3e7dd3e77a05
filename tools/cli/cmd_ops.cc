#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/print.h"
#include "serialization/language/op_reference.h"
#include "tools/cli/commands.h"

namespace plgraph {

void AddOpsCommand(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("ops", "List the ops of the language, or explain one");
  command->footer(
      "Examples:\n"
      "  plgraph ops\n"
      "  plgraph ops HebbianTrace\n"
      "  plgraph ops hebbian_trace");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "An op, by its name or by its field in a node");
  command->callback([name, &action] {
    action = [name] {
      const std::string text = name->empty() ? OpList() : OpReference(*name);
      Print(stdout, "{}{}", text, text.ends_with('\n') ? "" : "\n");
      return 0;
    };
  });
}

}  // namespace plgraph
