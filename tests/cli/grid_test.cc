// Pictures that `run --grid` writes.
#include <png.h>

#include <cmath>

#include "core/file_system.h"
#include "serialization/formats/npy.h"
#include "tests/cli/cli_test.h"

namespace plgraph {
namespace {

using ::testing::HasSubstr;

struct Picture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> bytes;

  std::vector<int> At(std::int64_t x, std::int64_t y) const {
    if (bytes.empty()) return {};
    const auto pixel = bytes.begin() + (y * width + x) * 3;
    return {pixel[0], pixel[1], pixel[2]};
  }
};

Picture Decode(const std::string& bytes) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()), 0) << png.message;
  png.format = PNG_FORMAT_RGB;
  Picture picture = {.width = png.width, .height = png.height, .bytes = {}};
  picture.bytes.resize(PNG_IMAGE_SIZE(png));
  EXPECT_NE(png_image_finish_read(&png, nullptr, picture.bytes.data(), 0, nullptr), 0) << png.message;
  return picture;
}

class GridTest : public CliTest {
 protected:
  // Two episodes of three steps; `out` is `in`, which is 100 episode + 10 step + place in hundredths.
  GridTest() {
    folder_.Write("same.pbtxt", R"(
      name: "same"
      input { name: "in" shape: ["3", "2", "2"] }
      input { name: "row" shape: "4" }
      input { name: "odd" shape: "6" }
      node { name: "out" scale { x: "in" factor: 1 } }
      node { name: "twice" scale { x: "row" factor: 2 } })");
    folder_.Write("none.npz", std::string("PK\5\6") + std::string(18, '\0'));
    std::vector<float> in;
    for (int i = 0; i < 2 * 3 * 12; ++i) in.push_back(static_cast<float>(i) / 100);
    in[3 * 12 + 2 * 12] = NAN;  // the first number of episode 1 at step 2
    WriteNpy(*files_, folder_.Path("in.npy"), Tensor(Shape{2, 3, 3, 2, 2}, in));
    WriteNpy(*files_, folder_.Path("row.npy"),
             Tensor(Shape{2, 3, 4}, std::vector<float>(in.begin(), in.begin() + 24)));
  }
  std::vector<std::string> Arguments(const std::vector<std::string>& more) {
    std::vector<std::string> all = {"run",     "same.pbtxt", "--checkpoint", "none.npz",
                                    "--input", "in=in.npy",  "--input",      "row=row.npy"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(GridTest, ARowIsASampleAndAColumnAValue) {
  EXPECT_THAT(Output(Arguments({"--grid", "g.png=out@1,twice"})), HasSubstr("268 x 268 pixels -> g.png"));
  const Picture picture = Decode(folder_.Read("g.png"));
  // Cells of 2 x 2 numbers, each 64 x 64 pixels, with 4 pixels between and around them.
  const auto pixel = [&](int column, int row, int y, int x) {
    return picture.At(4 + column * 132 + x * 64 + 32, 4 + row * 132 + y * 64 + 32);
  };
  const auto shade = [](double number) { return static_cast<int>(std::lround(255 * number)); };
  for (int episode = 0; episode < 2; ++episode) {
    for (int place = 0; place < 4; ++place) {
      const int first = 36 * episode + 12 + place;
      EXPECT_EQ(pixel(0, episode, place / 2, place % 2),
                (std::vector{shade(first * 0.01), shade((first + 4) * 0.01), shade((first + 8) * 0.01)}));
      const int gray = shade(2 * (12 * episode + 8 + place) * 0.01);
      EXPECT_EQ(pixel(1, episode, place / 2, place % 2), (std::vector{gray, gray, gray}));
    }
  }
  EXPECT_EQ(picture.At(0, 0), picture.At(133, 133));
}

TEST_F(GridTest, TheRangeIsClippedAndNoNumberIsMagenta) {
  Output(Arguments({"--grid", "a.png=out", "--grid-range", "0.27,0.31", "--grid", "b.png=twice"}));
  const Picture picture = Decode(folder_.Read("a.png"));
  EXPECT_EQ(picture.At(4, 4), (std::vector{0, 64, 255}));       // 0.24, 0.28 and 0.32
  EXPECT_EQ(picture.At(4, 136), (std::vector{255, 255, 255}));  // no number in red, 0.64 and 0.68
  WriteNpy(*files_, folder_.Path("row.npy"), Tensor(Shape{1, 1, 4}, std::vector<float>{NAN, 0, 1, -1}));
  WriteNpy(*files_, folder_.Path("in.npy"), Tensor(Shape{1, 1, 3, 2, 2}, std::vector<float>(12)));
  Output(Arguments({"--grid", "b.png=twice"}));
  EXPECT_EQ(Decode(folder_.Read("b.png")).At(4, 4), (std::vector{255, 0, 255}));
}

TEST_F(GridTest, TheSamePictureIsTheSameFile) {
  Output(Arguments({"--grid", "a.png=in,out", "--grid", "b.png=in,out"}));
  EXPECT_EQ(folder_.Read("a.png"), folder_.Read("b.png"));
}

TEST_F(GridTest, SamplesComeFromTheModelsOwnData) {
  Train();
  const std::vector<std::string> run = {"run",           "small.pbtxt", "--checkpoint",
                                        "run/best.ckpt", "--set",       "n=12"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    return more;
  };
  Output(
      with({"--episodes", "3", "--output", "cue=cue.npy", "--output", "y_next=y.npy", "--grid", "w.png=w"}));
  EXPECT_EQ(ReadNpy(*files_, folder_.Path("cue.npy")).shape(), (Shape{3, 13, 12}));
  // The same as with the inputs from a file.
  Output(with({"--input", "cue=cue.npy", "--output", "y_next=z.npy"}));
  EXPECT_EQ(folder_.Read("y.npy"), folder_.Read("z.npy"));
  EXPECT_THAT(Fault(2, with({"--episodes", "3", "--input", "cue=cue.npy", "--grid", "w.png=w"})),
              HasSubstr("excludes"));
  EXPECT_THAT(Fault(2, with({"--grid", "w.png=w"})), HasSubstr("--episodes"));
}

TEST_F(GridTest, FaultsAreSaid) {
  const auto fault = [&](const std::string& grid) { return Fault(2, Arguments({"--grid", grid})); };
  EXPECT_THAT(fault("g.png=uot"),
              HasSubstr("--grid uot: same.pbtxt has no value of this name (did you mean \"out\"?)"));
  EXPECT_THAT(fault("g.png=odd"), HasSubstr("--grid odd: its shape [6] is not an image"));
  EXPECT_THAT(fault("g.png=out@3"), HasSubstr("--grid out@3: there is no such step; the value has 3 steps"));
  EXPECT_THAT(fault("g.png=out@x"), HasSubstr("found \"out@x\""));
  EXPECT_THAT(fault("g.png=out,,in"), HasSubstr("found \"\""));
  EXPECT_THAT(fault("g.png"), HasSubstr("expected FILE.png=VALUE"));
  EXPECT_THAT(Fault(2, Arguments({})), HasSubstr("nothing to write"));
  EXPECT_THAT(Fault(2, Arguments({"--grid", "g.png=out", "--grid-range", "1,1"})),
              HasSubstr("--grid-range 1,1: expected two finite numbers"));
  EXPECT_THAT(Fault(1, Arguments({"--grid", "no/folder/g.png=out"})), HasSubstr("no/folder/g.png"));
}

}  // namespace
}  // namespace plgraph
