#include "serialization/language/check_train.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "core/checked_size.h"
#include "serialization/language/check_images.h"
#include "serialization/language/field_checks.h"

namespace plgraph {
namespace {

using Place = ModelLocations::Place;

void CheckOptimizer(const Train& train, const Place& where, Diagnostics& diagnostics) {
  if (train.has_sgd()) {
    const Place place = where.Of("sgd");
    const FieldChecks sgd(train.sgd(), place, "train.sgd", diagnostics);
    sgd.Positive("learning_rate");
    sgd.Fraction("momentum");
    return;
  }
  if (train.has_rmsprop()) {
    const Place place = where.Of("rmsprop");
    const FieldChecks rmsprop(train.rmsprop(), place, "train.rmsprop", diagnostics);
    rmsprop.Positive("learning_rate");
    rmsprop.Fraction("decay");
    rmsprop.Positive("epsilon");
    return;
  }
  if (!train.has_adam() && !train.has_adamw()) return;
  const std::string name = train.has_adam() ? "adam" : "adamw";
  const google::protobuf::Message& message =
      train.has_adam() ? static_cast<const google::protobuf::Message&>(train.adam())
                       : static_cast<const google::protobuf::Message&>(train.adamw());
  const Place place = where.Of(name);
  const FieldChecks adam(message, place, "train." + name, diagnostics);
  adam.Positive("learning_rate");
  adam.Fraction("beta1");
  adam.Fraction("beta2");
  adam.Positive("epsilon");
  if (train.has_adamw()) adam.NotNegative("weight_decay");
}

void CheckSchedule(const Train& train, const Place& where, Diagnostics& diagnostics) {
  if (train.has_step_decay()) {
    const Place place = where.Of("step_decay");
    const FieldChecks step_decay(train.step_decay(), place, "train.step_decay", diagnostics);
    step_decay.AtLeast("every_updates", 1);
    step_decay.Positive("factor");
  }
  if (train.has_cosine()) {
    const Place place = where.Of("cosine");
    FieldChecks(train.cosine(), place, "train.cosine", diagnostics).NotNegative("final_factor");
  }
  if (train.has_exponential()) {
    const Place place = where.Of("exponential");
    FieldChecks(train.exponential(), place, "train.exponential", diagnostics).Positive("factor");
  }
}

void CheckUpdate(const Train& train, const Place& where, Diagnostics& diagnostics) {
  if (train.accumulate() <= kMostCount / train.batch()) return;
  diagnostics.AddError(
      where.Of("accumulate").value(),
      fmt::format("an update takes train.batch times train.accumulate = {} times {} episodes; "
                  "expected at most {}",
                  train.batch(), train.accumulate(), kMostCount));
}

void CheckNumbers(const Train& train, const Place& where, Diagnostics& diagnostics) {
  const FieldChecks checks(train, where, "train", diagnostics);
  checks.AtLeast("episodes", 0);
  const bool some_batch = checks.AtLeast("batch", 1);
  const bool some_parts = checks.AtLeast("accumulate", 1);
  if (some_batch && some_parts) CheckUpdate(train, where, diagnostics);
  checks.AtLeast("truncate_steps", 0);
  checks.AtLeast("warmup_updates", 0);
  checks.AtLeast("report_every", 1);
  checks.NotNegative("clip_value");
  checks.NotNegative("clip_norm");
  CheckOptimizer(train, where, diagnostics);
  CheckSchedule(train, where, diagnostics);
  const Place evaluation = where.Of("evaluation");
  const FieldChecks evaluation_checks(train.evaluation(), evaluation, "train.evaluation", diagnostics);
  evaluation_checks.AtLeast("every", 0);
  evaluation_checks.AtLeast("episodes", 1);
  const Place checkpoints = where.Of("checkpoints");
  const FieldChecks checkpoint_checks(train.checkpoints(), checkpoints, "train.checkpoints", diagnostics);
  checkpoint_checks.AtLeast("every", 0);
  checkpoint_checks.AtLeast("last_every", 0);
}

// Checks one source of episodes against the inputs of the graph.
class DataCheck {
 public:
  DataCheck(const Data& data, const Place& where, std::string path, const Graph& graph,
            Diagnostics& diagnostics)
      : data_(data), where_(where), path_(std::move(path)), graph_(graph), diagnostics_(diagnostics) {}

  // truncate_steps must divide the episode, where its length is known without opening files.
  void Run(std::int64_t truncate_steps, SourceLocation truncate_at) {
    if (data_.has_patterns())
      CheckPatterns(data_.patterns(), where_.Of("patterns"), truncate_steps, truncate_at);
    if (data_.has_npy()) CheckNpy(data_.npy(), where_.Of("npy"));
    if (data_.has_images())
      CheckImageSource(data_.images(), where_.Of("images"), truncate_steps, truncate_at);
    if (data_.source_case() == Data::SOURCE_NOT_SET) {
      if (!where_.damaged())
        diagnostics_.AddError(where_.name(), path_ + " has no source; expected patterns, npy or images");
      return;
    }
    CheckAllInputs();
  }

 private:
  // The input of this name, which then has data; no value, and a report, if there is none.
  Value Input(const std::string& name, const std::string& field, SourceLocation location) {
    const Value value = graph_.Find(name);
    if (value && graph_.node(value).kind == NodeKind::kInput) {
      if (!supplied_.insert(value.id).second) {
        diagnostics_.AddError(location,
                              fmt::format("{}.{}: input \"{}\" is given its data twice", path_, field, name));
      }
      return value;
    }
    // A node without op is an input whose own fault was reported.
    all_are_known_ = false;
    const bool faulty = value && graph_.node(value).kind == NodeKind::kOp && graph_.node(value).op == nullptr;
    if (!faulty) {
      diagnostics_.AddError(location, fmt::format("{}.{}: there is no input \"{}\"{}", path_, field, name,
                                                  DidYouMean(name, InputNames())));
    }
    return {};
  }

  std::vector<std::string> InputNames() const {
    std::vector<std::string> names;
    for (int id = 0; id < graph_.size(); ++id) {
      if (graph_.node(Value{id}).kind == NodeKind::kInput) names.push_back(graph_.node(Value{id}).name);
    }
    return names;
  }

  void CheckPatterns(const Patterns& patterns, const Place& where, std::int64_t truncate_steps,
                     SourceLocation truncate_at) {
    const FieldChecks checks(patterns, where, path_ + ".patterns", diagnostics_);
    bool sound = true;
    for (const std::string_view field : {"patterns", "presentations", "show_steps", "query_steps"}) {
      sound = checks.AtLeast(field, 1) && sound;
    }
    sound = checks.AtLeast("gap_steps", 0) && sound;
    checks.Within("degrade", {0, 1});
    if (sound) {
      CheckSteps(truncate_steps, truncate_at, where, "patterns", [&] {
        const CheckedSize shown = CheckedSize(patterns.show_steps()) + CheckedSize(patterns.gap_steps());
        const CheckedSize cycles = CheckedSize(patterns.patterns()) * CheckedSize(patterns.presentations());
        return cycles * shown + CheckedSize(patterns.query_steps());
      });
    }

    const Value cue = Input(patterns.cue(), "patterns.cue", where.Of("cue").value());
    const Value target = Input(patterns.target(), "patterns.target", where.Of("target").value());
    if (cue && !graph_.node(cue).variance.step) {
      diagnostics_.AddError(
          where.Of("cue").value(),
          fmt::format(
              "{}.patterns.cue: input \"{}\" has one value for an episode; expected one for each step", path_,
              patterns.cue()));
    }
    if (cue && target && graph_.node(cue).shape.NumElements() != graph_.node(target).shape.NumElements()) {
      diagnostics_.AddError(
          where.name(),
          fmt::format("{}.patterns: cue \"{}\" has shape {} but target \"{}\" has {}; both hold one pattern",
                      path_, patterns.cue(), graph_.node(cue).shape.ToString(), patterns.target(),
                      graph_.node(target).shape.ToString()));
    }
  }

  // `count` gives the steps of an episode, or throws when they are too many.
  template <typename Count>
  void CheckSteps(std::int64_t truncate_steps, SourceLocation truncate_at, const Place& where,
                  std::string_view source, const Count& count) {
    try {
      const std::int64_t steps = count().value();
      if (truncate_steps > 0 && steps % truncate_steps != 0) {
        diagnostics_.AddError(
            truncate_at,
            fmt::format("train.truncate_steps is {}, which does not divide the {} steps of an episode",
                        truncate_steps, steps));
      }
    } catch (const Error& error) {
      diagnostics_.AddError(
          where.name(), fmt::format("{}.{}: an episode has too many steps: {}", path_, source, error.what()));
    }
  }

  // The inputs with the usual names are fed if there are any; one that the text names must be there.
  void CheckImageSource(const Images& images, const Place& where, std::int64_t truncate_steps,
                        SourceLocation truncate_at) {
    if (CheckImages(images, where, path_ + ".images", diagnostics_)) {
      CheckSteps(truncate_steps, truncate_at, where, "images", [&] { return ImageSteps(images); });
    }
    for (const std::string_view field : kImageInputs) {
      const std::string& name = ImageInput(images, field);
      const bool may_be_missing = field != "image" && !NamesImageInput(images, field);
      if (may_be_missing && !graph_.Find(name)) continue;
      Input(name, fmt::format("images.{}", field), where.Of(field).value());
    }
  }

  void CheckNpy(const Npy& npy, const Place& where) {
    const FieldChecks checks(npy, where, path_ + ".npy", diagnostics_);
    checks.AtLeast("first_episode", 0);
    checks.AtLeast("episodes", 0);
    for (int i = 0; i < npy.array_size(); ++i) {
      const Place place = where.Of("array", i);
      if (place.damaged()) continue;
      if (npy.array(i).path().empty()) {
        diagnostics_.AddError(place.name(),
                              fmt::format("{}.npy.array.{}: no \"path\" of a .npy file", path_, i));
      }
      if (npy.array(i).input().empty()) {
        diagnostics_.AddError(place.name(),
                              fmt::format("{}.npy.array.{}: no \"input\" that the file is for", path_, i));
        continue;
      }
      Input(npy.array(i).input(), fmt::format("npy.array.{}", i), place.Of("input").value());
    }
  }

  // An input may have been meant by a name that is not known: then only that is reported.
  void CheckAllInputs() {
    if (where_.damaged() || !all_are_known_) return;
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      if (node.kind != NodeKind::kInput || supplied_.contains(id)) continue;
      diagnostics_.AddError(where_.name(),
                            fmt::format("{} has nothing for the input \"{}\"", path_, node.name),
                            "every input needs data");
    }
  }

  const Data& data_;
  const Place& where_;
  std::string path_;
  const Graph& graph_;
  Diagnostics& diagnostics_;
  std::set<std::int32_t> supplied_;
  bool all_are_known_ = true;
};

}  // namespace

void CheckTrain(const Model& model, const ModelLocations& locations, const Graph& graph,
                Diagnostics& diagnostics) {
  if (!model.has_train()) return;
  const Train& train = model.train();
  const Place where = locations.Of("train");
  CheckNumbers(train, where, diagnostics);
  const SourceLocation truncate_at = where.Of("truncate_steps").value();
  if (train.has_data()) {
    const Place place = where.Of("data");
    DataCheck(train.data(), place, "train.data", graph, diagnostics).Run(train.truncate_steps(), truncate_at);
  }
  if (train.evaluation().has_data()) {
    const Place place = where.Of("evaluation").Of("data");
    DataCheck(train.evaluation().data(), place, "train.evaluation.data", graph, diagnostics)
        .Run(0, truncate_at);
  }
}

}  // namespace plgraph
