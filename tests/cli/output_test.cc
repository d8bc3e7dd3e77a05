// Where the files go that a command writes: through links, into pipes and stdout, and never over other files.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

/// A call of the tool that writes the file OUT.
struct OutputRow {
  std::string name;
  Words command;  ///< with the word OUT, perhaps after NAME=
  int exit_code = 0;
};

void PrintTo(const OutputRow& row, std::ostream* out) { *out << row.name; }

std::vector<OutputRow> Rows() {
  const std::string best = "run/best.ckpt";
  return {
      {"Compile", {"compile", "small.pbtxt", "-o", "OUT"}},
      {"RunArray",
       {"run", "small.pbtxt", "--checkpoint", best, "--episodes", "2", "--output", "hebb_next=OUT"}},
      {"RunGrid",
       {"run", "small.pbtxt", "--checkpoint", best, "--episodes", "9", "--grid", "OUT=hebb_next,hebb"}},
      {"Report", {"report", "run", "-o", "OUT"}},
      {"Gradcheck", {"gradcheck", "small.pbtxt", "--write", "OUT"}},
      {"Export", {"checkpoint", "export", best, "OUT"}},
      {"Salvage", {"checkpoint", "verify", best, "--salvage", "OUT"}},
  };
}

class Outputs : public CliTest, public ::testing::WithParamInterface<OutputRow> {
 protected:
  Outputs() {
    Train();
    EXPECT_EQ(RunInto("sound").exit_code, GetParam().exit_code);
    sound_ = folder_.Read("sound");
  }

  ToolResult RunInto(const std::string& path, const ToolSetting& setting = {}) {
    Words words = GetParam().command;
    for (std::string& word : words) {
      if (const size_t at = word.find("OUT"); at != std::string::npos) word.replace(at, 3, path);
    }
    return RunTool(words, folder_.Path(""), setting);
  }

  Words Names() {
    Words names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.Path("")))
      names.push_back(entry.path());
    return names;
  }

  std::string sound_;
};

TEST_P(Outputs, FollowLinks) {
  std::filesystem::create_directory(folder_.Path("other"));
  folder_.Write("other/old", "old");
  std::filesystem::create_symlink("other/old", folder_.Path("to_old"));
  std::filesystem::create_symlink("to_old", folder_.Path("to_link"));
  std::filesystem::create_symlink("other/new", folder_.Path("to_new"));
  EXPECT_EQ(RunInto("to_link").exit_code, 0);
  EXPECT_EQ(folder_.Read("other/old"), sound_);
  EXPECT_EQ(RunInto("to_new").exit_code, 0);
  EXPECT_EQ(folder_.Read("other/new"), sound_);
  for (const std::string link : {"to_old", "to_link", "to_new"}) {
    EXPECT_TRUE(std::filesystem::is_symlink(folder_.Path(link))) << link;
  }
}

TEST_P(Outputs, KeepPermissionsAndTheFilesOfTheUser) {
  folder_.Write("mine", "old");
  folder_.Write("mine.tmp", "a file of the user");
  chmod(folder_.Path("mine").c_str(), 0600);
  EXPECT_EQ(RunInto("mine").exit_code, 0);
  EXPECT_EQ(folder_.Read("mine"), sound_);
  EXPECT_EQ(folder_.Read("mine.tmp"), "a file of the user");
  struct stat info = {};
  ASSERT_EQ(stat(folder_.Path("mine").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_P(Outputs, GoIntoAPipeThatStaysOne) {
  ASSERT_EQ(mkfifo(folder_.Path("pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = folder_.Read("pipe"); });
  const ToolResult result = RunInto("pipe");
  // A tool that did not open the pipe must not leave the reader waiting.
  { std::fstream(folder_.Path("pipe")); }
  reader.join();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read, sound_);
  EXPECT_TRUE(std::filesystem::is_fifo(folder_.Path("pipe")));
}

TEST_P(Outputs, GoToStdoutAndTheTextToStderr) {
  const std::string text = RunInto("file").out;
  for (const std::string name : {"-", "/dev/stdout"}) {
    const ToolResult result = RunInto(name);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, sound_) << name;
    EXPECT_GE(result.err.size() + 11, text.size());
  }
  const ToolResult lost = RunInto("-", {.out = StreamTo::kFullDevice});
  EXPECT_EQ(lost.exit_code, 1);
  EXPECT_THAT(lost.err, HasSubstr("stdout: cannot write: No space left on device"));
}

TEST_P(Outputs, ThatMayNotGrowAreASentenceAndLeaveNothing) {
  const Words before = Names();
  const ToolResult result = RunInto("large", {.most_file_bytes = 1000});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("large: cannot write: File too large"));
  EXPECT_THAT(Names(), ::testing::UnorderedElementsAreArray(before));
}

INSTANTIATE_TEST_SUITE_P(Cli, Outputs, ::testing::ValuesIn(Rows()),
                         [](const auto& tested) { return tested.param.name; });

class Inputs : public CliTest {};

// The files of a run that a command takes in place of a model, and the data.
TEST_F(Inputs, AreNotOverwritten) {
  const auto files = MakePosixFileSystem();
  WriteNpy(*files, folder_.Path("cues.npy"), Tensor(Shape{2, 13, 12}, std::vector<float>(312, 0.5F)));
  std::string text = kSmallModel;
  const size_t data = text.find("data {");
  text.replace(
      data, text.find("}", data) + 3 - data,
      R"(data { npy { array { input: "cue" path: "cues.npy" } array { input: "target" path: "cues.npy" } } })");
  folder_.Write("npy.pbtxt", text);
  Output({"train", "npy.pbtxt", "--run-dir", "run"});
  const auto expect_refused = [&](Words command, const std::string& file) {
    command.back() += file;
    const bool exists = folder_.Exists(file);
    const std::string before = exists ? folder_.Read(file) : "";
    EXPECT_THAT(Fault(2, command), HasSubstr("which would be overwritten"));
    ASSERT_EQ(folder_.Exists(file), exists);
    EXPECT_EQ(exists ? folder_.Read(file) : "", before) << file;
  };
  for (const std::string name :
       {"model.pbtxt", "run.json", "metrics.jsonl", "last.ckpt", "best.ckpt", "evaluations.jsonl", "lock"}) {
    expect_refused({"report", "run", "-o", ""}, "run/" + name);
    expect_refused({"compile", "run", "-o", ""}, "run/" + name);
    expect_refused({"gradcheck", "run", "--write", ""}, "run/" + name);
    expect_refused({"run", "run/", "--episodes", "2", "--output", "y_next="}, "run/" + name);
  }
  for (const std::string model : {"npy.pbtxt", "run"}) {
    expect_refused({"compile", model, "-o", ""}, "cues.npy");
    expect_refused({"gradcheck", model, "--write", ""}, "cues.npy");
    expect_refused({"run", model, "--checkpoint", "run/last.ckpt", "--episodes", "2", "--output", "y_next="},
                   "cues.npy");
  }
  Output({"report", "run", "-o", "run/report.html"});
  Output({"run", "run", "--episodes", "2", "--output", "y_next=run/y.npy"});
}

TEST_F(Inputs, ComeFromStdin) {
  Train();
  const std::string folder = folder_.Path("");
  const ToolResult model = RunTool({"compile", "-", "--emit", "ir"}, folder, {.input = "small.pbtxt"});
  EXPECT_EQ(model.out, Output({"compile", "small.pbtxt", "--emit", "ir"})) << model.err;
  const ToolResult checkpoint =
      RunTool({"eval", "small.pbtxt", "--checkpoint", "-"}, folder, {.input = "run/best.ckpt"});
  EXPECT_EQ(checkpoint.out, Output({"eval", "small.pbtxt", "--checkpoint", "run/best.ckpt"}))
      << checkpoint.err;
  const ToolResult both = RunTool({"eval", "-", "--checkpoint", "-"}, folder, {.input = "small.pbtxt"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("-: stdin can be read once only; give the other file by its path"));
}

// A pipe can be read once only.
TEST_F(Inputs, ComeFromAPipe) {
  ASSERT_EQ(mkfifo(folder_.Path("pipe").c_str(), 0600), 0);
  std::thread writer([&] { folder_.Write("pipe", kSmallModel); });
  const ToolResult result = RunTool({"compile", "pipe", "--emit", "ir"}, folder_.Path(""));
  writer.join();
  EXPECT_EQ(result.out, Output({"compile", "small.pbtxt", "--emit", "ir"})) << result.err;
}

}  // namespace
}  // namespace plgraph
