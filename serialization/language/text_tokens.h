#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_TEXT_TOKENS_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_TEXT_TOKENS_H_

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>
#include <string_view>

#include "core/diagnostics.h"

namespace plgraph {

/// One word of a model file.
struct TextToken {
  enum class Kind { kEnd, kIdentifier, kInteger, kFloat, kString, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;  ///< as it stands there: strings with their quotes and escapes
  SourceLocation location;
  bool first_on_line = true;

  bool Is(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
  /// For messages: `"{"`, `the end of the file`.
  std::string Described() const;
};

/// The words of a model file, one after the other, by protobuf's own tokenizer. Places are lines and
/// characters from 1 on (a tab is one character, as is a letter of several bytes). What is not a word is
/// reported.
class TextTokens : private google::protobuf::io::ErrorCollector {
 public:
  /// A text that is not a model at all would make a fault of every word: after so many the end is reported. With as
  /// many of the reader's own these are fewer than Diagnostics shows, so that the end is among them.
  static constexpr int kMostFaults = 48;

  /// `text` must be valid UTF-8 without NUL, and outlive this; `source`: its number among those of `diagnostics`.
  TextTokens(std::string_view text, std::int32_t source, Diagnostics& diagnostics);

  const TextToken& current() const { return current_; }
  void Next();

 private:
  // Turns protobuf's columns (bytes from 0 on, tabs of eight) into characters. Places come in the order of
  // the text, so the walk along it goes on from the last one.
  class Cursor {
   public:
    Cursor(std::string_view text, std::int32_t source) : text_(text), source_(source) {}
    SourceLocation At(int line, int column);

   private:
    std::string_view text_;
    std::int32_t source_;
    size_t offset_ = 0;
    int line_ = 0;
    int column_ = 0;
    int characters_ = 0;
  };

  void AddError(int line, int column, const std::string& message) override;

  Diagnostics& diagnostics_;
  Cursor token_cursor_;
  Cursor error_cursor_;
  google::protobuf::io::ArrayInputStream stream_;
  google::protobuf::io::Tokenizer tokenizer_;
  TextToken current_;
  int faults_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_TEXT_TOKENS_H_
