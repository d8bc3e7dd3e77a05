#include "tools/cli/output_paths.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/file_system.h"

namespace plgraph {
namespace {

void CheckAgainstRead(const OutputPath& output, const std::vector<std::string>& read) {
  if (LeadsToStdout(output.path)) return;
  for (const std::string& path : read) {
    if (path.empty() || !LeadToOneFile(output.path, path)) continue;
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: this command reads {}, which would be overwritten; choose another file",
                            output.words, path));
  }
}

}  // namespace

std::FILE* CheckOutputs(const std::vector<OutputPath>& written, const std::vector<std::string>& read) {
  std::FILE* text = stdout;
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i].path.empty()) continue;
    if (LeadsToStdout(written[i].path)) text = stderr;
    CheckAgainstRead(written[i], read);
    for (size_t j = 0; j < i; ++j) {
      if (!LeadToOneFile(written[i].path, written[j].path)) continue;
      throw Error(ErrorKind::kInvalid, fmt::format("{} and {} lead to one file; give each a file of its own",
                                                   written[j].words, written[i].words));
    }
  }
  return text;
}

}  // namespace plgraph
