// Images as lines of numbers.
#include <fmt/format.h>

#include <charconv>

#include "core/checked_size.h"
#include "core/error.h"
#include "tools/data/labelled_images.h"

namespace plgraph {
namespace {

// Goes through the lines of a text and the numbers of a line.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  // Goes to the next line that is not empty; false at the end.
  bool NextLine() {
    while (!rest_.empty()) {
      const size_t end = rest_.find('\n');
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      ++line_number_;
      column_ = 0;
      at_end_ = false;
      if (!line_.empty()) return true;
    }
    return false;
  }

  // Whether the line begins with a letter: the names of the columns.
  bool IsHeader() const {
    const char first = line_.front() == '"' && line_.size() > 1 ? line_[1] : line_.front();
    return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  }

  // A whole number from 0 to `most`.
  std::int32_t Number(std::int32_t most, std::string_view what) {
    ++column_;
    if (at_end_) Fail(fmt::format("the line ends; expected {}", what));
    const size_t comma = line_.find(',');
    std::string_view field = line_.substr(0, comma);
    at_end_ = comma == std::string_view::npos;
    line_.remove_prefix(at_end_ ? line_.size() : comma + 1);
    while (field.starts_with(' ')) field.remove_prefix(1);
    while (field.ends_with(' ')) field.remove_suffix(1);
    std::int32_t number = -1;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc{} || end != field.data() + field.size() || number < 0 || number > most) {
      Fail(fmt::format("found \"{}\"; expected {}, a whole number from 0 to {}", field.substr(0, 40), what,
                       most));
    }
    return number;
  }

  void ExpectEnd() {
    ++column_;
    if (!at_end_) Fail("more numbers follow; expected the end of the line");
  }

 private:
  [[noreturn]] void Fail(const std::string& fault) const {
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}:{}: column {}: {}", path_, line_number_, column_, fault));
  }

  std::string_view rest_;
  std::string_view line_;
  const std::string& path_;
  std::int64_t line_number_ = 0;
  std::int64_t column_ = 0;
  bool at_end_ = false;
};

}  // namespace

LabelledImages ReadCsv(FileSystem& files, const std::string& path, const Images::Csv& format) {
  constexpr std::int32_t kLargestLabel = 1'000'000;
  const std::vector<std::byte> bytes = files.Read(path);
  CsvReader csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
  LabelledImages result{.channels = format.channels(),
                        .height = format.height(),
                        .width = format.width(),
                        .pixels = std::vector<std::uint8_t>(),
                        .labels = {}};
  const std::int64_t size =
      (CheckedSize(result.channels) * CheckedSize(result.height) * CheckedSize(result.width)).value();
  auto& pixels = std::get<std::vector<std::uint8_t>>(result.pixels);
  bool first_line = true;
  while (csv.NextLine()) {
    const bool header = first_line && csv.IsHeader();
    first_line = false;
    if (header) continue;
    if (format.labels()) result.labels.push_back(csv.Number(kLargestLabel, "a label"));
    for (std::int64_t i = 0; i < size; ++i) {
      pixels.push_back(static_cast<std::uint8_t>(csv.Number(255, "a pixel")));
    }
    csv.ExpectEnd();
    ++result.count;
  }
  if (result.count == 0) {
    throw Error(ErrorKind::kRuntime, fmt::format("{}: holds no image; expected one a line", path));
  }
  return result;
}

}  // namespace plgraph
