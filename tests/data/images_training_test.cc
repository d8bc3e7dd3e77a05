// Training and evaluation on real images: the same bytes for any number of threads and after a resume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/temp_folder.h"
#include "tools/training/evaluator.h"
#include "tools/training/trainer.h"

namespace plgraph {
namespace {

const std::string kModel = R"(
name: "denoise"
dim { name: "n" size: 784 }
dim { name: "h" size: 8 }
input { name: "image" shape: "n" }
input { name: "target" shape: "n" }
input { name: "weight" }
parameter { name: "in" shape: ["n", "h"] glorot {} }
parameter { name: "out" shape: ["h", "n"] glorot {} }
parameter { name: "w" shape: ["h", "h"] normal { stddev: 0.1 } }
parameter { name: "alpha" shape: ["h", "h"] normal { stddev: 0.1 } }
parameter { name: "eta" constant { value: 0.1 } }
state { name: "y" shape: "h" next: "y_next" }
state { name: "hebb" shape: ["h", "h"] next: "hebb_next" }
node { name: "recurrent" plastic_matmul { x: "y" weight: "w" plasticity: "alpha" trace: "hebb" } }
node { name: "seen" matmul { a: "image" b: "in" } }
node { name: "drive" add { a: "recurrent" b: "seen" } }
node { name: "y_next" tanh { x: "drive" } }
node { name: "hebb_next" hebbian_trace { trace: "hebb" pre: "y" post: "y_next" rate: "eta" rule: HEBB } }
node { name: "restored" matmul { a: "y_next" b: "out" } }
node { name: "error" squared_error { prediction: "restored" target: "target" } }
loss { value: "error" weighted_by: "weight" }
train {
  episodes: 40  batch: 4  seed: 1
  adam { learning_rate: 1e-3 }
  data { images {
    idx { images: "DATA/mnist-images-idx3-ubyte.gz" }
    held_out: 0.1
    damage { gaussian { stddev: 0.5 } }  damage { limit {} }
    episode { samples: 2 show_steps: 2 gap_steps: 1 query_steps: 2 show_weight: 0.3 }
  } }
  evaluation { episodes: 20 }
  checkpoints { last_every: 20 }
}
)";

class ImagesTrainingTest : public ::testing::Test {
 protected:
  ImagesTrainingTest() {
    std::string model = kModel;
    const std::string data = "DATA";
    model.replace(model.find(data), data.size(), PLGRAPH_SOURCE_DIR "/tests/data");
    folder_.Write("model.pbtxt", model);
  }

  // The last checkpoint.
  std::string Train(const std::string& run, const std::vector<std::string>& overrides, bool resume = false,
                    int threads = 1) {
    const LoadedModel loaded = LoadModel(*files_, folder_.Path("model.pbtxt"), overrides);
    ThreadPool pool(threads);
    Progress progress(nullptr, false, clock_);
    Trainer(loaded, {*files_, clock_, memory_, pool}, progress).Run({folder_.Path(run), resume});
    return folder_.Read(run + "/last.ckpt");
  }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
  SystemClock clock_;
  SystemMemory memory_;
};

TEST_F(ImagesTrainingTest, GivesTheSameBytesWithAnyThreadsAndAfterAResume) {
  const std::string whole = Train("whole", {});
  EXPECT_EQ(Train("two", {}, false, 2), whole);
  Train("parts", {"train.episodes=20"});
  EXPECT_EQ(Train("parts", {}, true), whole);
  EXPECT_NE(Train("other", {"train.seed=2"}), whole);
}

TEST_F(ImagesTrainingTest, EvaluatesOnASourceOfItsOwn) {
  const std::string fashion = PLGRAPH_SOURCE_DIR "/tests/data/fashion-mnist-images-idx3-ubyte.gz";
  const auto count = [&](const std::vector<std::string>& overrides) {
    const LoadedModel loaded = LoadModel(*files_, folder_.Path("model.pbtxt"), overrides);
    ThreadPool pool(1);
    return Evaluator(loaded, {*files_, clock_, memory_, pool}, 1000).data()->episodes();
  };
  EXPECT_EQ(count({}), std::nullopt);
  EXPECT_EQ(count({"train.evaluation.data.images.idx.images=" + fashion}), 200);
}

TEST_F(ImagesTrainingTest, NamesTheModelInAFault) {
  const LoadedModel loaded = LoadModel(*files_, folder_.Path("model.pbtxt"), {"train.data.images.count=500"});
  try {
    OpenData(loaded, DataUse::kTraining, *files_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(
        error.what(),
        ::testing::HasSubstr("model.pbtxt: images: images 0 to 500 were asked for, but the files hold 200"));
  }
}

}  // namespace
}  // namespace plgraph
