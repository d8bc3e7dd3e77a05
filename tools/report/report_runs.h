#ifndef PLGRAPH_TOOLS_REPORT_REPORT_RUNS_H_
#define PLGRAPH_TOOLS_REPORT_REPORT_RUNS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "tools/report/report_model.h"
#include "tools/training/json_text.h"

namespace plgraph {

/// What a report knows of one run.
struct ReportRun {
  std::string name;                    ///< the folder, as it was given
  std::vector<Json> lines = {};        ///< of metrics.jsonl, each an object with a whole number `episode`
  Json record = Json::object();        ///< run.json
  std::vector<Json> evaluations = {};  ///< of evaluations.jsonl, each an object
  ReportModel model = {};
  std::vector<std::pair<std::string, std::vector<std::byte>>> pictures =
      {};                               ///< the PNG files, by their name
  std::vector<std::string> notes = {};  ///< what was left out and why: sentences that name the file

  /// The number of training episodes done, also after the last line of a run that was stopped.
  std::int64_t Episodes() const;
  /// Whether it was stopped before its end, to be resumed.
  bool Stopped() const;
};

/// Reads the folder of a run. A file in it that cannot be read, or damaged lines, are left out with a note. Throws
/// Error(kInvalid) when the folder holds no metrics.jsonl.
ReportRun ReadReportRun(FileSystem& files, const std::string& folder);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_REPORT_RUNS_H_
