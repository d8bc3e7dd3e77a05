#include "core/print.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace plgraph {
namespace {

TEST(Printable, EscapesWhatSteersATerminalAndKeepsTheRest) {
  using namespace std::string_literals;
  EXPECT_EQ(Printable("two lines\n\tand a tab"), "two lines\n\tand a tab");
  EXPECT_EQ(Printable("größe 漢字 \xf0\x9f\x99\x82"), "größe 漢字 \xf0\x9f\x99\x82");
  EXPECT_EQ(Printable("\x1b[31mred\r\a\x7f\0"s), "\\x1b[31mred\\x0d\\x07\\x7f\\x00");
  EXPECT_EQ(Printable("\xc2\x9b[31m"), "\\xc2\\x9b[31m");  // the control sequence introducer of Latin-1
  // Not UTF-8: cut, a lone continuation, overlong, a surrogate, beyond Unicode.
  EXPECT_EQ(Printable("\xc3"), "\\xc3");
  EXPECT_EQ(Printable("\x9b[31m"), "\\x9b[31m");
  EXPECT_EQ(Printable("\xc0\x9b"), "\\xc0\\x9b");
  EXPECT_EQ(Printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

// Whoever shares a pipe may have made it non-blocking; a full one is waited for then too.
TEST(WriteText, WaitsForAPipeThatDoesNotBlock) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  std::FILE* to = fdopen(ends[1], "w");
  const std::string text(1'000'000, 'x');
  std::thread writer([&] {
    WriteText(to, text);
    std::fclose(to);
  });
  ASSERT_EQ(fcntl(ends[0], F_SETFL, 0), 0);
  std::string piece(65536, '\0');
  size_t size = 0;
  for (ssize_t got = 1; got > 0; size += static_cast<size_t>(got))
    got = read(ends[0], piece.data(), piece.size());
  writer.join();
  close(ends[0]);
  EXPECT_EQ(size, text.size());
}

}  // namespace
}  // namespace plgraph
