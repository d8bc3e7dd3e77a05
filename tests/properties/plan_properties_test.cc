// Random models of all kinds of ops, as files: a plan of each equals its text, and what `run` writes gives the measures of
// `eval`. A thousand here; by hand
//   PLGRAPH_RANDOM_MODELS=20000 build/tests/test_properties --gtest_filter='RandomModels.*'
// and PLGRAPH_RANDOM_SEED=<the first seed> for others. A fault names its seed. PLGRAPH_RANDOM_FOLDER=<a folder> keeps
// the models and their arrays there, for tests/cli/compare_builds.py.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>

#include "core/clock.h"
#include "graph/ir/check.h"
#include "graph/ir/text.h"
#include "serialization/formats/npy.h"
#include "serialization/state/plan.h"
#include "tests/support/model_of_graph.h"
#include "tests/support/random_model.h"
#include "tests/support/run_measures.h"
#include "tests/support/temp_folder.h"
#include "tools/training/cost.h"
#include "tools/training/episode_runner.h"
#include "tools/training/evaluator.h"
#include "tools/training/first_batch.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

constexpr std::int64_t kEpisodes = 5;  // in the arrays

// From some steps on traces are recomputed.
constexpr std::int64_t kSteps[] = {1, 2, 3, 4, 5, 6, 8, 24};

// A random model in a file, and what it is trained on.
class RandomFile {
 public:
  RandomFile(std::uint64_t seed, const TempFolder& folder, FileSystem& files)
      : random_(seed, StreamId("random file")), folder_(folder), files_(files) {
    Graph graph = RandomModel(seed, RandomOps::kAll).Take();
    for (State& state : graph.states) state.kept = !state.initial && Below(6) == 0;
    steps_ = kSteps[Below(std::size(kSteps))];
    model_ = ModelOfGraph(graph).Write();
    AddMetrics(std::move(graph));
    AddTraining();
    std::string text;
    google::protobuf::TextFormat::PrintToString(model_, &text);
    path_ = folder.Write("model.pbtxt", text);
  }

  const std::string& path() const { return path_; }
  const Model& model() const { return model_; }
  std::uint32_t Below(std::uint32_t bound) { return random_.Below(index_++, bound); }

  // Something else that could be asked for.
  std::string AnotherSetting() {
    const std::string all[] = {"train.batch=4",
                               "train.accumulate=3",
                               "train.seed=7",
                               "train.adam.learning_rate=0.1",
                               "train.data.npy.episodes=3",
                               fmt::format("train.truncate_steps={}", Divisor()),
                               fmt::format("train.truncate_steps={}", Divisor())};
    return all[Below(std::size(all))];
  }

 private:
  std::int64_t Divisor() {
    std::vector<std::int64_t> divisors;
    for (std::int64_t d = 1; d <= steps_; ++d) {
      if (steps_ % d == 0) divisors.push_back(d);
    }
    return divisors[Below(static_cast<std::uint32_t>(divisors.size()))];
  }

  void AddMetrics(Graph graph) {
    Diagnostics diagnostics("random");
    CheckGraph(graph, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.ToString();
    std::vector<std::string> vectors;
    for (int id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(Value{id});
      if (node.kind == NodeKind::kOp && node.shape == graph.node(graph.Find("x")).shape &&
          node.variance == Variance{.sample = true, .step = true}) {
        vectors.push_back(node.name);
      }
    }
    for (int i = 0; i < 2 && vectors.size() > 1; ++i) {
      MetricDef& metric = *model_.add_metric();
      metric.set_name(fmt::format("metric{}", i));
      metric.set_at(Below(2) == 0 ? LAST_STEP : EVERY_STEP);
      const std::string& prediction = vectors[Below(static_cast<std::uint32_t>(vectors.size()))];
      const std::string& target = vectors[Below(static_cast<std::uint32_t>(vectors.size()))];
      const auto set = [&](auto& op) {
        op.set_prediction(prediction);
        op.set_target(target);
      };
      i == 0 ? set(*metric.mutable_sign_error()) : set(*metric.mutable_accuracy());
    }
  }

  void AddTraining() {
    Train& train = *model_.mutable_train();
    train.set_batch(1 + Below(3));
    train.set_seed(Below(100));
    train.mutable_adam();
    if (Below(3) == 0) train.set_truncate_steps(Divisor());
    if (!train.has_truncate_steps() && Below(4) == 0) train.set_accumulate(2);
    for (const InputDef& input : model_.input()) {
      Npy::Array& array = *train.mutable_data()->mutable_npy()->add_array();
      array.set_input(input.name());
      array.set_path(ArrayFor(input));
    }
  }

  // The file is made once for all models with such an input.
  std::string ArrayFor(const InputDef& input) const {
    std::vector<std::int64_t> dims = {kEpisodes};
    if (input.per() == InputDef::STEP) dims.push_back(steps_);
    for (const std::string& extent : input.shape()) dims.push_back(std::stoll(extent));
    std::string name = input.name();
    for (const std::int64_t extent : dims) name += fmt::format("-{}", extent);
    name += ".npy";
    if (folder_.Exists(name)) return name;
    const RandomStream random(1, StreamId(input.name()));
    std::vector<float> numbers(static_cast<size_t>(Shape(dims).NumElements()));
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<float>(0.7 * random.Normal(static_cast<std::uint32_t>(i)));
    WriteNpy(files_, folder_.Path(name), Tensor(Shape(std::move(dims)), std::move(numbers)));
    return name;
  }

  RandomStream random_;
  std::uint32_t index_ = 0;
  const TempFolder& folder_;
  FileSystem& files_;
  std::int64_t steps_ = 1;
  Model model_;
  std::string path_;
};

template <typename Numbers>
void Append(const Numbers& numbers, std::string& bits) {
  bits.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(numbers[0]));
}

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kModels = 50;
#else
constexpr std::uint64_t kModels = 1000;
#endif

class RandomModels : public testing::Test {
 protected:
  // Calls `difference` with each model; it returns "" or what is wrong.
  void ForEach(const std::function<std::string(RandomFile& file)>& difference) {
    const std::uint64_t first = FromEnvironment("PLGRAPH_RANDOM_SEED", 0);
    const std::uint64_t count = FromEnvironment("PLGRAPH_RANDOM_MODELS", kModels);
    int faults = 0;
    for (std::uint64_t seed = first; seed < first + count && faults < 10; ++seed) {
      RandomFile file(seed, folder_, *files_);
      Keep(file, seed);
      const std::string found = difference(file);
      if (found.empty()) continue;
      ADD_FAILURE() << "seed " << seed << ": " << found;
      ++faults;
    }
    fmt::print("{} models from seed {} on\n", count, first);
  }

  // Copies a model to where the environment asks for it, with the arrays so far.
  void Keep(const RandomFile& file, std::uint64_t seed) {
    namespace fs = std::filesystem;
    const char* folder = std::getenv("PLGRAPH_RANDOM_FOLDER");
    if (folder == nullptr) return;
    fs::create_directories(folder);
    fs::copy_file(file.path(), fs::path(folder) / fmt::format("random-{}.pbtxt", seed),
                  fs::copy_options::overwrite_existing);
    for (const auto& entry : fs::directory_iterator(folder_.Path(""))) {
      if (entry.path().extension() == ".npy") fs::copy(entry.path(), folder, fs::copy_options::skip_existing);
    }
  }

  Services services() { return {*files_, clock_, memory_, threads_}; }
  LoadedModel Load(const std::string& path, const std::vector<std::string>& overrides = {}) {
    return LoadModel(*files_, path, overrides);
  }
  CompileOptions TrainingOptions(const LoadedModel& loaded) {
    return OptionsFor(loaded, OpenData(loaded, DataUse::kTraining, *files_)->steps(), true);
  }

  std::string WritePlanOf(const LoadedModel& loaded) {
    const CompileOptions options = TrainingOptions(loaded);
    const std::string path = folder_.Path("model.plan");
    WritePlan(*files_, path,
              {.model = loaded.model,
               .graph = MakeExecutable(loaded, options).graph,
               .planned_for = options.planned_for()});
    return path;
  }

  // All that `plgraph compile` prints figures of.
  static std::string ReportOf(const LoadedModel& loaded, const Executable& executable) {
    std::string report = ToText(executable.graph);
    for (const auto& [name, value] : executable.graph.Names())
      report += fmt::format("{} {}\n", name, value.id);
    for (const TraceChoice& choice : executable.graph.trace_choices) {
      report += fmt::format("{} {} {} {} {}\n", choice.trace, choice.shape.ToString(), NameOf(choice.form),
                            choice.forced, choice.gradient_made);
      for (const FormOption& option : choice.options)
        report += fmt::format("{} {} {} {}\n", option.why_not, option.cost.operations, option.cost.traffic,
                              option.cost.kept);
    }
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      for (const ScheduledNode& scheduled : executable.schedule.order(static_cast<Phase>(phase)))
        report += fmt::format("{} {} {} {} {}\n", phase, scheduled.node.id, scheduled.pipelined,
                              scheduled.fused_loop, scheduled.block);
    }
    for (const std::int64_t size : executable.memory.section_sizes) report += fmt::format("{} ", size);
    return report + fmt::format("{} {} {}", executable.memory.size,
                                FlopsPerEpisode(executable, executable.options.steps),
                                PredictPeakMemory(loaded, executable, nullptr, 0).total());
  }

  // The report, and losses and gradients of all windows of two batches.
  std::string TrainingOf(const LoadedModel& loaded) {
    const auto data = OpenData(loaded, DataUse::kTraining, *files_);
    const Executable executable = MakeExecutable(loaded, OptionsFor(loaded, data->steps(), true));
    Executor<float> executor(executable, memory_, threads_);
    InitializeParameters(loaded, *files_, executor);
    EpisodeRunner<float> runner(executor, *data, InputPorts(loaded.graph), loaded.model.train().seed());
    std::string bits = ReportOf(loaded, executable);
    for (std::int64_t first = 0; first < 2 * runner.batch(); first += runner.batch()) {
      for (std::int64_t window = 0; window < runner.windows(); ++window) {
        runner.Forward(static_cast<std::uint64_t>(first), window);
        executor.Backward(runner.Context(static_cast<std::uint64_t>(first), window));
        AppendBits(executor, bits);
      }
    }
    return bits;
  }

  static void AppendBits(Executor<float>& executor, std::string& bits) {
    const Executable& executable = executor.executable();
    for (size_t term = 0; term < executable.graph.terms.size(); ++term) {
      for (std::int64_t sample = 0; sample < executable.options.batch; ++sample) {
        const double value = executor.TermValue(term, sample);
        Append(std::span(&value, 1), bits);
      }
    }
    for (size_t i = 0; i < executable.graph.gradients.size(); ++i) Append(executor.Gradient(i), bits);
  }

  // What `gradcheck` compares.
  std::string CheckedBits(const LoadedModel& loaded) {
    FirstBatch<double> batch(loaded, services());
    const double loss = batch.Loss();
    std::string bits;
    Append(std::span(&loss, 1), bits);
    for (const NamedTensor& entry : batch.Gradients()) Append(entry.tensor.values<double>(), bits);
    return bits;
  }

  Measures Evaluated(const LoadedModel& loaded, std::int64_t episodes) {
    Evaluator evaluator(loaded, services(), episodes);
    InitializeParameters(loaded, *files_, evaluator.executor());
    return evaluator.Evaluate();
  }

  std::vector<RunResult> Results(const LoadedModel& loaded, std::int64_t episodes,
                                 const std::vector<std::string>& values,
                                 StepsTaken taken = StepsTaken::kAll) {
    ModelRun run(loaded, OpenData(loaded, DataUse::kEvaluation, *files_), episodes, values, services(),
                 taken);
    InitializeParameters(loaded, *files_, run.executor());
    return run.Run();
  }

  std::string BitsOf(const std::vector<RunResult>& results) {
    std::string bits;
    for (const RunResult& result : results) Append(result.tensor.values<float>(), bits);
    return bits;
  }

  std::string DifferenceOfPlan(const LoadedModel& text, const LoadedModel& plan) {
    if (TrainingOf(text) != TrainingOf(plan)) return "the report, losses or gradients differ";
    if (CheckedBits(text) != CheckedBits(plan)) return "losses or gradients in double differ";
    const Measures a = Evaluated(text, kEpisodes);
    const Measures b = Evaluated(plan, kEpisodes);
    if (a.loss != b.loss || a.metrics != b.metrics) return "what eval measures differs";
    const std::vector<std::string> values = RunMeasures(text.model).Values();
    if (BitsOf(Results(text, 2, values)) != BitsOf(Results(plan, 2, values)))
      return "what run writes differs";
    return "";
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
  ThreadPool threads_{1};
};

TEST_F(RandomModels, HaveAPlanThatEqualsTheText) {
  int refused = 0;
  int taken = 0;
  ForEach([&](RandomFile& file) -> std::string {
    const LoadedModel text = Load(file.path());
    const std::string path = WritePlanOf(text);
    const std::string difference = DifferenceOfPlan(text, Load(path));
    if (!difference.empty()) return difference;

    const std::string set = file.AnotherSetting();
    const LoadedModel changed = Load(file.path(), {set});
    std::optional<PlannedFor> asked;
    try {
      asked = TrainingOptions(changed).planned_for();
    } catch (const Error&) {  // accumulate with windows: refused of a text too
    }
    try {
      const LoadedModel plan = Load(path, {set});
      if (TrainingOf(changed) != TrainingOf(plan)) return set + ": the report, losses or gradients differ";
      ++taken;
    } catch (const Error& error) {
      ++refused;
      if (!asked) return "";
      const std::string message = error.what();
      if (*asked == TrainingOptions(text).planned_for()) return set + " is refused: " + message;
      if (message.find("the model again from its text with --set " + set) == std::string::npos)
        return message;
    }
    return "";
  });
  fmt::print("another --set was taken {} times and refused {} times\n", taken, refused);
  EXPECT_GT(taken, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(RandomModels, HaveARunThatEqualsItsEvaluation) {
  ForEach([&](RandomFile& file) -> std::string {
    const LoadedModel loaded = Load(file.path());
    const std::int64_t episodes = 1 + file.Below(kEpisodes);
    const RunMeasures measures(loaded.model);
    const Measures expected = Evaluated(loaded, episodes);
    const Measures found = measures.Of(Results(loaded, episodes, measures.Values()));
    const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(b)); };
    if (!near(found.loss, expected.loss)) return fmt::format("loss {}, not {}", found.loss, expected.loss);
    for (size_t i = 0; i < expected.metrics.size(); ++i) {
      const auto& [name, value] = expected.metrics[i];
      // One count is far more.
      if (!near(found.metrics[i].second, value))
        return fmt::format("{} {}, not {}", name, found.metrics[i].second, value);
    }
    return "";
  });
}

}  // namespace
}  // namespace plgraph
