#include "tools/training/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/checked_size.h"
#include "core/error.h"
#include "tools/training/cost.h"
#include "tools/training/learning_rate.h"
#include "tools/training/parameters.h"
#include "tools/training/run_changes.h"

namespace plgraph {
namespace {

// Samples in the picture of a run.
constexpr std::int64_t kGridSamples = 8;

// Each halves the learning rate.
constexpr int kMostRollbacks = 8;

// Whether a multiple of `every` lies in (before, now]; 0 is never.
bool Crossed(std::int64_t every, std::int64_t before, std::int64_t now) {
  return every > 0 && now / every > before / every;
}

std::unique_ptr<DataSource> OpenTrainingData(const LoadedModel& loaded, const Services& services) {
  CheckCanTrain(loaded, true);
  return OpenData(loaded, DataUse::kTraining, services.files, &services.memory);
}

std::unique_ptr<Evaluator> MakeEvaluator(const LoadedModel& loaded, const Services& services) {
  const Evaluation& evaluation = loaded.model.train().evaluation();
  if (evaluation.every() == 0) return nullptr;
  return std::make_unique<Evaluator>(loaded, services, evaluation.episodes());
}

// Memory that nobody has written to yet is not missing from what is available: all that the run takes is compared at
// once, before the first part of it is taken.
std::unique_ptr<Executor<float>> MakeExecutor(const LoadedModel& loaded, const Executable& executable,
                                              const Evaluator* evaluator, const Services& services) {
  const PeakMemory peak =
      PredictPeakMemory(loaded, executable, evaluator != nullptr ? &evaluator->executable() : nullptr, 0);
  RequireMemory(services.memory, peak.running(), loaded.path + ": the run", kSmallerRun);
  return std::make_unique<Executor<float>>(executable, services.memory, services.threads);
}

}  // namespace

Trainer::Trainer(const LoadedModel& loaded, const Services& services, Progress& progress)
    : loaded_(loaded),
      services_(services),
      progress_(progress),
      ports_(InputPorts(loaded.graph)),
      data_(OpenTrainingData(loaded, services)),
      executable_(MakeExecutable(loaded, OptionsFor(loaded, data_->steps(), true))),
      evaluator_(MakeEvaluator(loaded, services)),
      executor_(MakeExecutor(loaded, executable_, evaluator_.get(), services)),
      runner_(std::make_unique<EpisodeRunner<float>>(*executor_, *data_, ports_, train().seed(),
                                                     1.0 / static_cast<double>(train().accumulate()))),
      updater_(std::make_unique<ParameterUpdater>(train(), *executor_, services.threads)),
      guard_(std::make_unique<NumberGuard>(loaded, services, *executor_)),
      report_means_(executable_.graph.terms),
      between_means_(executable_.graph.terms) {
  if (evaluator_) evaluator_->executor();  // takes its memory before the first step
  const std::int64_t each = (CheckedSize(train().batch()) * train().accumulate()).value();
  const std::int64_t rounds = (train().episodes() + each - 1) / each;
  std::int64_t updates_a_round = 0;
  for (std::int64_t w = 0; w < runner_->windows(); ++w) updates_a_round += runner_->HasLoss(w) ? 1 : 0;
  total_episodes_ = (CheckedSize(rounds) * each).value();
  total_updates_ = (CheckedSize(rounds) * updates_a_round).value();
}

bool Trainer::Run(const TrainRequest& request) {
  lost_saves_ = 0;
  last_saved_ = true;
  grid_ = request.grid;
  if (!grid_.columns.empty()) {
    const std::shared_ptr<DataSource> data =
        evaluator_ ? evaluator_->data()
                   : OpenData(loaded_, DataUse::kEvaluation, services_.files, &services_.memory);
    samples_ = std::make_unique<ModelRun>(loaded_, data, kGridSamples, ValuesOf(grid_.columns), services_);
    DrawGrid(grid_, samples_->Run(), "--grid");  // finds a wrong step before anything is written
  }
  Start(request);
  TellOfData();
  OpenTensorBoard(request);
  if (position_.episode == 0) Show();
  const bool finished = TrainUntil(request);
  if (!finished || !last_saved_) SaveToStop();
  (finished ? description_.finished : description_.stopped) = UtcText(services_.clock.SecondsSince1970());
  description_.episodes = position_.episode;
  description_.seconds = Seconds();
  TrySave([&] {
    description_.peak_memory_bytes = PeakMemoryBytes(services_.files);
    run_->SaveDescription(description_);
  });
  progress_.End();
  return finished;
}

bool Trainer::TrainUntil(const TrainRequest& request) {
  start_seconds_ = services_.clock.Seconds();
  progress_.Begin(position_.episode, total_episodes_);
  while (position_.episode < total_episodes_) {
    const std::int64_t before = position_.episode;
    try {
      RunUpdate();
      FinishUpdate(before);
    } catch (const NotFiniteError& fault) {
      RollBack(request, fault);
    }
    if (request.stop && position_.episode < total_episodes_ && request.stop()) return false;
  }
  return true;
}

// Reports a save that failed and goes on. A number that is not finite is not a fault of the disk.
bool Trainer::TrySave(const std::function<void()>& save) {
  try {
    save();
    return true;
  } catch (const NotFiniteError&) {
    throw;
  } catch (const Error& fault) {
    if (fault.kind() != ErrorKind::kRuntime) throw;
    ++lost_saves_;
    const bool goes_on = !ends_ && position_.episode < total_episodes_;
    progress_.Message(fmt::format(
        "not saved after episode {}: {}{}", position_.episode, fault.what(),
        goes_on ? "; training goes on, and saves again at the next interval and at its end" : ""));
    return false;
  }
}

void Trainer::SaveToStop() {
  ends_ = true;
  Checkpoint checkpoint = TakeSnapshot(loaded_, position_, *executor_);
  AddMeans("report_means", report_means_, checkpoint);
  AddMeans("between_means", between_means_, checkpoint);
  SaveLast(checkpoint);
}

void Trainer::SaveLast(const Checkpoint& checkpoint) {
  // A checkpoint never knows of episodes that the events have lost.
  if (tensorboard_) TrySave([&] { tensorboard_->Sync(); });
  last_saved_ = TrySave([&] { run_->SaveLast(checkpoint); });
}

void Trainer::CheckRoom() {
  const Checkpoint checkpoint = TakeSnapshot(loaded_, position_, *executor_);
  const std::int64_t every = train().checkpoints().every();
  const std::int64_t rounds =
      (total_episodes_ - position_.episode) / (train().batch() * train().accumulate());
  const std::int64_t more = every > 0 ? total_episodes_ / every - position_.episode / every : 0;
  run_->CheckRoom(CheckpointBytes(checkpoint), std::max<std::int64_t>(0, std::min(rounds, more)));
}

void Trainer::SaveRecord() {
  description_.total_episodes = total_episodes_;
  run_->SaveDescription(description_);
  run_->SaveModel(ModelFileText(SelfContained(loaded_)));
}

void Trainer::Start(const TrainRequest& request) {
  run_ = std::make_unique<RunDirectory>(services_.files, request.run_dir);
  description_ = DescribeRun(loaded_, data_->steps(), services_);
  description_.tensorboard = request.tensorboard;
  description_.grid = TextOf(grid_.columns);
  std::tie(description_.grid_low, description_.grid_high) = std::pair(grid_.low, grid_.high);
  request.resume ? Resume(request) : Begin(request);
}

// last.ckpt is there from the start: a run that is killed before its first interval knows how it began.
void Trainer::Begin(const TrainRequest& request) {
  Initialize(request);
  CheckRoom();
  run_->StartNew();
  SaveRecord();
  run_->SaveLast(TakeSnapshot(loaded_, position_, *executor_));
}

// Changes nothing in the folder before all that may be refused.
void Trainer::Resume(const TrainRequest& request) {
  Checkpoint checkpoint = run_->Resume();
  const RunRecord before = ReadRunRecord(services_.files, request.run_dir);
  const RunChanges changes = ChangesOf(before, SelfContained(loaded_), description_);
  const std::string note = CheckChanges(changes, request.run_dir, request.allow_changes);
  if (!request.allow_changes) CheckSameRun(checkpoint, run_->last_path(), loaded_);
  Restore(std::move(checkpoint), CoverageOf(request.partial));
  CheckRoom();
  if (!before.model) {
    Tell(
        fmt::format("{}: not there, so the model was not compared with that of the run", run_->model_path()));
  }
  Tell(note);
  Tell(run_->CutMetrics(position_.episode));
  if (before.description) {
    description_ = Continued(*before.description, std::move(description_), changes, position_.episode);
  }
  SaveRecord();
  Tell(fmt::format("resuming {} after episode {}", request.run_dir, position_.episode));
}

void Trainer::Initialize(const TrainRequest& request) {
  position_ = {};
  InitializeParameters(loaded_, services_.files, *executor_);
  guard_->CheckStart(loaded_.path);
  if (!request.init.empty()) {
    Tell(LoadParameters(loaded_, request.init, CoverageOf(request.partial), services_.files, *executor_));
  }
  executor_->ResetStates();  // a kept state may start from a parameter
}

void Trainer::OpenTensorBoard(const TrainRequest& request) {
  const std::string folder = request.run_dir + "/tensorboard";
  // A run may go on without --tensorboard: events of episodes that it trains again are wrong then, too.
  if ((request.resume || request.tensorboard) && services_.files.Exists(folder)) {
    Tell(CutEvents(services_.files, folder, position_.episode));
  }
  if (request.tensorboard) {
    tensorboard_ = std::make_unique<TensorBoardLog>(services_.files, services_.clock, folder);
  }
}

void Trainer::Restore(Checkpoint checkpoint, Coverage coverage) {
  if (coverage == Coverage::kSome) {
    InitializeParameters(loaded_, services_.files, *executor_);
    executor_->ResetStates();
  }
  TakeMeans("report_means", report_means_, checkpoint);
  TakeMeans("between_means", between_means_, checkpoint);
  RestoredRun restored = RestoreSnapshot(checkpoint, run_->last_path(), coverage, *executor_);
  Tell(restored.differences);
  position_ = restored.position;
}

void Trainer::TellOfData() {
  const std::string note = data_->facts().note;
  Tell(note);
  if (evaluator_ == nullptr) return;
  const DataFacts facts = evaluator_->data()->facts();
  if (facts.note != note) Tell(facts.note);
  Tell("evaluation: " + EvaluatedText(facts, evaluator_->episodes()));
}

void Trainer::Tell(const std::string& text) {
  if (!text.empty()) progress_.Message(text);
}

void Trainer::RunUpdate() {
  for (std::int64_t part = 0; part < train().accumulate(); ++part) {
    const std::uint64_t first = static_cast<std::uint64_t>(position_.episode + part * train().batch());
    for (std::int64_t window = 0; window < runner_->windows(); ++window) {
      RunWindow(first, window);
      if (!runner_->HasLoss(window)) continue;
      if (executable_.options.accumulate) {
        updater_->Accumulate(part == 0);
      } else {
        UpdateParameters();
      }
    }
  }
  if (executable_.options.accumulate) UpdateParameters();
  position_.episode += train().batch() * train().accumulate();
}

void Trainer::RunWindow(std::uint64_t first_episode, std::int64_t window) {
  const RunContext context = runner_->Context(first_episode, window);
  guard_->Begin(context, position_.update);
  runner_->Forward(first_episode, window);
  guard_->CheckLoss(runner_->FirstNotFinite(window));
  runner_->AddTerms(window, runner_->batch(), report_means_);
  runner_->AddTerms(window, runner_->batch(), between_means_);
  if (!runner_->HasLoss(window)) return;
  executor_->Backward(context);
  guard_->CheckGradients();
}

double Trainer::Rate(std::int64_t update) const {
  return std::ldexp(LearningRate(train(), update, total_updates_), -static_cast<int>(position_.rollbacks));
}

// A run that is killed and resumed goes back to the same checkpoint again, and so takes the same way.
void Trainer::RollBack(const TrainRequest& request, const NotFiniteError& fault) {
  const std::string last = run_->last_path() + " was left as it was";
  if (train().on_nan() != Train::ROLLBACK || fault.cause() == NotFiniteError::Cause::kGiven) {
    throw NotFiniteError(fmt::format("{}\n  {}", fault.what(), last), fault.cause());
  }
  const std::int64_t rollbacks = position_.rollbacks + 1;
  if (rollbacks > kMostRollbacks) {
    throw NotFiniteError(
        fmt::format(
            "{}\n  the run has gone back {} times, to {:g} of its learning rate, and goes back no more; {}",
            fault.what(), kMostRollbacks, std::ldexp(1, -kMostRollbacks), last),
        fault.cause());
  }
  Restore(run_->ReadLast(), CoverageOf(request.partial));
  Tell(run_->CutMetrics(position_.episode));
  position_.rollbacks = rollbacks;
  OpenTensorBoard(request);
  if (position_.episode == 0) Show();
  progress_.Message(fmt::format(
      "{}\n  back to episode {}, at {:g} of the learning rate (rollback {} of at most {})", fault.what(),
      position_.episode, std::ldexp(1, -static_cast<int>(rollbacks)), rollbacks, kMostRollbacks));
  start_seconds_ = services_.clock.Seconds();
  progress_.Begin(position_.episode, total_episodes_);
}

double Trainer::Seconds() const {
  return run_->seconds_before() + services_.clock.Seconds() - start_seconds_;
}

void Trainer::UpdateParameters() {
  const bool finite = updater_->Update(position_.update, Rate(position_.update));
  guard_->CheckMoments(finite, position_.update);
  ++position_.update;
}

void Trainer::FinishUpdate(std::int64_t before) {
  const std::int64_t now = position_.episode;
  const bool done = now >= total_episodes_;
  const bool evaluate = evaluator_ != nullptr && (Crossed(train().evaluation().every(), before, now) || done);
  const bool save = Crossed(train().checkpoints().last_every(), before, now) ||
                    Crossed(train().checkpoints().every(), before, now) || evaluate || done;
  // A line at every checkpoint: then no mean is half gathered when a run is resumed.
  if (!save && !Crossed(train().report_every(), before, now)) return;

  MetricsLine line = {.episode = now, .training = report_means_.Mean()};
  if (evaluate) {
    CopyParameters(*executor_, evaluator_->executor());
    line.evaluation = evaluator_->Evaluate();
  }
  line.seconds = Seconds();
  report_means_.Clear();
  TrySave([&] { run_->Append(line); });
  progress_.Report(line);
  if (tensorboard_) tensorboard_->AddLine(line, Rate(position_.update - 1));
  if (tensorboard_) TrySave([&] { tensorboard_->Flush(); });
  if (!save) return;
  TrySave([&] { Show(); });
  SaveCheckpoints(before, line.evaluation);
}

void Trainer::Show() {
  if (tensorboard_) ShowHistograms();
  if (samples_) ShowSamples();
  if (tensorboard_) tensorboard_->Flush();
}

void Trainer::ShowHistograms() {
  const Graph& graph = executable_.graph;
  for (const Value parameter : ParametersOf(graph)) {
    tensorboard_->AddHistogram(position_.episode, "parameters/" + graph.node(parameter).name,
                               executor_->Parameter(parameter));
  }
  for (size_t i = 0; i < graph.states.size(); ++i) {
    const State& state = graph.states[i];
    const Node& node = graph.node(state.value);
    if (!node.IsOfModel()) continue;
    tensorboard_->AddHistogram(position_.episode, "states/" + node.name, executor_->StateAtEnd(i));
  }
}

void Trainer::ShowSamples() {
  CopyParameters(*executor_, samples_->executor());
  const RgbImage image = DrawGrid(grid_, samples_->Run(), "--grid");
  const std::vector<std::byte> png = EncodePng(image);
  if (tensorboard_) tensorboard_->AddImage(position_.episode, "samples", image, png);
  run_->SaveGrid(png);
}

void Trainer::SaveCheckpoints(std::int64_t before, const std::optional<Measures>& evaluation) {
  const std::int64_t now = position_.episode;
  const Checkpoints& checkpoints = train().checkpoints();
  const bool done = now >= total_episodes_;
  const bool last_is_due = Crossed(checkpoints.last_every(), before, now) || done ||
                           (checkpoints.last_every() == 0 && evaluation.has_value());

  std::optional<double> loss;
  if (evaluation) loss = evaluation->loss;
  if (evaluator_ == nullptr && last_is_due && between_means_.episodes() > 0) {
    loss = between_means_.Mean().loss;
  }
  const bool best = loss && (!position_.best_loss || *loss < *position_.best_loss);
  const std::optional<double> best_before = position_.best_loss;
  if (best) position_.best_loss = loss;
  const bool save_episode = Crossed(checkpoints.every(), before, now);
  // A run that goes back to last.ckpt must know of the best.ckpt that is there.
  const bool save_last = last_is_due || best;
  if (!save_last && !save_episode) return;

  Checkpoint checkpoint = TakeSnapshot(loaded_, position_, *executor_);
  // What best.ckpt does not hold was not the best.
  if (best && !TrySave([&] { run_->SaveBest(checkpoint); })) {
    checkpoint.best_metric = position_.best_loss = best_before;
  }
  if (save_episode) TrySave([&] { run_->SaveEpisode(checkpoint); });
  // Last: a run killed before this line does the same again when it is resumed.
  if (save_last) SaveLast(checkpoint);
  if (save_last) between_means_.Clear();
}

}  // namespace plgraph
