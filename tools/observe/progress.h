#ifndef PLGRAPH_TOOLS_OBSERVE_PROGRESS_H_
#define PLGRAPH_TOOLS_OBSERVE_PROGRESS_H_

#include <cstdint>
#include <cstdio>
#include <string>

#include "core/clock.h"
#include "tools/training/run_directory.h"

namespace plgraph {

/// Tells a person how training goes: on a terminal one line that is overwritten, in a file plain lines, at most
/// one every five seconds. Evaluations and messages always have a line of their own.
class Progress {
 public:
  /// Writes to `out` (null: nowhere), which must stay open. `live`: it is a terminal. What cannot be written is lost
  /// and harms nothing.
  Progress(std::FILE* out, bool live, const Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Training starts (or goes on) after `episode` of `total`.
  void Begin(std::int64_t episode, std::int64_t total);
  void Report(const MetricsLine& line);
  /// Ends the live line, so that what follows starts on a line of its own.
  void End();
  void Message(const std::string& text);

 private:
  std::string Text(const MetricsLine& line) const;

  std::FILE* out_;
  bool live_;
  const Clock& clock_;
  std::int64_t first_episode_ = 0;
  std::int64_t total_ = 0;
  double begin_ = 0;
  double next_ = 0;  // not before this time a line is due
  bool line_open_ = false;
};

/// Whether a person sees what is written to this file.
bool IsTerminal(std::FILE* file);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_OBSERVE_PROGRESS_H_
