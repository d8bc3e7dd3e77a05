#include "core/error.h"

#include <cstdio>
#include <cstdlib>

namespace plgraph {

void CheckFailed(const char* file, int line, const char* condition, const std::string& message) {
  std::fprintf(stderr, "plgraph: internal fault at %s:%d: %s does not hold: %s\n", file, line, condition,
               message.c_str());
  std::abort();
}

}  // namespace plgraph
