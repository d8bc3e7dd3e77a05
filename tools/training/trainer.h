#ifndef PLGRAPH_TOOLS_TRAINING_TRAINER_H_
#define PLGRAPH_TOOLS_TRAINING_TRAINER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/run/executor.h"
#include "tools/observe/image_grid.h"
#include "tools/observe/progress.h"
#include "tools/observe/tensorboard_log.h"
#include "tools/training/data_source.h"
#include "tools/training/episode_runner.h"
#include "tools/training/evaluator.h"
#include "tools/training/loaded_model.h"
#include "tools/training/model_run.h"
#include "tools/training/not_finite.h"
#include "tools/training/number_guard.h"
#include "tools/training/parameter_updater.h"
#include "tools/training/run_description.h"
#include "tools/training/run_directory.h"
#include "tools/training/services.h"
#include "tools/training/snapshot.h"

namespace plgraph {

struct TrainRequest {
  std::string run_dir;
  bool resume = false;
  std::string init =
      "";  ///< a checkpoint or .npz whose parameters training starts from; "": the initializers
  bool tensorboard = false;  ///< event files in <run_dir>/tensorboard
  GridSpec grid = {};        ///< a picture of samples at each evaluation and checkpoint; no columns: none
  /// Asked after every update whether to stop before the end; null: never.
  std::function<bool()> stop = nullptr;
  /// On resume: go on although the model, the optimizer or the data are not those of the run.
  bool allow_changes = false;
  bool partial = false;  ///< `init`, or the run's checkpoint, may match the model in some tensors only
};

/// Trains a model as its `train` says and writes a run directory. The same request gives the same checkpoints, byte
/// for byte, with any number of threads, and whether or not the run was killed and resumed.
///
/// Every update takes batch x accumulate episodes, the number of episodes is rounded up to whole updates. With
/// truncate_steps every window that has a loss makes an update (a loss at the last step: the last window only).
/// `best.ckpt` is the one with the smallest evaluation loss; without evaluations, with the smallest mean training
/// loss since the `last.ckpt` before.
class Trainer {
 public:
  /// Compiles and takes the memory. Throws Error(kInvalid) when the model cannot be trained, and Error(kRuntime) when the
  /// data, or what the run takes at its peak, do not fit in the memory.
  Trainer(const LoadedModel& loaded, const Services& services, Progress& progress);

  /// Trains to the end, or until the request's `stop`; then last.ckpt holds all that the run needs to go on as if
  /// it had not stopped. Returns whether the end was reached. Once the first step is done a save that fails ends
  /// nothing: it is reported, counted, and tried again at the next interval and at the end. Throws Error before the
  /// first step when the folder cannot be written or its disk has no room for the checkpoints, and NotFiniteError for a
  /// number that is not finite, unless train.on_nan lets the run go back.
  bool Run(const TrainRequest& request);

  const Executable& executable() const { return executable_; }
  Executor<float>& executor() { return *executor_; }
  /// Saves that failed in Run.
  std::int64_t lost_saves() const { return lost_saves_; }
  /// Whether last.ckpt holds the state at the end of Run.
  bool last_saved() const { return last_saved_; }
  /// Episodes done.
  std::int64_t episode() const { return position_.episode; }
  /// Episodes in all, rounded up to whole updates.
  std::int64_t total_episodes() const { return total_episodes_; }

 private:
  const Train& train() const { return loaded_.model.train(); }
  void Start(const TrainRequest& request);
  void Begin(const TrainRequest& request);
  void Resume(const TrainRequest& request);
  void SaveRecord();
  void Initialize(const TrainRequest& request);
  void Restore(Checkpoint checkpoint, Coverage coverage);
  void TellOfData();
  void Tell(const std::string& text);
  void OpenTensorBoard(const TrainRequest& request);
  void RollBack(const TrainRequest& request, const NotFiniteError& fault);
  double Rate(std::int64_t update) const;
  double Seconds() const;  // of training so far, over all resumes
  void RunUpdate();
  void RunWindow(std::uint64_t first_episode, std::int64_t window);
  void UpdateParameters();
  void FinishUpdate(std::int64_t before);
  void Show();
  void ShowHistograms();
  void ShowSamples();
  bool TrySave(const std::function<void()>& save);
  void SaveToStop();
  void SaveLast(const Checkpoint& checkpoint);
  void CheckRoom();
  bool TrainUntil(const TrainRequest& request);
  void SaveCheckpoints(std::int64_t before, const std::optional<Measures>& evaluation);

  const LoadedModel& loaded_;
  Services services_;
  Progress& progress_;
  std::vector<InputPort> ports_;
  std::unique_ptr<DataSource> data_;
  Executable executable_;
  std::unique_ptr<Evaluator> evaluator_;
  std::unique_ptr<Executor<float>> executor_;
  std::unique_ptr<EpisodeRunner<float>> runner_;
  std::unique_ptr<ParameterUpdater> updater_;
  std::unique_ptr<NumberGuard> guard_;
  std::unique_ptr<ModelRun> samples_;  // of the picture
  GridSpec grid_;
  std::unique_ptr<TensorBoardLog> tensorboard_;
  std::int64_t total_episodes_ = 0;
  std::int64_t total_updates_ = 0;

  std::unique_ptr<RunDirectory> run_;
  RunDescription description_;
  TrainingPosition position_;
  TermMeans report_means_;   // since the last line of metrics.jsonl
  TermMeans between_means_;  // since last.ckpt
  double start_seconds_ = 0;
  std::int64_t lost_saves_ = 0;
  bool last_saved_ = true;
  bool ends_ = false;  // no other update follows
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_TRAINER_H_
