#ifndef PLGRAPH_TOOLS_REPORT_REPORT_HTML_H_
#define PLGRAPH_TOOLS_REPORT_REPORT_HTML_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/report/report_runs.h"

namespace plgraph {

/// Text as it stands in HTML, in an attribute too.
std::string Escaped(std::string_view text);

/// The line that stands for a run: its colour and, after every ten runs, another pattern of dashes. The script of the
/// page draws curves by the same classes.
std::string RunKey(size_t run);

/// The keys of what the lines of metrics.jsonl measure, in their order; a run may lack some.
std::vector<std::string> MeasuredKeys(const std::vector<ReportRun>& runs);

/// Before the key of a measure of evaluations during the training.
constexpr std::string_view kEvaluationPrefix = "evaluation_";

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_REPORT_HTML_H_
