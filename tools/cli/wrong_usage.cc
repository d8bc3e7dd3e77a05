#include "tools/cli/wrong_usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <vector>

#include "core/diagnostics.h"
#include "serialization/language/field_checks.h"

namespace plgraph {
namespace {

std::vector<std::string> OptionsOf(const CLI::App& command) {
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    for (const std::string& name : option->get_snames()) options.push_back("-" + name);
  }
  return options;
}

std::vector<std::string> CommandsOf(const CLI::App& command) {
  std::vector<std::string> commands;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(below->get_name());
  }
  return commands;
}

std::string Sentence(const CLI::App& command, const std::string& path, const std::string& word) {
  if (word.starts_with('-')) {
    const std::string option = word.substr(0, word.find('='));
    return fmt::format("{}: there is no option {}{}; see {} --help", path, option,
                       DidYouMean(option, OptionsOf(command)), path);
  }
  if (command.get_require_subcommand_min() > 0) {
    return fmt::format("{}: there is no command {}{}; see {} --help", path, word,
                       DidYouMean(word, CommandsOf(command)), path);
  }
  return fmt::format("{}: the argument {} is one too many; see {} --help", path, word, path);
}

}  // namespace

std::string UnknownWord(const CLI::App& app) {
  const CLI::App* command = &app;
  for (std::string path = app.get_name();; path += " " + command->get_name()) {
    if (const std::vector<std::string> rest = command->remaining(); !rest.empty()) {
      return Sentence(*command, path, rest.front());
    }
    if (command->get_subcommands().empty()) return "";
    command = command->get_subcommands().back();
  }
}

CLI::Validator AboveZero() {
  const auto fault = [](std::string& text) {
    double number = 0;
    const bool sound = CLI::detail::lexical_cast(text, number) && std::isfinite(number) && number > 0;
    return sound ? std::string() : fmt::format("expected a number above 0, found {}", text);
  };
  return {fault, ""};
}

CLI::Validator Count() {
  const auto fault = [](std::string& text) {
    std::int64_t number = 0;
    const bool sound = CLI::detail::lexical_cast(text, number) && number >= 1 && number <= kMostCount;
    return sound ? std::string()
                 : fmt::format("expected a whole number from 1 to {}, found {}", kMostCount, text);
  };
  return {fault, ""};
}

}  // namespace plgraph
