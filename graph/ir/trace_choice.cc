#include "graph/ir/trace_choice.h"

namespace plgraph {

std::string_view NameOf(ChosenForm form) {
  constexpr std::string_view kNames[kFormCount] = {"kept", "inverted", "recomputed", "sum"};
  return kNames[static_cast<int>(form)];
}

}  // namespace plgraph
