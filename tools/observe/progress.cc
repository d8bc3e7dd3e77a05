#include "tools/observe/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include "core/print.h"

namespace plgraph {
namespace {

constexpr double kLiveInterval = 0.1;
constexpr double kPlainInterval = 5;

std::string Duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string MeasuresText(const Measures& measures) {
  std::string text = fmt::format("loss {:.5g}", measures.loss);
  for (const auto& [name, value] : measures.metrics) text += fmt::format("  {} {:.4g}", name, value);
  return text;
}

}  // namespace

bool IsTerminal(std::FILE* file) { return isatty(fileno(file)) == 1; }

Progress::Progress(std::FILE* out, bool live, const Clock& clock) : out_(out), live_(live), clock_(clock) {}

Progress::~Progress() { End(); }

void Progress::Begin(std::int64_t episode, std::int64_t total) {
  first_episode_ = episode;
  total_ = total;
  begin_ = clock_.Seconds();
  next_ = begin_;
}

std::string Progress::Text(const MetricsLine& line) const {
  const double spent = clock_.Seconds() - begin_;
  const double each = spent / static_cast<double>(std::max<std::int64_t>(1, line.episode - first_episode_));
  std::string text = fmt::format("episode {}/{}  {}  {:.3g} ms/episode", line.episode, total_,
                                 MeasuresText(line.training), each * 1000);
  if (line.episode < total_) {
    text += fmt::format(", {} left", Duration(each * static_cast<double>(total_ - line.episode)));
  }
  return text;
}

void Progress::Report(const MetricsLine& line) {
  if (out_ == nullptr) return;
  const double now = clock_.Seconds();
  if (now >= next_ || line.episode >= total_ || line.evaluation) {
    next_ = now + (live_ ? kLiveInterval : kPlainInterval);
    line_open_ = live_;
    if (live_) {
      WriteText(out_, fmt::format("\r{}\x1b[K", Printable(Text(line))));
    } else {
      Print(out_, "{}\n", Text(line));
    }
  }
  if (line.evaluation) {
    Message(fmt::format("evaluation after episode {}: {}", line.episode, MeasuresText(*line.evaluation)));
  }
}

void Progress::End() {
  if (line_open_) WriteText(out_, "\n");
  line_open_ = false;
}

void Progress::Message(const std::string& text) {
  if (out_ == nullptr) return;
  End();
  Print(out_, "{}\n", text);
}

}  // namespace plgraph
