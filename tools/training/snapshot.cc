#include "tools/training/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "tools/training/not_finite.h"
#include "tools/training/optimizer.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

std::string MeansName(const std::string& name) { return "training/" + name; }

Tensor CopyOf(const Shape& shape, std::span<const float> values) {
  return Tensor(shape, std::vector<float>(values.begin(), values.end()));
}

Shape WithBatch(const Shape& shape, std::int64_t batch) {
  std::vector<std::int64_t> dims = {batch};
  dims.insert(dims.end(), shape.dims().begin(), shape.dims().end());
  return Shape(std::move(dims));
}

// What a checkpoint holds beside parameters: a name, its shape and the numbers it is copied from and to.
struct Piece {
  std::string name;
  Shape shape;
  std::span<float> values;
};

std::vector<Piece> Moments(Executor<float>& executor) {
  const Executable& executable = executor.executable();
  std::vector<Piece> pieces;
  for (size_t i = 0; i < executable.graph.gradients.size(); ++i) {
    const Node& parameter = executable.graph.node(executable.graph.gradients[i].parameter);
    for (int slot = 0; slot < executable.options.optimizer_slots; ++slot) {
      pieces.push_back({MomentName(parameter.name, slot), parameter.shape, executor.OptimizerSlot(i, slot)});
    }
  }
  return pieces;
}

std::vector<Piece> KeptStates(Executor<float>& executor) {
  const Executable& executable = executor.executable();
  std::vector<Piece> pieces;
  for (size_t i = 0; i < executable.graph.states.size(); ++i) {
    const State& state = executable.graph.states[i];
    if (!state.kept || state.adjoint) continue;
    const Node& node = executable.graph.node(state.value);
    pieces.push_back({node.name, WithBatch(node.shape, executable.options.batch), executor.StateAtEnd(i)});
  }
  return pieces;
}

NamedTensors Save(const std::vector<Piece>& pieces) {
  NamedTensors tensors;
  for (const Piece& piece : pieces) tensors.push_back({piece.name, CopyOf(piece.shape, piece.values)});
  return tensors;
}

std::vector<WantedTensor> Wanted(const std::vector<Piece>& pieces) {
  std::vector<WantedTensor> wanted;
  for (const Piece& piece : pieces) wanted.push_back({piece.name, piece.shape});
  return wanted;
}

void Load(const TensorMatch& match, const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    const Tensor* tensor = match.Find(piece.name);
    if (tensor == nullptr) continue;
    const std::vector<float> values = tensor->As<float>();
    std::copy(values.begin(), values.end(), piece.values.begin());
  }
}

void CheckSame(const std::string& path, const std::string& field, const std::string& theirs,
               const std::string& ours) {
  if (theirs == ours) return;
  throw Error(ErrorKind::kInvalid,
              fmt::format("{}: was made with {} {}, but the model now has {}; a run is resumed "
                          "with the {} it began with",
                          path, field, theirs, ours, field));
}

void CheckFinite(const NamedTensors& tensors, const std::string& what, const TrainingPosition& position) {
  for (const NamedTensor& entry : tensors) {
    const std::optional<size_t> at = FirstNotFinite(entry.tensor.values<float>());
    if (!at) continue;
    throw NotFiniteError(
        fmt::format("training: {} \"{}\" is not finite after episode {}: {}; try a smaller learning rate or "
                    "train.clip_norm",
                    what, entry.name, position.episode,
                    ElementText(entry.tensor.shape(), *at, entry.tensor.values<float>()[*at])),
        NotFiniteError::Cause::kTraining);
  }
}

}  // namespace

Checkpoint TakeSnapshot(const LoadedModel& loaded, const TrainingPosition& position,
                        Executor<float>& executor) {
  const Train& train = loaded.model.train();
  Checkpoint checkpoint;
  checkpoint.model = loaded.model.name();
  checkpoint.optimizer = OptimizerName(train);
  checkpoint.episode = position.episode;
  checkpoint.update = position.update;
  checkpoint.seed = train.seed();
  checkpoint.data_position = static_cast<std::uint64_t>(position.episode);
  checkpoint.best_metric = position.best_loss;
  checkpoint.rollbacks = position.rollbacks;
  checkpoint.parameters = GetParameters(executor);
  checkpoint.moments = Save(Moments(executor));
  checkpoint.states = Save(KeptStates(executor));
  CheckFinite(checkpoint.parameters, "parameter", position);
  CheckFinite(checkpoint.moments, "what the optimizer keeps,", position);
  CheckFinite(checkpoint.states, "the kept state", position);
  return checkpoint;
}

void AddMeans(const std::string& name, const TermMeans& means, Checkpoint& checkpoint) {
  if (means.episodes() == 0) return;
  const std::vector<double> numbers = means.Save();
  checkpoint.states.push_back({MeansName(name), Tensor(Shape{std::ssize(numbers)}, numbers)});
}

void TakeMeans(const std::string& name, TermMeans& means, Checkpoint& checkpoint) {
  means.Clear();
  const std::string full_name = MeansName(name);
  const Tensor* numbers = FindTensor(checkpoint.states, full_name);
  if (numbers == nullptr) return;
  means.Load(numbers->As<double>());
  std::erase_if(checkpoint.states, [&](const NamedTensor& entry) { return entry.name == full_name; });
}

void CheckSameRun(const Checkpoint& checkpoint, const std::string& path, const LoadedModel& loaded) {
  const Train& train = loaded.model.train();
  CheckSame(path, "model", checkpoint.model, loaded.model.name());
  CheckSame(path, "seed", std::to_string(checkpoint.seed), std::to_string(train.seed()));
  CheckSame(path, "optimizer", checkpoint.optimizer, OptimizerName(train));
}

RestoredRun RestoreSnapshot(const Checkpoint& checkpoint, const std::string& path, Coverage coverage,
                            Executor<float>& executor) {
  const std::vector<Piece> moments = Moments(executor);
  const std::vector<Piece> states = KeptStates(executor);
  const TensorMatch parameter_match("parameter", checkpoint.parameters,
                                    WantedParameters(executor.executable().graph));
  const TensorMatch moment_match("optimizer's", checkpoint.moments, Wanted(moments));
  const TensorMatch state_match("kept state", checkpoint.states, Wanted(states));
  std::string differences =
      CheckMatches({&parameter_match, &moment_match, &state_match}, path, coverage,
                   "a run is resumed with the model, the optimizer and (with kept states) the batch that it "
                   "began with");
  SetParameters(parameter_match, executor);
  Load(moment_match, moments);
  Load(state_match, states);
  return {{checkpoint.episode, checkpoint.update, checkpoint.best_metric, checkpoint.rollbacks},
          std::move(differences)};
}

}  // namespace plgraph
