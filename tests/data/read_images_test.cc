// Every format of images there and back, and every way in which a file can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <zlib.h>

#include <cmath>
#include <functional>

#include "core/error.h"
#include "serialization/formats/npy.h"
#include "serialization/formats/zip.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_folder.h"
#include "tools/data/labelled_images.h"

namespace plgraph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Png(std::uint32_t width, std::uint32_t height, const std::string& pixels, std::uint32_t format) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  std::string bytes(1000, '\0');
  png_alloc_size_t size = bytes.size();
  EXPECT_NE(png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr), 0);
  bytes.resize(size);
  return bytes;
}

std::string TextOf(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A .npy file as NumPy writes it.
std::vector<std::byte> Npy(const std::string& type, const std::string& shape, const std::string& numbers) {
  const std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  const std::string text = "\x93NUMPY\1" + std::string(1, '\0') + static_cast<char>(header.size()) +
                           std::string(1, '\0') + header + numbers;
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class ReadImagesTest : public ::testing::Test {
 protected:
  std::vector<float> Image(const LabelledImages& images, std::int64_t image) {
    std::vector<float> values(static_cast<size_t>(images.size()));
    images.Copy(image, values);
    for (float& value : values) value = std::round(value * 255);
    return values;
  }
  std::string Fault(const std::function<void()>& read) {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRuntime) << error.what();
      return error.what();
    }
    return "";
  }
  std::string IdxFault(const std::string& images, const std::string& labels = Idx({2}, "\1\2")) {
    folder_.Write("i", images);
    folder_.Write("l", labels);
    return Fault([&] { ReadIdx(*files_, folder_.Path("i"), folder_.Path("l")); });
  }
  void Folder(const std::string& name) { files_->CreateFolders(folder_.Path(name)); }

  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = MakePosixFileSystem();
};

TEST_F(ReadImagesTest, ReadsIdxPlainAndPacked) {
  const std::string images = Idx({2, 2, 3}, std::string("\0\1\2\3\4\5\6\7\x08\x09\x0a\xff", 12));
  const std::string labels = Idx({2}, "\5\3");
  for (const bool packed : {false, true}) {
    folder_.Write("i", packed ? Gzip(images) : images);
    folder_.Write("l", packed ? Gzip(labels) : labels);
    const LabelledImages read = ReadIdx(*files_, folder_.Path("i"), folder_.Path("l"));
    EXPECT_EQ(read.count, 2);
    EXPECT_EQ(read.channels, 1);
    EXPECT_EQ(read.height, 2);
    EXPECT_EQ(read.width, 3);
    EXPECT_THAT(Image(read, 1), ElementsAre(6, 7, 8, 9, 10, 255));
    EXPECT_THAT(read.labels, ElementsAre(5, 3));
  }
  folder_.Write("i", Idx({1, 3, 1, 2}, "abcdef"));
  const LabelledImages color = ReadIdx(*files_, folder_.Path("i"), "");
  EXPECT_EQ(color.channels, 3);
  EXPECT_TRUE(color.labels.empty());
}

TEST_F(ReadImagesTest, ReadsRealImages) {
  for (const std::string name : {"mnist", "fashion-mnist"}) {
    const std::string path = PLGRAPH_SOURCE_DIR "/tests/data/" + name;
    const LabelledImages read =
        ReadIdx(*files_, path + "-images-idx3-ubyte.gz", path + "-labels-idx1-ubyte.gz");
    EXPECT_EQ(read.count, 200);
    EXPECT_EQ(read.height, 28);
    EXPECT_EQ(read.labels[0], name == "mnist" ? 7 : 0);
    EXPECT_EQ(read.bytes(), 200 * (28 * 28 + 4));
  }
}

TEST_F(ReadImagesTest, SaysWhatIsWrongWithIdx) {
  const std::string good = Idx({2, 1, 2}, "abcd");
  const std::string packed = Gzip(good);
  const std::string big = Gzip(Idx({2, 1000, 1000}, std::string(3'000'000, 'x')));
  std::string flipped = packed;
  flipped[flipped.size() - 6] ^= 1;  // in the checksum
  const struct {
    std::string images;
    std::string fault;
  } cases[] = {
      {"", "cut: it has only 0 bytes"},
      {"GIF89a", "begins with 47 49 46 38; expected 00 00 08 03, an IDX file of unsigned bytes with 3 axes"},
      {Idx({2}, "ab"), "begins with 00 00 08 01; expected 00 00 08 03"},
      {good.substr(0, 9), "cut in its header: it has 9 bytes, expected 16"},
      {good.substr(0, 18), "tells a shape of [2, 1, 2], 4 bytes, but 2 follow; it is cut"},
      {good + "e", "tells a shape of [2, 1, 2], 4 bytes, but 5 follow"},
      {Idx({0, 28, 28}, ""), "holds nothing: its shape is [0, 28, 28]"},
      {Idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "abcd"), "tells an impossible shape"},
      {Idx({0xFFFFFFFF, 28, 28}, "abcd"),
       "[4294967295, 28, 28], 3367254359280 bytes, but 4 follow; it is cut"},
      {Gzip(Idx({0xFFFFFFFF, 28, 28}, "abcd")), "holds 4294967295 images; expected one for each"},
      {packed.substr(0, 12), "unpacked bytes; fetch it again"},
      {big.substr(0, big.size() - 4), "tells a shape of [2, 1000, 1000], 2000000 bytes, but more follow"},
      {packed.substr(0, packed.size() - 4), "the gzip file is cut after 20 unpacked bytes"},
      {flipped, "the gzip file is damaged"},
      {packed + "junk", "4 bytes follow the end of what gzip packed"},
      {"\x1f\x8b garbage that is no gzip", "the gzip file is damaged after 0 unpacked bytes"},
      {Idx({3, 1, 1}, "abc"), "l: holds 2 labels, but " + folder_.Path("i") + " holds 3 images"},
  };
  for (const auto& tested : cases) EXPECT_THAT(IdxFault(tested.images), HasSubstr(tested.fault));
  EXPECT_THAT(IdxFault(good, good), HasSubstr("l: begins with 00 00 08 03; expected 00 00 08 01"));
  EXPECT_EQ(IdxFault(good), "");
  const std::string lies = folder_.Write("i", Gzip(Idx({0xFFFFFFFF, 28, 28}, "abcd")));
  EXPECT_THAT(Fault([&] { ReadIdx(*files_, lies, ""); }),
              HasSubstr("3367254359280 bytes, but 4 follow; it is cut"));
  EXPECT_THAT(Fault([&] { ReadIdx(*files_, folder_.Path("nowhere"), ""); }),
              HasSubstr("nowhere: cannot open"));
}

TEST_F(ReadImagesTest, ReadsAFolderOfPngImages) {
  Folder("set/b/deep");
  Folder("set/a");
  folder_.Write("set/a/2.png", Png(2, 1, std::string("\x64\xc8", 2), PNG_FORMAT_GRAY));
  folder_.Write("set/a/10.png", Png(2, 1, std::string("\0\xff", 2), PNG_FORMAT_GRAY));
  folder_.Write("set/a/.hidden", "not an image");
  folder_.Write("set/b/deep/x.png", Png(2, 1, std::string("\1\2\3\4\5\6", 6), PNG_FORMAT_RGB));
  const LabelledImages grey = ReadPngFolder(*files_, folder_.Path("set"), 1);
  EXPECT_EQ(grey.count, 3);
  EXPECT_EQ(grey.height, 1);
  EXPECT_EQ(grey.width, 2);
  EXPECT_THAT(grey.labels, ElementsAre(0, 0, 1));
  EXPECT_THAT(Image(grey, 0), ElementsAre(0, 255));
  EXPECT_THAT(Image(grey, 1), ElementsAre(100, 200));
  const LabelledImages color = ReadPngFolder(*files_, folder_.Path("set"), 3);
  EXPECT_THAT(Image(color, 2), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(Image(color, 1), ElementsAre(100, 200, 100, 200, 100, 200));
}

TEST_F(ReadImagesTest, SaysWhatIsWrongWithPng) {
  const std::string good = Png(2, 1, std::string("ab"), PNG_FORMAT_GRAY);
  std::string huge = good;
  huge.replace(16, 4, BigEndian(1'000'000));
  huge.replace(20, 4, BigEndian(1'000'000));
  huge.replace(
      29, 4, BigEndian(static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(&huge[12]), 17))));
  std::string flipped = good;
  flipped[good.size() - 20] ^= 1;
  const auto fault = [&] { return Fault([&] { ReadPngFolder(*files_, folder_.Path("set"), 1); }); };
  EXPECT_THAT(fault(), HasSubstr("set: cannot list the folder"));
  Folder("set/a");
  EXPECT_THAT(fault(), HasSubstr("set: holds no PNG image"));
  folder_.Write("set/a/1.png", good);
  const struct {
    std::string image;
    std::string fault;
  } cases[] = {
      {"", "set/a/2.png: not a whole PNG image"},
      {"GIF89a", "set/a/2.png: not a whole PNG image"},
      {good.substr(0, good.size() / 2), "set/a/2.png: not a whole PNG image"},
      {flipped, "set/a/2.png: not a whole PNG image"},
      {huge, "set/a/2.png: is said to have 1000000 x 1000000 pixels; expected at most"},
      {Png(1, 2, "ab", PNG_FORMAT_GRAY),
       "2.png: has 1 x 2 pixels, but " + folder_.Path("set") + "/a/1.png has 2 x 1"},
  };
  for (const auto& tested : cases) {
    folder_.Write("set/a/2.png", tested.image);
    EXPECT_THAT(fault(), HasSubstr(tested.fault));
  }
  folder_.Write("set/a/2.png", good);
  folder_.Write("set/a/notes.txt", "x");
  EXPECT_THAT(fault(), HasSubstr("set/a/notes.txt: expected only names that end in .png"));
  folder_.Write("set/3.png", good);
  EXPECT_THAT(fault(), HasSubstr("set/3.png: expected only folders in"));
}

TEST_F(ReadImagesTest, ReadsCsv) {
  Images::Csv format;
  format.set_height(1);
  format.set_width(3);
  const std::string path = folder_.Write("x.csv", "label,p0,p1,p2\r\n7,0,128, 255\r\n\r\n1,3,2,1");
  const LabelledImages read = ReadCsv(*files_, path, format);
  EXPECT_EQ(read.count, 2);
  EXPECT_THAT(read.labels, ElementsAre(7, 1));
  EXPECT_THAT(Image(read, 0), ElementsAre(0, 128, 255));
  format.set_labels(false);
  folder_.Write("x.csv", "3,2,1\n");
  EXPECT_THAT(Image(ReadCsv(*files_, path, format), 0), ElementsAre(3, 2, 1));
}

// What programs write: a mark of UTF-8, quotes, spaces, floats, a comma at the end of a line, blank lines.
TEST_F(ReadImagesTest, ReadsCsvAsOtherProgramsWriteIt) {
  Images::Csv format;
  format.set_height(2);
  format.set_width(2);
  for (const std::string text : {
           "\xEF\xBB\xBFlabel,p0,p1,p2,p3\n5,0,10,128,255\n",
           "\xEF\xBB\xBF"
           "5,0,10,128,255\n",
           "5.0,0.0,10.0,128.0,255.0\n",
           "5,0e0,1e1,1.28e2,255.000\n",
           "\"label\",\"0\",\"1\",\"2\",\"3\"\n\"5\",\"0\",\"10\",\"128\",\"255\"\n",
           ",label,a,b,c,d\n5,0,10,128,255\n",
           "# label p0 p1 p2 p3\n5,0,10,128,255",
           "_label,a,b,c,d\r\n  \r\n 5 , 0,\t10 ,128,255 \r\n\r\n",
           "5,0,10,128,255,\n",
       }) {
    const std::string path = folder_.Write("x.csv", text);
    const LabelledImages read = ReadCsv(*files_, path, format);
    EXPECT_EQ(read.count, 1) << text;
    EXPECT_THAT(read.labels, ElementsAre(5)) << text;
    EXPECT_THAT(Image(read, 0), ElementsAre(0, 10, 128, 255)) << text;
  }
}

TEST_F(ReadImagesTest, ReadsOrSkipsAFirstLineThatCountsAsItIsTold) {
  Images::Csv format;
  format.set_height(2);
  format.set_width(2);
  const std::string path = folder_.Write("x.csv", "0,1,2,3,4\n5,0,10,128,255\n");
  format.set_header(true);
  EXPECT_EQ(ReadCsv(*files_, path, format).count, 1);
  format.set_header(false);
  EXPECT_THAT(ReadCsv(*files_, path, format).labels, ElementsAre(0, 5));
}

TEST_F(ReadImagesTest, ReadsCsvOfManyPieces) {
  Images::Csv format;
  format.set_height(1);
  format.set_width(3);
  std::string text;
  constexpr std::int64_t kImages = 100'000;  // more than is read at once
  for (std::int64_t i = 0; i < kImages; ++i) {
    text += std::to_string(i % 7) + "," + std::to_string(i % 256) + ",200," + std::to_string(i % 3) + "\n";
  }
  const LabelledImages read = ReadCsv(*files_, folder_.Write("x.csv", text), format);
  ASSERT_EQ(read.count, kImages);
  for (const std::int64_t i : {0, 65'535, 99'999}) {
    EXPECT_THAT(Image(read, i), ElementsAre(i % 256, 200, i % 3)) << i;
    EXPECT_EQ(read.labels[static_cast<size_t>(i)], i % 7) << i;
  }
}

TEST_F(ReadImagesTest, SaysWhatIsWrongWithCsv) {
  Images::Csv format;
  format.set_height(1);
  format.set_width(2);
  const struct {
    std::string text;
    std::string fault;
  } cases[] = {
      {"", "x.csv: holds no image"},
      {"label,a,b\n", "x.csv: holds no image"},
      {"1,2\n", "x.csv:1: column 3: the line ends; expected a pixel"},
      {"1,2,9\n1,2,3,4\n", "x.csv:2: column 4: more numbers follow"},
      {"1,2,256\n", "x.csv:1: column 3: found \"256\"; expected a pixel, a whole number from 0 to 255"},
      {"1,nan,2\n", "found \"nan\"; expected a pixel"},
      {"-1,2,2\n", "column 1: found \"-1\"; expected a label, a whole number from 0 to 1000000"},
      {"99999999999999999999,2,2\n", "expected a label"},
      {std::string("\x89PNG\0\n", 6), "x.csv:1: column 1: found \"\x89PNG"},
      {"0,1,2\n5,6,7\n",
       "x.csv:1: the first line counts up, as names of columns do, but may be an image; "
       "say `header: true` to skip it or `header: false` to read it"},
      {"1,2,3\n", "the first line counts up"},
      {"\"0\",\"1\",\"2\"\n", "the first line counts up"},
      {"1,0.5,2\n",
       "found \"0.5\"; expected a pixel, a whole number from 0 to 255; pixels from 0 to 1 are read from "
       "npz, or multiply them by 255"},
      {"5;10;20\n",
       "found \"5;10;20\"; expected a label, a whole number from 0 to 1000000, and commas between the "
       "numbers"},
      {"5\t10\t20\n", "found \"5\t10\t20\"; expected a label, a whole number from 0 to 1000000, and commas"},
      {"1,2,9,\n1,2,9,,\n", "x.csv:2: column 4: more numbers follow"},
      {"\xFF\xFE"
       "1",
       "x.csv: is a text in UTF-16; save it as UTF-8"},
      {"1,2,9\r1,2,9\r", "found \"9\r1\"; expected a pixel"},
      {std::string(1000, '5'),
       "x.csv:1: the line has more than 192 bytes; expected a line of text for each image"},
  };
  for (const auto& tested : cases) {
    const std::string path = folder_.Write("x.csv", tested.text);
    EXPECT_THAT(Fault([&] { ReadCsv(*files_, path, format); }), HasSubstr(tested.fault));
  }
}

TEST_F(ReadImagesTest, ReadsNpz) {
  const std::string path = folder_.Path("x.npz");
  WriteNpz(*files_, path,
           {{"x", Tensor(Shape{2, 1, 1, 2}, std::vector<float>{0, 128, 255, 1})},
            {"y", Tensor(Shape{2}, std::vector<double>{4, 0})}});
  const LabelledImages read = ReadNpzImages(*files_, path, 255);
  EXPECT_EQ(read.count, 2);
  EXPECT_THAT(Image(read, 1), ElementsAre(255, 1));
  EXPECT_THAT(read.labels, ElementsAre(4, 0));
  WriteNpz(*files_, path, {{"x", Tensor(Shape{1, 1, 2}, std::vector<double>{0.2, 1})}});
  EXPECT_THAT(Image(ReadNpzImages(*files_, path, 1), 0), ElementsAre(51, 255));
  EXPECT_THAT(Fault([&] { ReadNpzImages(*files_, path, 255); }),
              HasSubstr("no element is over 1, but white is 255; declare `white: 1`"));
}

// 0 and 1 with the default for white were nearly black.
TEST_F(ReadImagesTest, TakesOneForWhiteWhereNoPixelIsOverIt) {
  const std::string path = folder_.Path("x.npz");
  const auto archive = [&](const std::string& type, const std::string& numbers) {
    folder_.Write("x.npz", TextOf(MakeZip({{"x.npy", Npy(type, "(1, 1, 2)", numbers)}}, false)));
  };
  const std::string note =
      path + ": no pixel is over 1, so 1 is taken as white; if 255 is white, declare `white: 255`";
  archive("|b1", std::string("\0\1", 2));
  EXPECT_THAT(Image(ReadNpzImages(*files_, path, std::nullopt), 0), ElementsAre(0, 255));
  EXPECT_EQ(ReadNpzImages(*files_, path, std::nullopt).note, "");
  for (const auto& [type, numbers] :
       std::vector<std::pair<std::string, std::string>>{{"|u1", std::string("\0\1", 2)},
                                                        {"|i1", std::string("\0\1", 2)},
                                                        {"<i4", std::string("\0\0\0\0\1\0\0\0", 8)},
                                                        {"<f4", std::string("\0\0\0\0\0\0\x80\x3f", 8)}}) {
    archive(type, numbers);
    const LabelledImages guessed = ReadNpzImages(*files_, path, std::nullopt);
    EXPECT_THAT(Image(guessed, 0), ElementsAre(0, 255)) << type;
    EXPECT_EQ(guessed.note, note) << type;
    const LabelledImages declared = ReadNpzImages(*files_, path, 255);
    EXPECT_THAT(Image(declared, 0), ElementsAre(0, 1)) << type;
    EXPECT_EQ(declared.note, "") << type;
  }
  archive("|u1", std::string("\0\0", 2));  // black, whatever white is
  EXPECT_EQ(ReadNpzImages(*files_, path, std::nullopt).note, "");
  archive("|u1", std::string("\0\2", 2));
  EXPECT_THAT(Image(ReadNpzImages(*files_, path, std::nullopt), 0), ElementsAre(0, 2));

  const LabelledImages idx = ReadIdx(*files_, folder_.Write("i", Idx({1, 1, 2}, std::string("\0\1", 2))), "");
  EXPECT_THAT(Image(idx, 0), ElementsAre(0, 255));
  EXPECT_THAT(idx.note, HasSubstr("i: no pixel is over 1, so 1 is taken as white"));
  Images::Csv format;
  format.set_height(1);
  format.set_width(2);
  const LabelledImages csv = ReadCsv(*files_, folder_.Write("x.csv", "7,0,1\n"), format);
  EXPECT_THAT(Image(csv, 0), ElementsAre(0, 255));
  EXPECT_THAT(csv.note, HasSubstr("x.csv: no pixel is over 1, so 1 is taken as white"));
  Folder("set/a");
  folder_.Write("set/a/1.png", Png(2, 1, std::string("\0\1", 2), PNG_FORMAT_GRAY));
  const LabelledImages png = ReadPngFolder(*files_, folder_.Path("set"), 1);
  EXPECT_THAT(Image(png, 0), ElementsAre(0, 255));
  EXPECT_THAT(png.note, HasSubstr("set: no pixel is over 1, so 1 is taken as white"));
}

// One picture with every byte, as all formats and types hold it.
TEST_F(ReadImagesTest, GivesTheSameNumbersForAnyFormat) {
  std::string pixels;
  std::string line = "3";
  std::vector<double> numbers;
  for (int i = 0; i < 256; ++i) {
    pixels += static_cast<char>(i);
    line += "," + std::to_string(i);
    numbers.push_back(i);
  }
  const auto floats = [](const LabelledImages& images) {
    std::vector<float> values(static_cast<size_t>(images.size()));
    images.Copy(0, values);
    return values;
  };
  const std::vector<float> expected =
      floats(ReadIdx(*files_, folder_.Write("i", Idx({1, 16, 16}, pixels)), ""));
  for (int i = 0; i < 256; ++i) EXPECT_EQ(expected[static_cast<size_t>(i)], static_cast<float>(i) / 255.0F);
  Images::Csv format;
  format.set_height(16);
  format.set_width(16);
  format.set_header(false);
  EXPECT_EQ(floats(ReadCsv(*files_, folder_.Write("x.csv", line), format)), expected);
  Folder("set/a");
  folder_.Write("set/a/1.png", Png(16, 16, pixels, PNG_FORMAT_GRAY));
  EXPECT_EQ(floats(ReadPngFolder(*files_, folder_.Path("set"), 1)), expected);
  const std::string path = folder_.Path("x.npz");
  folder_.Write("x.npz", TextOf(MakeZip({{"x.npy", Npy("|u1", "(1, 16, 16)", pixels)}}, true)));
  EXPECT_EQ(floats(ReadNpzImages(*files_, path, std::nullopt)), expected);
  WriteNpz(*files_, path, {{"x", Tensor(Shape{1, 16, 16}, numbers)}});
  EXPECT_EQ(floats(ReadNpzImages(*files_, path, std::nullopt)), expected);
}

TEST_F(ReadImagesTest, LooksAtSizesBeforeItTakesMemory) {
  const auto refuse = [](const LabelledImages& sizes, std::int64_t bytes) {
    throw Error(ErrorKind::kRuntime, std::to_string(sizes.count) + " of " + std::to_string(sizes.size()) +
                                         ", " + std::to_string(bytes) + " bytes");
  };
  folder_.Write("i", Gzip(Idx({3, 5, 4}, std::string(60, 'x'))));
  EXPECT_EQ(Fault([&] { ReadIdx(*files_, folder_.Path("i"), "", refuse); }), "3 of 20, 60 bytes");
  WriteNpz(*files_, folder_.Path("x.npz"), {{"x", Tensor(Shape{2, 3, 4}, std::vector<float>(24))}});
  EXPECT_EQ(Fault([&] { ReadNpzImages(*files_, folder_.Path("x.npz"), 1, refuse); }), "2 of 12, 96 bytes");
  Folder("set/a");
  folder_.Write("set/a/1.png", Png(2, 1, "ab", PNG_FORMAT_GRAY));
  folder_.Write("set/a/2.png", "no image");
  EXPECT_EQ(Fault([&] { ReadPngFolder(*files_, folder_.Path("set"), 3, refuse); }), "2 of 6, 12 bytes");
  Images::Csv format;
  format.set_height(1);
  format.set_width(2);
  folder_.Write("x.csv", "no image at all\n");
  EXPECT_EQ(Fault([&] { ReadCsv(*files_, folder_.Path("x.csv"), format, refuse); }), "0 of 2, 4 bytes");
}

TEST_F(ReadImagesTest, SaysWhatIsWrongWithNpz) {
  const auto x = [](const Shape& shape, float value) {
    return Tensor(shape, std::vector<float>(static_cast<size_t>(shape.NumElements()), value));
  };
  const Tensor good = x(Shape{2, 1, 2}, 3);
  const struct {
    NamedTensors tensors;
    std::string fault;
  } cases[] = {
      {{{"images", good}}, "x.npz: array x: is missing; the archive holds images"},
      {{{"x", x(Shape{4}, 0)}}, "array x: has shape [4]; expected [images, height, width]"},
      {{{"x", x(Shape{1, 2, 2, 3}, 0)}}, "transpose(0, 3, 1, 2) puts channels first"},
      {{{"x", x(Shape{0, 2, 2}, 0)}}, "array x: holds no image: its shape is [0, 2, 2]"},
      {{{"x", x(Shape{1, 1, 1}, NAN)}}, "array x: element 0 is nan; expected 0 to 255"},
      {{{"x", x(Shape{1, 1, 1}, 256)}}, "array x: element 0 is 256; expected 0 to 255"},
      {{{"x", good}, {"y", x(Shape{3}, 0)}},
       "array y: has shape [3]; expected [2], a label for each image of x"},
      {{{"x", good}, {"y", x(Shape{2}, 0.5)}}, "array y: element 0 is 0.5; expected a whole number"},
      {{{"x", good}, {"y", x(Shape{2}, -1)}}, "array y: element 0 is -1"},
      {{{"x", good}, {"y", x(Shape{2}, NAN)}}, "array y: element 0 is nan"},
  };
  const std::string path = folder_.Path("x.npz");
  for (const auto& tested : cases) {
    WriteNpz(*files_, path, tested.tensors);
    EXPECT_THAT(Fault([&] { ReadNpzImages(*files_, path, 255); }), HasSubstr(tested.fault));
  }
  folder_.Write("x.npz", "no archive");
  EXPECT_THAT(Fault([&] { ReadNpzImages(*files_, path, 255); }), HasSubstr("not a zip archive"));
}

// Whatever a byte becomes, and wherever a file ends, there is a sentence or an image, and no crash.
TEST_F(ReadImagesTest, WithstandsAnyDamage) {
  Images::Csv csv;
  csv.set_height(1);
  csv.set_width(2);
  Folder("set/a");
  const std::string file = folder_.Path("set/a/1.png");
  WriteNpz(*files_, file, {{"x", Tensor(Shape{1, 1, 2}, std::vector<float>{1, 2})}});
  const struct {
    std::string bytes;
    std::function<void()> read;
  } formats[] = {
      {Gzip(Idx({2, 1, 2}, "abcd")), [&] { ReadIdx(*files_, file, ""); }},
      {Idx({2, 1, 2}, "abcd"), [&] { ReadIdx(*files_, file, ""); }},
      {Png(2, 1, "ab", PNG_FORMAT_GRAY), [&] { ReadPngFolder(*files_, folder_.Path("set"), 3); }},
      {"l,a,b\n1,20,30\n", [&] { ReadCsv(*files_, file, csv); }},
      {folder_.Read("set/a/1.png"), [&] { ReadNpzImages(*files_, file, 255); }},
  };
  for (const auto& format : formats) {
    for (size_t at = 0; at < format.bytes.size(); ++at) {
      folder_.Write("set/a/1.png", format.bytes.substr(0, at));
      Fault(format.read);
      for (const int flip : {0x01, 0x80, 0xFF}) {
        std::string damaged = format.bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        folder_.Write("set/a/1.png", damaged);
        Fault(format.read);
      }
    }
    folder_.Write("set/a/1.png", format.bytes);
    EXPECT_EQ(Fault(format.read), "");
  }
}

}  // namespace
}  // namespace plgraph
