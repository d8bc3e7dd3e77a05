// Images as lines of numbers.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/checked_size.h"
#include "core/error.h"
#include "tools/data/labelled_images.h"
#include "tools/data/line_reader.h"

namespace plgraph {
namespace {

std::string_view WithoutSpaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string_view WithoutQuotes(std::string_view text) {
  const bool quoted =
      text.size() > 1 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
  return quoted ? WithoutSpaces(text.substr(1, text.size() - 2)) : text;
}

// The number that a field is, whatever the locale; nothing if it is none.
std::optional<double> NumberIn(std::string_view field) {
  double number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc{} || end != field.data() + field.size()) return std::nullopt;
  return number;
}

// Goes through the lines of a text and the numbers of a line.
class CsvReader {
 public:
  // `fields`: how many numbers a line has.
  CsvReader(ReadableFile& file, const std::string& path, std::int64_t fields)
      : lines_(file, path), path_(path), longest_(static_cast<size_t>(fields) * kLongestField) {}

  // Goes to the next line that is not blank; false at the end.
  bool NextLine() {
    while (lines_.Next(longest_, line_)) {
      line_ = WithoutSpaces(line_);
      column_ = 0;
      at_end_ = false;
      if (!line_.empty()) return true;
    }
    return false;
  }

  // Whether the line has the names of the columns: it begins with a letter, perhaps behind a quote or, as a comment,
  // behind a #.
  bool HasNames() const {
    const size_t first = line_.find_first_not_of("#\"' \t,");
    if (first == std::string_view::npos) return false;
    const char c = line_[first];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || line_.front() == '#';
  }

  // Whether the line counts 0, 1, 2, ... or 1, 2, 3, ...: the names that some programs give to columns without names.
  bool Counts() const {
    std::string_view rest = line_;
    std::optional<double> before;
    std::int64_t count = 0;
    while (true) {
      const size_t comma = rest.find(',');
      const std::optional<double> number = NumberIn(WithoutQuotes(WithoutSpaces(rest.substr(0, comma))));
      const bool goes_on = before ? number == *before + 1 : number == 0.0 || number == 1.0;
      if (!number || !goes_on) return false;
      before = number;
      ++count;
      if (comma == std::string_view::npos) return count > 2;
      rest.remove_prefix(comma + 1);
    }
  }

  // A whole number from 0 to `most`.
  std::int32_t Number(std::int32_t most, std::string_view what) {
    ++column_;
    if (at_end_) Fail(fmt::format("the line ends; expected {}", what));
    const size_t comma = line_.find(',');
    const std::string_view field = WithoutQuotes(WithoutSpaces(line_.substr(0, comma)));
    at_end_ = comma == std::string_view::npos;
    line_.remove_prefix(at_end_ ? line_.size() : comma + 1);
    const std::optional<double> number = NumberIn(field);
    if (!number || !(*number >= 0 && *number <= most) || *number != std::floor(*number)) {
      Fail(fmt::format("found \"{}\"; expected {}, a whole number from 0 to {}{}", field.substr(0, 40), what,
                       most, Hint(field, number)));
    }
    return static_cast<std::int32_t>(*number);
  }

  // A comma may end the line.
  void ExpectEnd() {
    ++column_;
    if (!at_end_ && !line_.empty()) Fail("more numbers follow; expected the end of the line");
  }

  [[noreturn]] void FailLine(const std::string& fault) const {
    throw Error(ErrorKind::kRuntime, fmt::format("{}:{}: {}", path_, lines_.number(), fault));
  }

 private:
  static constexpr size_t kLongestField = 64;

  [[noreturn]] void Fail(const std::string& fault) const {
    FailLine(fmt::format("column {}: {}", column_, fault));
  }

  static std::string_view Hint(std::string_view field, const std::optional<double>& number) {
    if (number && *number > 0 && *number < 1) {
      return "; pixels from 0 to 1 are read from npz, or multiply them by 255";
    }
    const bool other_separator = !number && field.find_first_of("; \t|") != std::string_view::npos;
    return other_separator ? ", and commas between the numbers" : "";
  }

  LineReader lines_;
  std::string_view line_;
  const std::string& path_;
  size_t longest_;
  std::int64_t column_ = 0;
  bool at_end_ = false;
};

// Whether the first line has names of columns.
bool IsHeader(const CsvReader& csv, const Images::Csv& format) {
  if (format.has_header()) return format.header();
  if (csv.Counts()) {
    csv.FailLine(
        "the first line counts up, as names of columns do, but may be an image; say `header: true` to skip "
        "it or "
        "`header: false` to read it");
  }
  return csv.HasNames();
}

}  // namespace

LabelledImages ReadCsv(FileSystem& files, const std::string& path, const Images::Csv& format,
                       const ImageCheck& check) {
  constexpr std::int32_t kLargestLabel = 1'000'000;
  constexpr std::int64_t kLeastField = 2;  // a digit and a comma
  constexpr std::int64_t kUsualField = 4;  // three digits and a comma
  const std::unique_ptr<ReadableFile> file = files.OpenRead(path);
  LabelledImages result{.channels = format.channels(),
                        .height = format.height(),
                        .width = format.width(),
                        .pixels = std::vector<std::uint8_t>(),
                        .labels = {},
                        .note = {}};
  const std::int64_t size =
      (CheckedSize(result.channels) * CheckedSize(result.height) * CheckedSize(result.width)).value();
  if (check) check(result, file->size() / kUsualField);
  auto& pixels = std::get<std::vector<std::uint8_t>>(result.pixels);
  // Growing would hold them twice; what is not read takes no memory.
  pixels.reserve(static_cast<size_t>(file->size() / kLeastField + 1));
  CsvReader csv(*file, path, (CheckedSize(size) + 1).value());
  for (bool first = true; csv.NextLine(); first = false) {
    if (first && IsHeader(csv, format)) continue;
    if (format.labels()) result.labels.push_back(csv.Number(kLargestLabel, "a label"));
    for (std::int64_t i = 0; i < size; ++i) {
      pixels.push_back(static_cast<std::uint8_t>(csv.Number(255, "a pixel")));
    }
    csv.ExpectEnd();
    ++result.count;
  }
  if (result.count == 0) {
    throw Error(ErrorKind::kRuntime, fmt::format("{}: holds no image; expected one per line", path));
  }
  GuessWhite(path, "", result);
  return result;
}

}  // namespace plgraph
