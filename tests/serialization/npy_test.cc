#include "serialization/formats/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/error.h"
#include "core/random.h"

namespace plgraph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

// A file as NumPy writes it, with this header and these numbers.
template <typename T>
std::vector<std::byte> File(const std::string& header, const std::vector<T>& values, int version = 1) {
  std::string text = "\x93NUMPY";
  text += static_cast<char>(version);
  text += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    text += static_cast<char>((header.size() >> (8 * i)) & 0xFF);
  text += header;
  std::vector<std::byte> bytes = Bytes(text);
  const auto data = std::as_bytes(std::span(values));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

std::string Header(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }   \n";
}

std::string FaultOf(std::span<const std::byte> bytes) {
  try {
    DecodeNpy(bytes, "f.npy");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    EXPECT_THAT(error.what(), testing::StartsWith("f.npy: "));
    return error.what();
  }
  return "no error";
}

TEST(Npy, ReadsEveryTypeThatItPromises) {
  const auto as_double = [](const std::vector<std::byte>& bytes) {
    return DecodeNpy(bytes, "f").As<double>();
  };
  EXPECT_THAT(as_double(File<float>(Header("<f4", "(2,)"), {1.5F, -2})), ElementsAre(1.5, -2));
  EXPECT_THAT(as_double(File<double>(Header("<f8", "(2,)"), {1e300, -2})), ElementsAre(1e300, -2));
  EXPECT_THAT(as_double(File<std::int32_t>(Header("<i4", "(2,)"), {7, INT32_MIN})),
              ElementsAre(7, INT32_MIN));
  EXPECT_THAT(as_double(File<std::int64_t>(Header("<i8", "(2,)"), {7, -(1LL << 53)})),
              ElementsAre(7, -0x1p53));
  EXPECT_THAT(as_double(File<std::uint8_t>(Header("|u1", "(2,)"), {7, 255})), ElementsAre(7, 255));
  EXPECT_THAT(as_double(File<std::uint8_t>(Header("|b1", "(2,)"), {0, 1})), ElementsAre(0, 1));
  EXPECT_THAT(as_double(File<std::int8_t>(Header("|i1", "(2,)"), {7, -128})), ElementsAre(7, -128));
  EXPECT_THAT(as_double(File<std::int16_t>(Header("<i2", "(2,)"), {7, -32768})), ElementsAre(7, -32768));
  EXPECT_THAT(as_double(File<std::uint16_t>(Header("<u2", "(2,)"), {7, 65535})), ElementsAre(7, 65535));
  EXPECT_THAT(as_double(File<std::uint32_t>(Header("<u4", "(2,)"), {7, 4294967295})),
              ElementsAre(7, 4294967295.0));
  EXPECT_THAT(as_double(File<std::uint64_t>(Header("<u8", "(2,)"), {7, 1ULL << 53})), ElementsAre(7, 0x1p53));
  EXPECT_EQ(DecodeNpy(File<float>(Header("<f4", "()"), {3}), "f").shape(), Shape{});
  EXPECT_EQ(DecodeNpy(File<float>(Header("<f4", "(0, 3)"), {}), "f").shape(), (Shape{0, 3}));
  EXPECT_EQ(DecodeNpy(File<float>(Header("<f4", "(1, 1)"), {3}), "f").dtype(), DType::kFloat);
  EXPECT_EQ(DecodeNpy(File<double>(Header("<f8", "(1, 1)"), {3}), "f").dtype(), DType::kDouble);
}

TEST(Npy, ReadsAllVersionsAndSpellings) {
  for (const int version : {1, 2, 3}) {
    EXPECT_THAT(DecodeNpy(File<float>(Header("<f4", "(1,)"), {5}, version), "f").values<float>(),
                ElementsAre(5));
  }
  const std::string spelt = "{\"shape\":(1),\"fortran_order\":True,\"descr\":\"<f4\"}";
  EXPECT_THAT(DecodeNpy(File<float>(spelt, {5}), "f").values<float>(), ElementsAre(5));
}

TEST(Npy, FortranOrderBecomesRowMajor) {
  const Tensor matrix = DecodeNpy(File<float>(Header("<f4", "(2, 3)", "True"), {1, 4, 2, 5, 3, 6}), "f");
  EXPECT_EQ(matrix.shape(), (Shape{2, 3}));
  EXPECT_THAT(matrix.values<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  const Tensor cube =
      DecodeNpy(File<std::int32_t>(Header("<i4", "(2, 2, 2)", "True"), {0, 4, 2, 6, 1, 5, 3, 7}), "f");
  EXPECT_THAT(cube.values<double>(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

// More elements than are read at once, in both orders.
TEST(Npy, ReadsManyPieces) {
  constexpr std::int64_t kRows = 301;
  constexpr std::int64_t kColumns = 997;
  std::vector<float> rows;
  std::vector<float> columns;
  for (std::int64_t i = 0; i < kRows * kColumns; ++i) {
    rows.push_back(static_cast<float>(i));
    columns.push_back(static_cast<float>(i % kRows * kColumns + i / kRows));
  }
  EXPECT_EQ(DecodeNpy(File<float>(Header("<f4", "(301, 997)"), rows), "f").values<float>(), rows);
  EXPECT_EQ(DecodeNpy(File<float>(Header("<f4", "(301, 997)", "True"), columns), "f").values<float>(), rows);
}

TEST(Npy, WritesWhatNumPyWrites) {
  const std::vector<std::byte> bytes = EncodeNpy(Tensor({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.append(117 - header.size(), ' ');
  EXPECT_EQ(bytes, File<float>(header + "\n", {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ((bytes.size() - 24) % 64, 0U);
}

TEST(Npy, WhatIsWrittenIsRead) {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{2, 3, 4}, Shape{0, 5}}) {
    std::vector<double> values(static_cast<size_t>(shape.NumElements()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = 0.1 * static_cast<double>(i);
    const Tensor read = DecodeNpy(EncodeNpy(Tensor(shape, values)), "f");
    EXPECT_EQ(read.shape(), shape);
    EXPECT_EQ(read.values<double>(), values);
  }
}

TEST(Npy, SaysWhatIsWrong) {
  EXPECT_THAT(FaultOf(Bytes("PK\3\4 something else")), HasSubstr("not a .npy file"));
  EXPECT_THAT(FaultOf({}), HasSubstr("not a .npy file"));
  EXPECT_THAT(FaultOf(Bytes("\x93NUMPY\1")), HasSubstr("cut in its header: it has only 7 bytes"));
  EXPECT_THAT(FaultOf(File<float>(Header("<f4", "(1,)"), {1}, 4)),
              HasSubstr("version 4 of the format; expected 1, 2 or 3"));
  EXPECT_THAT(FaultOf(File<float>(Header(">f4", "(1,)"), {1})), HasSubstr("big-endian"));
  EXPECT_THAT(FaultOf(File<float>(Header("|O", "(1,)"), {1})),
              HasSubstr("Python objects, which are never read"));
  EXPECT_THAT(FaultOf(File<float>(Header("<c8", "(1,)"), {1})),
              HasSubstr("elements are \"<c8\"; expected <f4"));
  EXPECT_THAT(FaultOf(File<float>("{'descr': [('a', '<f4')], ", {1})), HasSubstr("records are not read"));
  EXPECT_THAT(FaultOf(File<float>(Header("<f4", "(3,)"), {1, 2})),
              HasSubstr("takes 12 bytes behind the header, found 8"));
  EXPECT_THAT(FaultOf(File<float>(Header("<f4", "(1,)"), {1, 2})),
              HasSubstr("takes 4 bytes behind the header, found 8"));
  EXPECT_THAT(FaultOf(File<float>(Header("<f4", "(4000000000, 4000000000)"), {1})),
              HasSubstr("is impossible"));
  EXPECT_THAT(FaultOf(File<float>(Header("<f4", "(1000000000000,)"), {1})),
              HasSubstr("takes 4000000000000 bytes"));
  EXPECT_THAT(FaultOf(File<float>(Header("<f4", "(-1,)"), {1})), HasSubstr("expected an extent from 0 on"));
  EXPECT_THAT(FaultOf(File<std::int64_t>(Header("<i8", "(2,)"), {0, (1LL << 53) + 1})),
              HasSubstr("element 1 is 9007199254740993, which a double does not hold exactly"));
  EXPECT_THAT(FaultOf(File<std::uint64_t>(Header("<u8", "(1,)"), {1ULL << 63})),
              HasSubstr("element 0 is 9223372036854775808, which a double does not hold exactly"));
  EXPECT_THAT(
      FaultOf(File<float>(Header("<f2", "(2,)"), {1})),
      HasSubstr(
          "elements are \"<f2\"; expected <f4, <f8, |b1 or integers of 8 to 64 bits; save it again with"));
  EXPECT_THAT(FaultOf(File<float>("{'descr': '<f4', 'descr': '<f4'}", {1})), HasSubstr("each once"));
  EXPECT_THAT(FaultOf(File<float>("{'x': '<f4'}", {1})), HasSubstr("the key \"x\" is unknown"));
}

TEST(Npy, EveryCutIsFound) {
  const std::vector<std::byte> bytes = EncodeNpy(Tensor({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(FaultOf(std::span(bytes).first(size)), "no error");
}

TEST(Npy, DamageIsNeverMoreThanAMessage) {
  const std::vector<std::byte> sound = EncodeNpy(Tensor({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  const RandomStream random(1, StreamId("npy_test"));
  for (std::uint32_t i = 0; i < 20000; ++i) {
    std::vector<std::byte> bytes = sound;
    for (std::uint32_t k = 0; k < 3; ++k) {
      bytes[random.Below(8 * i + 2 * k, 80)] = static_cast<std::byte>(random.Below(8 * i + 2 * k + 1, 256));
    }
    FaultOf(bytes);
  }
}

}  // namespace
}  // namespace plgraph
