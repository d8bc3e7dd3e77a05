#include "serialization/language/text_tokens.h"

#include <fmt/format.h>

namespace plgraph {
namespace {

using google::protobuf::io::Tokenizer;

constexpr int kTabWidth = 8;  // of protobuf's tokenizer

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

TextToken::Kind KindOf(Tokenizer::TokenType type) {
  switch (type) {
    case Tokenizer::TYPE_IDENTIFIER:
      return TextToken::Kind::kIdentifier;
    case Tokenizer::TYPE_INTEGER:
      return TextToken::Kind::kInteger;
    case Tokenizer::TYPE_FLOAT:
      return TextToken::Kind::kFloat;
    case Tokenizer::TYPE_STRING:
      return TextToken::Kind::kString;
    case Tokenizer::TYPE_SYMBOL:
      return TextToken::Kind::kSymbol;
    default:
      return TextToken::Kind::kEnd;
  }
}

}  // namespace

std::string TextToken::Described() const {
  if (kind == Kind::kEnd) return "the end of the file";
  return kind == Kind::kString ? text : fmt::format("\"{}\"", text);
}

TextTokens::TextTokens(std::string_view text, std::int32_t source, Diagnostics& diagnostics)
    : diagnostics_(diagnostics),
      token_cursor_(text, source),
      error_cursor_(text, source),
      stream_(text.data(), static_cast<int>(text.size())),
      tokenizer_(&stream_, this) {
  tokenizer_.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
  Next();
}

void TextTokens::Next() {
  const int last_line = current_.location.line;
  tokenizer_.Next();
  const Tokenizer::Token& token = tokenizer_.current();
  current_.kind = faults_ < kMostFaults ? KindOf(token.type) : TextToken::Kind::kEnd;
  current_.text = token.text;
  current_.location = token_cursor_.At(token.line, token.column);
  current_.first_on_line = current_.location.line != last_line;
}

void TextTokens::AddError(int line, int column, const std::string& message) {
  // The reader reports every integer that starts with a zero, with a better sentence.
  if (message.find("leading zero") != std::string::npos || ++faults_ > kMostFaults) return;
  diagnostics_.AddError(error_cursor_.At(line, column), message.substr(0, message.find_last_not_of('.') + 1));
}

SourceLocation TextTokens::Cursor::At(int line, int column) {
  while (offset_ < text_.size() && (line_ < line || (line_ == line && column_ < column))) {
    const char c = text_[offset_++];
    if (c == '\n') {
      ++line_;
      column_ = characters_ = 0;
      continue;
    }
    column_ += c == '\t' ? kTabWidth - column_ % kTabWidth : 1;
    if (offset_ >= text_.size() || !IsContinuation(text_[offset_])) ++characters_;
  }
  return {line_ + 1, characters_ + 1, source_};
}

}  // namespace plgraph
