#include "graph/passes/pass_manager.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/file_system.h"
#include "core/process.h"
#include "graph/ir/text.h"
#include "graph/ir/verify.h"

namespace plgraph {
namespace {

// The names of the passes that may be left out: "pooling, sum".
std::string OptionalNames(std::span<const Pass> passes) {
  std::string names;
  for (const Pass& pass : passes) {
    if (pass.need == Pass::kOptional) names += fmt::format("{}{}", names.empty() ? "" : ", ", pass.name);
  }
  return names;
}

void CheckDisabled(std::span<const Pass> passes, const std::set<std::string>& disabled) {
  for (const std::string& name : disabled) {
    const auto pass =
        std::find_if(passes.begin(), passes.end(), [&](const Pass& p) { return p.name == name; });
    if (pass != passes.end() && pass->need == Pass::kOptional) continue;
    throw Error(ErrorKind::kInvalid,
                fmt::format("pass \"{}\" {}; the passes that can be disabled are {}", name,
                            pass == passes.end() ? "is not known" : "is needed", OptionalNames(passes)));
  }
}

// Writes the graph where a developer finds it; "" if that fails.
std::string Dump(std::string_view pass, const Graph& graph) {
  const std::string path = fmt::format("/tmp/plgraph-{}-{}.txt", pass, ProcessId());
  try {
    const std::string text = ToText(graph);
    const std::unique_ptr<WritableFile> file = MakePosixFileSystem()->Create(path);
    file->Append(std::as_bytes(std::span(text)));
    file->Close();
  } catch (const std::exception&) {
    return "";
  }
  return fmt::format("; the graph is in {}", path);
}

void Verify(std::string_view pass, bool phases, const Graph& graph) {
  const std::string fault = FaultOf(graph, phases);
  PLGRAPH_CHECK(fault.empty(), fmt::format("after pass {}: {}{}", pass, fault, Dump(pass, graph)));
}

}  // namespace

void RunPasses(std::span<const Pass> passes, const PlannedFor& planned, const PassControl& control,
               Graph& graph) {
  CheckDisabled(passes, control.disabled);
  int index = 0;
  for (const Pass& pass : passes) {
    ++index;
    if (control.disabled.contains(std::string(pass.name))) continue;
    const double start = control.clock == nullptr ? 0 : control.clock->Seconds();
    pass.run(planned, graph);
    const double end = control.clock == nullptr ? 0 : control.clock->Seconds();
    if (control.on_pass) control.on_pass({index, pass.name, end - start, graph});
    Verify(pass.name, index == std::ssize(passes), graph);
  }
}

}  // namespace plgraph
