// Ops that PyTorch has too, each on many shapes, batches and lengths, in double: results in training and in inference,
// gradients, and what training updates. The reference is recomputed by tests/models/torch/make_ops.py.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "core/memory_budget.h"
#include "serialization/formats/npy.h"
#include "tools/training/episode_runner.h"
#include "tools/training/loaded_model.h"
#include "tools/training/parameters.h"

namespace plgraph {
namespace {

namespace fs = std::filesystem;
using Numbers = std::vector<double>;

// The cases of an op, in a folder that goes with this object.
class Reference {
 public:
  explicit Reference(const std::string& op)
      : folder_(fs::path(::testing::TempDir()) / fmt::format("torch_{}.{}", op, getpid())) {
    const std::string command = fmt::format("/usr/bin/python3 {}/tests/models/torch/make_ops.py {} {}",
                                            PLGRAPH_SOURCE_DIR, folder_.string(), op);
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  ~Reference() { fs::remove_all(folder_); }
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;

  std::vector<fs::path> Cases() const {
    std::vector<fs::path> cases;
    for (const auto& entry : fs::directory_iterator(folder_)) cases.push_back(entry.path());
    std::sort(cases.begin(), cases.end());
    return cases;
  }

 private:
  fs::path folder_;
};

template <typename Span>
Numbers Copied(const Span& span) {
  return Numbers(span.begin(), span.end());
}

// One case, compiled and run once.
class CaseRun {
 public:
  CaseRun(const fs::path& folder, Executable executable)
      : files_(MakePosixFileSystem()),
        loaded_(LoadModel(*files_, (folder / "model.pbtxt").string(), {})),
        executable_(std::move(executable)),
        executor_(executable_, memory_, threads_) {
    const std::string weights = (folder / "weights.npz").string();
    SetParameters(ReadNpz(*files_, weights), weights, executor_);
    const auto data = OpenData(loaded_, DataUse::kTraining, *files_);
    EpisodeRunner<double> runner(executor_, *data, InputPorts(loaded_.graph), 0);
    runner.Forward(0, 0);
    y_ = Copied(executor_.Output(executable_.graph.Find("y")));
    for (std::int64_t sample = 0; sample < executable_.options.batch; ++sample) {
      loss_ += executor_.TermValue(0, sample) / static_cast<double>(executable_.options.batch);
    }
    if (executable_.options.training) executor_.Backward(runner.Context(0, 0));
  }

  const Numbers& y() const { return y_; }

  // By the name that the reference gives it.
  Numbers Value(const std::string& name) {
    const Graph& graph = executable_.graph;
    if (name == "loss") return {loss_};
    if (name == "y" || name == "y_eval") return y_;
    if (name.starts_with("new_")) return Copied(executor_.Parameter(graph.Find(name.substr(4))));
    for (size_t i = 0; i < graph.gradients.size(); ++i) {
      if ("d_" + graph.node(graph.gradients[i].parameter).name == name) return Copied(executor_.Gradient(i));
    }
    return {};
  }

 private:
  std::unique_ptr<FileSystem> files_;
  LoadedModel loaded_;
  Executable executable_;
  SystemMemory memory_;
  ThreadPool threads_{2};
  Executor<double> executor_;
  Numbers y_;
  double loss_ = 0;
};

CompileOptions OptionsOf(const fs::path& folder, bool training) {
  const auto files = MakePosixFileSystem();
  const LoadedModel loaded = LoadModel(*files, (folder / "model.pbtxt").string(), {});
  const auto data = OpenData(loaded, DataUse::kTraining, *files);
  CompileOptions options = OptionsFor(loaded, data->steps(), training);
  options.dtype = DType::kDouble;
  options.outputs = {"y"};
  return options;
}

Executable Compiled(const fs::path& folder, bool training) {
  const auto files = MakePosixFileSystem();
  return MakeExecutable(LoadModel(*files, (folder / "model.pbtxt").string(), {}),
                        OptionsOf(folder, training));
}

Graph CompiledForALargerBatch(const fs::path& folder) {
  const auto files = MakePosixFileSystem();
  CompileOptions options = OptionsOf(folder, true);
  options.batch += 1;
  return MakeExecutable(LoadModel(*files, (folder / "model.pbtxt").string(), {}), options).graph;
}

void ExpectNear(const Numbers& found, const Numbers& expected, const std::string& where) {
  ASSERT_EQ(found.size(), expected.size()) << where;
  double largest = 1;
  for (const double x : expected) largest = std::max(largest, std::abs(x));
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 1e-11 * largest) << where << " at " << i;
  }
}

// Two cases that differ in batch and steps only have the same.
std::string ShapesOf(const fs::path& folder) {
  const auto files = MakePosixFileSystem();
  const Graph graph = LoadModel(*files, (folder / "model.pbtxt").string(), {}).graph;
  std::string shapes;
  for (int id = 0; id < graph.size(); ++id) shapes += graph.node(Value{id}).shape.ToString();
  return shapes;
}

class TorchOps : public ::testing::TestWithParam<const char*> {};

TEST_P(TorchOps, AgreeOnAtLeastTwentyShapes) {
  const Reference reference(GetParam());
  const std::vector<fs::path> cases = reference.Cases();
  std::set<std::string> shapes;
  for (const fs::path& folder : cases) {
    shapes.insert(ShapesOf(folder));
    const auto files = MakePosixFileSystem();
    const NamedTensors expected = ReadNpz(*files, (folder / "expected.npz").string());
    // Of a graph that was compiled for another batch: the number of samples is not part of it.
    CaseRun training(folder, PlanExecution(CompiledForALargerBatch(folder), OptionsOf(folder, true)));
    for (const NamedTensor& entry : expected) {
      if (entry.name == "y_eval") continue;
      ExpectNear(training.Value(entry.name), entry.tensor.As<double>(),
                 folder.filename().string() + " " + entry.name);
    }
    const Numbers inference = FindTensor(expected, "y_eval")->As<double>();
    ExpectNear(CaseRun(folder, Compiled(folder, false)).y(), inference, folder.filename().string());
  }
  EXPECT_GE(shapes.size(), 20U);
}

INSTANTIATE_TEST_SUITE_P(Ops, TorchOps,
                         ::testing::Values("batch_norm_ahead", "batch_norm_behind", "batch_norm_inside",
                                           "group_norm", "pad", "upsample", "flatten", "where", "embedding",
                                           "one_hot", "psnr", "ssim"),
                         [](const auto& op) { return std::string(op.param); });

}  // namespace
}  // namespace plgraph
