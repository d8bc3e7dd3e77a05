#ifndef PLGRAPH_CORE_PRINT_H_
#define PLGRAPH_CORE_PRINT_H_

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace plgraph {

// The one way to print: results go to stdout, everything else to stderr. Text is written at once, without a buffer.
// Nothing here throws, and a reader that is gone or a disk that is full stops nobody. What happened to stdout is
// remembered; the tool asks for it before it ends.

/// Makes text safe for a terminal: control characters other than newline and tab, and bytes that are not UTF-8, become
/// visible escapes such as \x1b. Names in models and files are chosen by others and must not steer a terminal.
std::string Printable(std::string_view text);

/// Writes the bytes as they are.
void WriteText(std::FILE* to, std::string_view text) noexcept;

/// Print for arguments that are already collected.
void PrintFormatted(std::FILE* to, fmt::string_view format, fmt::format_args arguments) noexcept;

/// Formats the arguments and writes the text, made Printable.
template <typename... T>
void Print(std::FILE* to, fmt::format_string<T...> format, T&&... arguments) noexcept {
  PrintFormatted(to, format, fmt::make_format_args(arguments...));
}

/// Empty if everything that was printed on stdout has arrived there, otherwise a sentence with the first reason.
/// Asks the system once more: some file systems report a failed write only when the file is closed.
std::string StdoutFault();

}  // namespace plgraph

#endif  // PLGRAPH_CORE_PRINT_H_
