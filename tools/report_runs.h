#ifndef PLGRAPH_TOOLS_REPORT_RUNS_H_
#define PLGRAPH_TOOLS_REPORT_RUNS_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/file_system.h"

namespace plgraph {

/// A node of a model as a report shows it.
struct ReportNode {
  std::string name;
  std::string text;  ///< its op with its operands
  std::string shape;
};

struct ReportPhase {
  std::string name;
  std::string how;  ///< when and how often it runs
  std::vector<ReportNode> nodes = {};
};

/// What a report knows of one run.
struct ReportRun {
  std::string name;                                                ///< the folder, as it was given
  std::vector<std::string> line_texts = {};                        ///< of metrics.jsonl, each one JSON object
  std::vector<nlohmann::ordered_json> lines = {};                  ///< the same
  nlohmann::json record = nlohmann::json::object();                ///< run.json
  std::string model_text = "";                                     ///< model.pbtxt; "": it is not there
  std::vector<std::pair<std::string, std::string>> settings = {};  ///< of the model, each by its path
  std::int64_t parameter_elements = 0;
  std::vector<ReportPhase> phases = {};  ///< the sources of values first
  std::vector<std::pair<std::string, std::vector<std::byte>>> pictures =
      {};  ///< the PNG files, by their name
};

/// Reads the folder of a run. Throws Error(kInvalid) when it holds no metrics.
ReportRun ReadReportRun(FileSystem& files, const std::string& folder);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_RUNS_H_
