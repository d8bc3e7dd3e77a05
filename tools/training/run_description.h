#ifndef PLGRAPH_TOOLS_TRAINING_RUN_DESCRIPTION_H_
#define PLGRAPH_TOOLS_TRAINING_RUN_DESCRIPTION_H_

#include <cstdint>
#include <string>

#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

/// What a run was made of and on: the content of `run.json`.
struct RunDescription {
  std::string model_path;
  std::uint64_t seed = 0;
  std::int64_t episode_steps = 0;
  std::string started;              ///< UTC; of a resumed run: of its first start
  std::string finished = "";        ///< "": not yet
  std::string stopped = "";         ///< when it was stopped before its end; "": it was not
  std::int64_t episodes = 0;        ///< trained until then
  std::int64_t total_episodes = 0;  ///< that the run is to have in all
  double seconds = 0;               ///< of training until then, over all resumes
  std::string processor;
  int threads = 0;
  std::int64_t peak_memory_bytes = 0;  ///< of the process that finished; 0: not yet
};

/// Of a run that starts now on this machine.
RunDescription DescribeRun(const LoadedModel& loaded, std::int64_t episode_steps, const Services& services);

/// A JSON object on several lines.
std::string ToJson(const RunDescription& description);

/// The largest resident memory of this process so far, in bytes; 0 where the system does not tell.
std::int64_t PeakMemoryBytes(FileSystem& files);

/// The model with every override, as a model file.
std::string ModelText(const LoadedModel& loaded);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_RUN_DESCRIPTION_H_
