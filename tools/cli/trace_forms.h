#ifndef PLGRAPH_TOOLS_CLI_TRACE_FORMS_H_
#define PLGRAPH_TOOLS_CLI_TRACE_FORMS_H_

#include <string>
#include <vector>

#include "graph/ir/trace_choice.h"

namespace CLI {
class App;
}

namespace plgraph {

/// `--trace-form NAME=FORM`, of a command that compiles a training.
void AddTraceForms(CLI::App& command, std::vector<std::string>& texts);

/// The forms that these texts want. Throws Error(kInvalid) for a text that is none, or two for one trace.
std::vector<ForcedForm> TraceFormsOf(const std::vector<std::string>& texts);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_CLI_TRACE_FORMS_H_
