#include "tools/report/grouped.h"

#include <fmt/format.h>

namespace plgraph {
namespace {

std::string WithCommas(std::string digits) {
  const int sign = digits.starts_with('-') ? 1 : 0;
  for (int place = static_cast<int>(digits.size()) - 3; place > sign; place -= 3) {
    digits.insert(static_cast<size_t>(place), ",");
  }
  return digits;
}

}  // namespace

std::string Grouped(std::int64_t number) { return WithCommas(std::to_string(number)); }
std::string Grouped(double number) { return WithCommas(fmt::format("{:.0f}", number)); }

}  // namespace plgraph
