#include "tools/training/update_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "graph/run/profile.h"
#include "tools/training/cost.h"
#include "tools/training/episode_runner.h"
#include "tools/training/learning_rate.h"
#include "tools/training/parameter_updater.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Several quantities, each measured in several updates, always in one order.
class Samples {
 public:
  void Begin() { next_ = 0; }
  void Add(double value) {
    if (next_ == values_.size()) values_.emplace_back();
    values_[next_++].push_back(value);
  }
  double TakeMedian() { return Median(values_[next_++]); }

 private:
  std::vector<std::vector<double>> values_;
  size_t next_ = 0;
};

std::unique_ptr<DataSource> OpenTrainingData(const LoadedModel& loaded, FileSystem& files) {
  CheckCanTrain(loaded, true);
  return OpenData(loaded, DataUse::kTraining, files);
}

class Bench {
 public:
  Bench(const LoadedModel& loaded, const Services& services, const std::string& init);
  UpdateCost Run(std::int64_t updates);

 private:
  // What runs together: a node, or the members of a fused loop.
  struct Group {
    size_t first = 0;
    std::span<const ScheduledNode> order;
  };

  const Train& train() const { return loaded_.model.train(); }
  std::vector<Group> GroupsOf(Phase phase) const;
  void RunUpdate();
  void RunWindow(std::uint64_t first_episode, std::int64_t window, bool first);
  void UpdateParameters();
  double TimeUpdate(Profile& profile);
  void TimePhases(UpdateCost& cost);
  void TimeNodes(UpdateCost& cost);
  NodeCost CostOf(const Group& group, std::span<const NodeProfile> nodes) const;

  const LoadedModel& loaded_;
  Services services_;
  std::unique_ptr<DataSource> data_;
  Executable executable_;
  Executor<float> executor_;
  EpisodeRunner<float> runner_;
  ParameterUpdater updater_;
  std::uint64_t episode_ = 0;
  std::int64_t update_ = 0;
  TimeSpent data_spent_;
  TimeSpent update_spent_;
};

Bench::Bench(const LoadedModel& loaded, const Services& services, const std::string& init)
    : loaded_(loaded),
      services_(services),
      data_(OpenTrainingData(loaded, services.files)),
      executable_(MakeExecutable(loaded, OptionsFor(loaded, data_->steps(), true))),
      executor_(executable_, services.memory, services.threads),
      runner_(executor_, *data_, InputPorts(loaded.graph), train().seed(),
              1.0 / static_cast<double>(train().accumulate())),
      updater_(train(), executor_, services.threads) {
  InitializeParameters(loaded, services.files, executor_);
  if (!init.empty()) LoadParameters(loaded, init, Coverage::kAll, services.files, executor_);
  executor_.ResetStates();
}

// As Trainer does it.
void Bench::RunUpdate() {
  for (std::int64_t part = 0; part < train().accumulate(); ++part) {
    for (std::int64_t window = 0; window < runner_.windows(); ++window) {
      RunWindow(episode_, window, part == 0);
    }
    episode_ += static_cast<std::uint64_t>(runner_.batch());
  }
  if (executable_.options.accumulate) UpdateParameters();
}

void Bench::RunWindow(std::uint64_t first_episode, std::int64_t window, bool first) {
  {
    const Timer timer(&services_.clock, &data_spent_);
    runner_.FillInputs(first_episode, window);
  }
  const RunContext context = runner_.Context(first_episode, window);
  executor_.Forward(context);
  if (!runner_.HasLoss(window)) return;
  executor_.Backward(context);
  if (!executable_.options.accumulate) return UpdateParameters();
  const Timer timer(&services_.clock, &update_spent_);
  updater_.Accumulate(first);
}

void Bench::UpdateParameters() {
  const Timer timer(&services_.clock, &update_spent_);
  updater_.Update(update_, LearningRate(train(), update_, train().episodes()));
  ++update_;
}

// Seconds of one update, which leaves its own in the profile.
double Bench::TimeUpdate(Profile& profile) {
  profile.Clear();
  data_spent_ = {};
  update_spent_ = {};
  TimeSpent whole;
  {
    const Timer timer(&services_.clock, &whole);
    RunUpdate();
  }
  return whole.seconds;
}

void Bench::TimePhases(UpdateCost& cost) {
  Profile profile(services_.clock, executable_.schedule, Profile::Detail::kPhases);
  executor_.SetProfile(&profile);
  Samples samples;
  for (std::int64_t i = 0; i < cost.updates; ++i) {
    samples.Begin();
    samples.Add(TimeUpdate(profile));
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      samples.Add(profile.phase(static_cast<Phase>(phase)).seconds);
    }
    samples.Add(update_spent_.seconds);
    samples.Add(data_spent_.seconds);
  }
  executor_.SetProfile(nullptr);
  samples.Begin();
  cost.seconds = samples.TakeMedian();
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    cost.phases.push_back(
        {.name = std::string(NameOf(static_cast<Phase>(phase))), .seconds = samples.TakeMedian()});
  }
  for (const char* name : {"update", "data"}) {
    cost.phases.push_back({.name = name, .seconds = samples.TakeMedian()});
  }
}

std::vector<Bench::Group> Bench::GroupsOf(Phase phase) const {
  const std::span<const ScheduledNode> order = executable_.schedule.order(phase);
  std::vector<Group> groups;
  for (size_t begin = 0; begin < order.size();) {
    const size_t end = EndOfGroup(order, begin, &ScheduledNode::fused_loop);
    groups.push_back({begin, order.subspan(begin, end - begin)});
    begin = end;
  }
  return groups;
}

void Bench::TimeNodes(UpdateCost& cost) {
  Profile profile(services_.clock, executable_.schedule, Profile::Detail::kNodes);
  executor_.SetProfile(&profile);
  Samples samples;
  for (std::int64_t i = 0; i < cost.updates; ++i) {
    samples.Begin();
    samples.Add(TimeUpdate(profile));
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      for (const NodeProfile& node : profile.nodes(static_cast<Phase>(phase)))
        samples.Add(node.spent.seconds);
    }
  }
  executor_.SetProfile(nullptr);
  samples.Begin();
  cost.node_seconds = samples.TakeMedian();
  for (int i = 0; i < kPhaseCount; ++i) {
    const Phase phase = static_cast<Phase>(i);
    for (const Group& group : GroupsOf(phase)) {
      NodeCost node = CostOf(group, profile.nodes(phase));
      node.seconds = samples.TakeMedian();
      for (size_t other = 1; other < group.order.size(); ++other) samples.TakeMedian();
      cost.phases[static_cast<size_t>(i)].nodes.push_back(std::move(node));
    }
  }
}

// All but the time; `nodes`: what the nodes of its phase did in one update.
NodeCost Bench::CostOf(const Group& group, std::span<const NodeProfile> nodes) const {
  const std::vector<Traffic> traffic = TrafficOf(executable_, group.order);
  NodeCost fused_loop = {.name = fmt::format("fused loop {}", group.order[0].fused_loop),
                         .op = "",
                         .calls = nodes[group.first].spent.times};
  for (size_t i = 0; i < group.order.size(); ++i) {
    const Node& node = executable_.graph.node(group.order[i].node);
    const NodeProfile& did = nodes[group.first + i];
    const double bytes =
        static_cast<double>(did.calls * traffic[i].call_bytes + did.instances * traffic[i].instance_bytes);
    const double flops =
        static_cast<double>(did.instances) * static_cast<double>(FlopsOfInstance(executable_.graph, node));
    fused_loop.bytes += bytes;
    fused_loop.flops += flops;
    fused_loop.members.push_back({.name = node.name,
                                  .op = std::string(node.op->name),
                                  .calls = did.calls,
                                  .bytes = bytes,
                                  .flops = flops});
  }
  return group.order[0].fused_loop >= 0 ? fused_loop : fused_loop.members[0];
}

UpdateCost Bench::Run(std::int64_t updates) {
  UpdateCost cost = {.updates = updates,
                     .episodes = runner_.batch() * train().accumulate(),
                     .batch = runner_.batch(),
                     .steps = data_->steps()};
  RunUpdate();  // memory and caches are not yet what they are later
  TimePhases(cost);
  TimeNodes(cost);
  return cost;
}

}  // namespace

UpdateCost BenchUpdates(const LoadedModel& loaded, const Services& services, std::int64_t updates,
                        const std::string& init) {
  return Bench(loaded, services, init).Run(updates);
}

}  // namespace plgraph
