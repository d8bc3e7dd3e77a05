#ifndef PLGRAPH_TOOLS_DATA_LINE_READER_H_
#define PLGRAPH_TOOLS_DATA_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_stream.h"

namespace plgraph {

/// The lines of a text file, read in pieces. Lines end in LF or CR LF; a mark of UTF-8 at the beginning is skipped.
class LineReader {
 public:
  /// The file must outlive it. Throws Error(kRuntime) with the path when the text is UTF-16.
  LineReader(ReadableFile& file, std::string path);

  /// Goes to the next line; false at the end. The line is valid until the next call. Throws Error(kRuntime) with the
  /// path and the number of the line when the line has more than `longest` bytes.
  bool Next(std::size_t longest, std::string_view& line);
  /// Of the line that was read last, counted from 1.
  std::int64_t number() const { return number_; }

 private:
  bool Refill();

  FileRange stream_;
  std::string path_;
  std::vector<char> buffer_;  // what of it is not read yet lies from begin_ to end_
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_DATA_LINE_READER_H_
