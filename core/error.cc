#include "core/error.h"

#include <cstdlib>

#include "core/print.h"

namespace plgraph {

void CheckFailed(const char* file, int line, const char* condition, const std::string& message) {
  Print(stderr, "plgraph: internal fault at {}:{}: {} does not hold: {}\n", file, line, condition, message);
  std::abort();
}

}  // namespace plgraph
