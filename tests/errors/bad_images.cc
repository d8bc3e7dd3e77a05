// Data files of images: IDX (plain and packed), PNG, CSV, npz.
#include <cstring>
#include <filesystem>

#include "serialization/formats/npy.h"
#include "serialization/formats/png_writer.h"
#include "serialization/formats/zip.h"
#include "tests/errors/bad_input.h"
#include "tests/support/image_files.h"

namespace plgraph {
namespace {

using Prepare = std::function<void(const TempFolder& folder)>;

// Images of 1 x 1 x 2 pixels with three classes.
constexpr std::string_view kModel = R"(
input { name: "image" shape: ["1", "1", "2"] }
input { name: "label" shape: "3" }
parameter { name: "w" shape: ["2", "3"] normal { } }
node { name: "flat" flatten { x: "image" } }
node { name: "y" matmul { a: "flat" b: "w" } }
node { name: "e" squared_error { prediction: "y" target: "label" } }
loss { value: "e" at: LAST_STEP }
train { episodes: 2 adam { } data { images { FILES } } }
)";

BadInput Row(const std::string& name, const std::string& files, int exit_code, const std::string& message,
             const Prepare& prepare) {
  return {.name = name,
          .command = Words("train images.pbtxt --run-dir run"),
          .exit_code = exit_code,
          .messages = {message},
          .prepare = [files, prepare](const TempFolder& folder) {
            std::string text(kModel);
            folder.Write("images.pbtxt", text.replace(text.find("FILES"), 5, files));
            prepare(folder);
          }};
}

const std::string kTwoImages = Idx({2, 1, 2}, "abcd");
const std::string kTwoLabels = Idx({2}, std::string("\0\1", 2));

BadInput IdxRow(const std::string& name, int exit_code, const std::string& message, const std::string& images,
                const std::string& labels = kTwoLabels) {
  return Row("Idx" + name, "idx { images: \"i\" labels: \"l\" }", exit_code, message,
             [images, labels](const TempFolder& folder) {
               folder.Write("i", images);
               folder.Write("l", labels);
             });
}

std::vector<BadInput> IdxRows() {
  const std::string packed = Gzip(kTwoImages);
  return {
      IdxRow("Empty", 1, "i: cut: it has only 0 bytes", ""),
      IdxRow("OfAnotherMagic", 1, "i: begins with 47 49 46 38; expected 00 00 08 03", "GIF89a"),
      IdxRow("OfLabels", 1, "i: begins with 00 00 08 01; expected 00 00 08 03", kTwoLabels),
      IdxRow("CutInItsHeader", 1, "i: cut in its header: it has 9 bytes, expected 16",
             kTwoImages.substr(0, 9)),
      IdxRow("Cut", 1, "4 bytes, but 2 follow; it is cut", kTwoImages.substr(0, 18)),
      IdxRow("WithMoreBehind", 1, "4 bytes, but 5 follow", kTwoImages + "e"),
      IdxRow("OfNothing", 1, "i: holds nothing: its shape is [0, 1, 2]", Idx({0, 1, 2}, "")),
      IdxRow("LiesAboutItsShape", 1, "3367254359280 bytes, but 4 follow; it is cut",
             Idx({0xFFFFFFFF, 28, 28}, "abcd")),
      IdxRow("OfAnImpossibleShape", 1, "tells an impossible shape",
             Idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "abcd")),
      IdxRow("OfAnotherShape", 2,
             "input \"image\" has shape [1, 1, 2], but the images, as they are fed, have",
             Idx({2, 2, 2}, "abcdefgh")),
      IdxRow("OfOtherCounts", 1, "l: holds 2 labels, but", Idx({3, 1, 2}, "abcdef")),
      IdxRow("LabelsOfAnotherMagic", 1, "l: begins with 00 00 08 03; expected 00 00 08 01", kTwoImages,
             kTwoImages),
      IdxRow("LabelOutOfRange", 2,
             "input \"label\" has 3 elements, but the labels go up to 9; expected at least 10", kTwoImages,
             Idx({2}, "\1\x09")),
      IdxRow("GzipGarbage", 1, "the gzip file is damaged after 0 unpacked bytes",
             "\x1f\x8b garbage that is no gzip"),
      IdxRow("GzipCut", 1, "the gzip file is cut after 20 unpacked bytes",
             packed.substr(0, packed.size() - 4)),
      IdxRow("GzipFlipped", 1, "the gzip file is damaged", Flipped(packed, -6)),
      IdxRow("GzipWithMoreBehind", 1, "4 bytes follow the end of what gzip packed", packed + "junk"),
      IdxRow("GzipBomb", 1, "tells a shape of [2, 1, 2], 4 bytes, but more follow",
             Gzip(Idx({2, 1, 2}, std::string(30'000'000, 'x')))),
      Row("IdxMissing", "idx { images: \"nowhere\" labels: \"l\" }", 1, "nowhere: cannot open",
          [](const TempFolder& folder) { folder.Write("l", kTwoLabels); }),
      Row("IdxIsAFolder", "idx { images: \"i\" }", 1, "i: cannot read: Is a directory",
          [](const TempFolder& folder) { std::filesystem::create_directory(folder.Path("i")); }),
      Row("IdxWithoutLabels", "idx { images: \"i\" }", 2,
          "input \"label\" reads labels, but the files have none",
          [](const TempFolder& folder) { folder.Write("i", kTwoImages); }),
  };
}

// Images of one pixel, classified by scores for two classes.
constexpr std::string_view kClassifier = R"(
input { name: "image" shape: ["1", "1", "1"] per: EPISODE }
input { name: "label" per: EPISODE }
parameter { name: "w" shape: ["1", "2"] normal { } }
node { name: "flat" flatten { x: "image" } }
node { name: "scores" matmul { a: "flat" b: "w" } }
node { name: "shifted" add { a: "label" b: "label" } }
node { name: "error" cross_entropy { logits: "scores" target: "TARGET" } }
loss { value: "error" }
train { episodes: 3 adam { } data { images { shuffle: false idx { images: "i" labels: "l" } } } }
)";

BadInput ClassRow(const std::string& name, const std::string& target, int exit_code,
                  const std::string& message) {
  return {.name = name,
          .command = Words("train classes.pbtxt --run-dir run"),
          .exit_code = exit_code,
          .messages = {message},
          .prepare = [target](const TempFolder& folder) {
            std::string text(kClassifier);
            folder.Write("classes.pbtxt", text.replace(text.find("TARGET"), 6, target));
            folder.Write("i", Idx({3, 1, 1}, "abc"));
            folder.Write("l", Idx({3}, std::string("\0\1\2", 3)));
          }};
}

// More classes in the data than the model has: known when the data are read, or, for what is computed, when it happens.
std::vector<BadInput> ClassRows() {
  return {
      ClassRow("LabelThatIsNoClass", "label", 2,
               "input \"label\": image 2 of i has label 2, but node \"error\" (CrossEntropy) has 2 classes; "
               "expected "
               "labels from 0 to 1"),
      ClassRow("ComputedLabelThatIsNoClass", "shifted", 1,
               "\"shifted\" is not a whole number from 0 to 1, of which OneHot takes one"),
  };
}

std::string Png(std::int64_t width, std::int64_t height) {
  RgbImage image = {.width = width, .height = height, .bytes = {}};
  image.bytes.resize(static_cast<size_t>(3 * width * height));
  return TextOf(EncodePng(image));
}

BadInput PngRow(const std::string& name, const std::string& message, const std::string& image) {
  return Row("Png" + name, "png { folder: \"set\" }", 1, message, [image](const TempFolder& folder) {
    std::filesystem::create_directories(folder.Path("set/a"));
    folder.Write("set/a/1.png", Png(2, 1));
    folder.Write("set/a/2.png", image);
  });
}

std::vector<BadInput> PngRows() {
  BadInput large =
      Row("PngOfAnotherSizeThatIsLarge", "png { folder: \"set\" channels: 3 }", 2,
          "input \"image\" has shape [1, 1, 2], but the images, as they are fed, have [3, 7000, 7000]",
          [](const TempFolder& folder) {
            std::filesystem::create_directories(folder.Path("set/a"));
            folder.Write("set/a/1.png", Png(7000, 7000));
          });
  return {
      large,
      PngRow("Empty", "set/a/2.png: not a whole PNG image", ""),
      PngRow("OfAnotherKind", "set/a/2.png: not a whole PNG image", "GIF89a"),
      PngRow("Cut", "set/a/2.png: not a whole PNG image", Png(2, 1).substr(0, 40)),
      PngRow("Flipped", "set/a/2.png: not a whole PNG image", Flipped(Png(2, 1), -20)),
      PngRow("OfAnotherSize", "2.png: has 1 x 2 pixels, but", Png(1, 2)),
      Row("PngMissing", "png { folder: \"set\" }", 1, "set: cannot list the folder",
          [](const TempFolder&) {}),
      Row("PngOfNothing", "png { folder: \"set\" }", 1, "set: holds no PNG image",
          [](const TempFolder& folder) { std::filesystem::create_directories(folder.Path("set/a")); }),
  };
}

BadInput CsvRow(const std::string& name, const std::string& message, const std::string& text) {
  return Row("Csv" + name, "csv { path: \"x.csv\" height: 1 width: 2 }", 1, message,
             [text](const TempFolder& folder) { folder.Write("x.csv", text); });
}

std::vector<BadInput> CsvRows() {
  return {
      CsvRow("Empty", "x.csv: holds no image", ""),
      CsvRow("OfNamesOnly", "x.csv: holds no image", "label,a,b\n"),
      CsvRow("LineTooShort", "x.csv:1: column 3: the line ends; expected a pixel", "1,2\n"),
      CsvRow("LineTooLong", "x.csv:2: column 4: more numbers follow", "1,2,9\n1,2,3,4\n"),
      CsvRow("PixelTooLarge", "column 3: found \"256\"; expected a pixel", "1,2,256\n"),
      CsvRow("PixelNan", "found \"nan\"; expected a pixel", "1,nan,2\n"),
      CsvRow("NegativeLabel", "column 1: found \"-1\"; expected a label", "-1,2,2\n"),
      CsvRow("Binary", "x.csv:1: column 1: found", std::string("\x89PNG\0\n", 6)),
  };
}

BadInput NpzRow(const std::string& name, const std::string& message,
                const std::function<std::string()>& bytes) {
  return Row("Npz" + name, "npz { path: \"x.npz\" }", 1, message,
             [bytes](const TempFolder& folder) { folder.Write("x.npz", bytes()); });
}

std::vector<BadInput> NpzRows() {
  const auto archive = [](const Shape& x, const Shape& y) {
    const auto filled = [](const Shape& shape) {
      return Tensor(shape, std::vector<float>(static_cast<size_t>(shape.NumElements()), 2));
    };
    return TextOf(EncodeNpz({{"x", filled(x)}, {"y", filled(y)}}));
  };
  // 300 MB in a file of 300 KB: refused before they are unpacked.
  const auto bomb = [] {
    std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (300, 1000, 1000), }\n";
    header = std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header;
    ZipMember x{.name = "x.npy", .bytes = std::vector<std::byte>(header.size() + 300'000'000)};
    std::memcpy(x.bytes.data(), header.data(), header.size());
    return TextOf(MakeZip({x}, true));
  };
  BadInput bomb_of_parameters =
      NpzRow("BombOfParameters", "left over    parameter \"x\" [300, 1000, 1000]", bomb);
  bomb_of_parameters.command = Words("train small.pbtxt --run-dir run --init x.npz");
  bomb_of_parameters.exit_code = 2;
  BadInput bomb_of_images = NpzRow(
      "BombOfImages",
      "input \"image\" has shape [1, 1, 2], but the images, as they are fed, have [1, 1000, 1000]", bomb);
  bomb_of_images.exit_code = 2;
  return {
      bomb_of_parameters,
      bomb_of_images,
      NpzRow("OfAnotherKind", "not a zip archive", [] { return std::string("no archive"); }),
      NpzRow("Cut", "not a zip archive (.npz), or cut",
             [archive] {
               return archive({2, 1, 2}, {2}).substr(0, 200);
             }),
      NpzRow("Flipped", "member \"x.npy\" is damaged: it has checksum",
             [archive] {
               return Flipped(archive({2, 1, 2}, {2}), 30 + 5 + 128);
             }),
      NpzRow("OfAnotherShape", "array x: has shape [4]; expected [images, height, width]",
             [archive] { return archive({4}, {2}); }),
      NpzRow("OfNothing", "array x: holds no image",
             [archive] {
               return archive({0, 1, 2}, {0});
             }),
      NpzRow("OfOtherCounts", "array y: has shape [3]; expected [2]",
             [archive] {
               return archive({2, 1, 2}, {3});
             }),
      NpzRow("WithoutImages", "array x: is missing", [] { return TextOf(EncodeNpz({})); }),
  };
}

}  // namespace

std::vector<BadInput> BadImages() {
  std::vector<BadInput> rows;
  for (const auto& part : {IdxRows(), ClassRows(), PngRows(), CsvRows(), NpzRows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace plgraph
