#include "tools/cli/trace_forms.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/diagnostics.h"
#include "core/error.h"

namespace plgraph {
namespace {

ForcedForm FormOf(const std::string& text) {
  const size_t sign = text.rfind('=');
  const std::string word = sign == std::string::npos ? "" : text.substr(sign + 1);
  std::vector<std::string> names;
  for (int form = 0; form < kFormCount; ++form) {
    names.emplace_back(NameOf(static_cast<ChosenForm>(form)));
    if (names.back() == word) return {text.substr(0, sign), static_cast<ChosenForm>(form)};
  }
  throw Error(ErrorKind::kInvalid,
              fmt::format("--trace-form {}: expected NAME=FORM, and a FORM of {}{}", text,
                          fmt::join(names, ", "), word.empty() ? "" : DidYouMean(word, names)));
}

}  // namespace

void AddTraceForms(CLI::App& command, std::vector<std::string>& texts) {
  command
      .add_option(
          "--trace-form", texts,
          "Give a trace this form, whatever it costs: kept, inverted, recomputed or sum; may be repeated")
      ->type_name("NAME=FORM");
}

std::vector<ForcedForm> TraceFormsOf(const std::vector<std::string>& texts) {
  std::vector<ForcedForm> forms;
  for (const std::string& text : texts) {
    const ForcedForm form = FormOf(text);
    const bool twice = std::any_of(forms.begin(), forms.end(),
                                   [&](const ForcedForm& other) { return other.trace == form.trace; });
    if (twice)
      throw Error(ErrorKind::kInvalid, fmt::format("--trace-form {}: a second form for this trace", text));
    forms.push_back(form);
  }
  return forms;
}

}  // namespace plgraph
