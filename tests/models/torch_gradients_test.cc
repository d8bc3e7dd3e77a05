// The gradients of seven small plastic models, and of the ops on images, against PyTorch's, in double and in float. The
// reference is recomputed by tests/models/torch/make_reference.py with Debian's python3-torch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "core/file_system.h"
#include "serialization/formats/npy.h"
#include "tests/support/temp_folder.h"

namespace plgraph {
namespace {

const std::string kSource = PLGRAPH_SOURCE_DIR;

// Made once for all tests of the process; tests that run beside it make their own.
std::filesystem::path ReferenceFolder() {
  static const TempFolder folder;
  static const std::filesystem::path made = [] {
    const std::string path = folder.Path("reference");
    const std::string command =
        "/usr/bin/python3 " + kSource + "/tests/models/torch/make_reference.py " + path;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path;
  }();
  return made;
}

double Norm(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number * number;
  return std::sqrt(sum);
}

// The largest relative error of any array of the reference: the norm of the difference over the norm.
double WorstError(const NamedTensors& reference, const NamedTensors& ours) {
  double worst = 0;
  for (const NamedTensor& expected : reference) {
    const Tensor* found = FindTensor(ours, expected.name);
    if (found == nullptr) {
      ADD_FAILURE() << expected.name << " is missing";
      return 1;
    }
    const std::vector<double> a = expected.tensor.As<double>();
    std::vector<double> difference = found->As<double>();
    if (a.size() != difference.size()) {
      ADD_FAILURE() << expected.name << " has " << difference.size() << " elements, not " << a.size();
      return 1;
    }
    for (size_t i = 0; i < a.size(); ++i) difference[i] -= a[i];
    worst = std::max(worst, Norm(difference) / Norm(a));
  }
  return worst;
}

class TorchGradients : public ::testing::TestWithParam<const char*> {
 protected:
  double ErrorWith(const std::string& options) {
    const std::filesystem::path folder = ReferenceFolder() / GetParam();
    const std::string written = (folder / ("ours" + options + ".npz")).string();
    const std::string command = std::string(PLGRAPH_TOOL) + " gradcheck " +
                                (folder / "model.pbtxt").string() + " --init " +
                                (folder / "weights.npz").string() + " --write " + written + " " + options +
                                " > " + (folder / "log").string() + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    const std::unique_ptr<FileSystem> files = MakePosixFileSystem();
    return WorstError(ReadNpz(*files, (folder / "gradients.npz").string()), ReadNpz(*files, written));
  }
};

TEST_P(TorchGradients, AgreeInDouble) { EXPECT_LT(ErrorWith(""), 1e-10); }
TEST_P(TorchGradients, AgreeInFloat) { EXPECT_LT(ErrorWith("--float"), 1e-5); }

INSTANTIATE_TEST_SUITE_P(Models, TorchGradients,
                         ::testing::Values("hebb", "oja", "instar", "row_decay", "neuromodulated",
                                           "retroactive", "rate_matrix"),
                         [](const auto& model) { return std::string(model.param); });

// One op in some twenty shapes each, on six instances (three samples, two steps) and on a single one.
INSTANTIATE_TEST_SUITE_P(Images, TorchGradients,
                         ::testing::Values("conv2d", "conv2d_single", "conv_transpose2d",
                                           "conv_transpose2d_single", "max_pool2d", "max_pool2d_single",
                                           "avg_pool2d", "avg_pool2d_single", "global_avg_pool",
                                           "global_avg_pool_single"),
                         [](const auto& model) { return std::string(model.param); });

}  // namespace
}  // namespace plgraph
