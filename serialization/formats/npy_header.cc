#include "serialization/formats/npy_header.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/error.h"

namespace plgraph {
namespace {

constexpr std::int64_t kMostAxes = 32;  // as in NumPy

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), rest_(text), path_(path) {}

  NpyHeader Parse() {
    NpyHeader header;
    int seen = 0;
    Expect("{");
    while (!Take("}")) {
      const std::string key = Quoted();
      Expect(":");
      if (key == "descr") {
        header.type = Quoted();
      } else if (key == "fortran_order") {
        header.fortran_order = Bool();
      } else if (key == "shape") {
        header.shape = ReadShape();
      } else {
        FailHere(fmt::format("the key \"{}\" is unknown", key));
      }
      ++seen;
      if (!Take(",")) {
        Expect("}");
        break;
      }
    }
    SkipSpaces();
    if (!rest_.empty()) FailHere("something follows the \"}\"");
    if (seen != 3) FailHere("expected the keys descr, fortran_order and shape, each once");
    return header;
  }

 private:
  [[noreturn]] void FailHere(const std::string& fault) const {
    throw Error(ErrorKind::kRuntime,
                fmt::format("{}: the header cannot be read: {}, at byte {} of \"{}\"", path_, fault,
                            text_.size() - rest_.size(), text_.substr(0, 200)));
  }

  void SkipSpaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) rest_.remove_prefix(1);
  }

  bool Take(std::string_view word) {
    SkipSpaces();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void Expect(std::string_view word) {
    if (!Take(word)) FailHere(fmt::format("expected \"{}\"", word));
  }

  std::string Quoted() {
    const char quote = Take("'") ? '\'' : '"';
    if (quote == '"' && !Take("\"")) FailHere("expected a word in quotes (records are not read)");
    const size_t end = rest_.find(quote);
    if (end == std::string_view::npos) FailHere("the quotes are not closed");
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return word;
  }

  bool Bool() {
    if (Take("True")) return true;
    Expect("False");
    return false;
  }

  Shape ReadShape() {
    std::vector<std::int64_t> extents;
    Expect("(");
    while (!Take(")")) {
      SkipSpaces();
      std::int64_t extent = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc{} || extent < 0) FailHere("expected an extent from 0 on");
      if (std::ssize(extents) == kMostAxes) FailHere(fmt::format("expected at most {} axes", kMostAxes));
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      extents.push_back(extent);
      if (!Take(",")) {
        Expect(")");
        break;
      }
    }
    return Shape(std::move(extents));
  }

  std::string_view text_;
  std::string_view rest_;
  const std::string& path_;
};

}  // namespace

NpyHeader ParseNpyHeader(std::string_view text, const std::string& path) {
  return HeaderParser(text, path).Parse();
}

}  // namespace plgraph
