#include "core/print.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "core/utf8.h"

namespace plgraph {
namespace {

// The first error of stdout; 0: none. Like the stream itself, it belongs to the process.
std::atomic<int> g_stdout_error = 0;

void NoteError(std::FILE* to, int error) noexcept {
  int none = 0;
  if (to == stdout) g_stdout_error.compare_exchange_strong(none, error);
}

// Waits for room in a pipe whose other users made it non-blocking.
void AwaitRoom(int descriptor) noexcept {
  pollfd wanted = {.fd = descriptor, .events = POLLOUT, .revents = 0};
  poll(&wanted, 1, -1);
}

// The control characters of ASCII but newline and tab, and those of Latin-1 (U+0080 to U+009F).
bool IsControl(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    const std::string_view sequence = text.substr(0, std::max<size_t>(1, length));
    if (length > 0 && !IsControl(sequence)) {
      printable += sequence;
    } else {
      for (const char c : sequence) printable += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    text.remove_prefix(sequence.size());
  }
  return printable;
}

void WriteText(std::FILE* to, std::string_view text) noexcept {
  const int descriptor = fileno(to);
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      AwaitRoom(descriptor);
    } else if (errno != EINTR) {
      return NoteError(to, errno);
    }
  }
}

void PrintFormatted(std::FILE* to, fmt::string_view format, fmt::format_args arguments) noexcept {
  try {
    WriteText(to, Printable(fmt::vformat(format, arguments)));
  } catch (const std::exception&) {  // no memory for the text
    NoteError(to, ENOMEM);
  }
}

std::string StdoutFault() {
  const int copy = dup(STDOUT_FILENO);
  if (copy >= 0 && close(copy) != 0) NoteError(stdout, errno);
  if (g_stdout_error == 0) return "";
  return fmt::format("stdout: cannot write: {}; what was printed there is not complete",
                     std::generic_category().message(g_stdout_error));
}

}  // namespace plgraph
