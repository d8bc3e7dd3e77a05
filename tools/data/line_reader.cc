#include "tools/data/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "core/error.h"

namespace plgraph {

LineReader::LineReader(ReadableFile& file, std::string path)
    : stream_(file, 0, file.size()), path_(std::move(path)), buffer_(size_t{256} << 10) {
  Refill();
  const std::string_view text(buffer_.data(), end_);
  if (text.starts_with("\xEF\xBB\xBF")) begin_ = 3;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw Error(ErrorKind::kRuntime, path_ + ": is a text in UTF-16; save it as UTF-8");
  }
}

// More bytes behind those that are not read yet; false at the end of the file.
bool LineReader::Refill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  const size_t got = stream_.Read(std::as_writable_bytes(std::span(buffer_)).subspan(end_));
  end_ += got;
  return got > 0;
}

bool LineReader::Next(std::size_t longest, std::string_view& line) {
  ++number_;
  size_t searched = 0;
  while (true) {
    const std::string_view text(buffer_.data() + begin_, end_ - begin_);
    const size_t end = text.find('\n', searched);
    if (std::min(end, text.size()) > longest) {
      throw Error(
          ErrorKind::kRuntime,
          fmt::format("{}:{}: the line has more than {} bytes; expected a line of text for each image", path_,
                      number_, longest));
    }
    if (end != std::string_view::npos) {
      line = text.substr(0, end);
      begin_ += end + 1;
      break;
    }
    searched = text.size();
    if (Refill()) continue;
    if (text.empty()) return false;
    line = std::string_view(buffer_.data(), end_);
    begin_ = end_;
    break;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

}  // namespace plgraph
