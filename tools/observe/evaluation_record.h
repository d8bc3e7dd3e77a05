#ifndef PLGRAPH_TOOLS_OBSERVE_EVALUATION_RECORD_H_
#define PLGRAPH_TOOLS_OBSERVE_EVALUATION_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "tools/training/data_files.h"
#include "tools/training/loaded_model.h"
#include "tools/training/services.h"
#include "tools/training/term_means.h"

namespace plgraph {

/// What `eval` measured of a run: one line of `evaluations.jsonl` in its folder, which FORMAT.md describes.
struct EvaluationRecord {
  std::string time;                     ///< UTC
  std::string version;                  ///< of plgraph
  std::string checkpoint;               ///< its path; of one in the run its name
  std::optional<std::int64_t> episode;  ///< training episodes of the checkpoint; no value: of an .npz file
  std::vector<std::string> settings;    ///< every `--set` of this evaluation
  std::vector<DataFile> data;           ///< all files of the model's data
  std::int64_t episodes = 0;            ///< how many were measured
  Measures measures;
};

/// Of an evaluation that ends now. Reads the checkpoint for its episode and the data files for their checksums.
EvaluationRecord DescribeEvaluation(const std::string& run, const std::string& checkpoint,
                                    const LoadedModel& loaded, std::int64_t episodes,
                                    const Measures& measures, const Services& services);

/// A JSON object on one line, without its end.
std::string ToJson(const EvaluationRecord& record);

/// Adds a line to `evaluations.jsonl` of a run. What a crash may have left of a line stays a line of its own.
void AppendEvaluation(FileSystem& files, const std::string& run, const EvaluationRecord& record);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_OBSERVE_EVALUATION_RECORD_H_
