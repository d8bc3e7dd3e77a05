#ifndef PLGRAPH_TOOLS_REPORT_GROUPED_H_
#define PLGRAPH_TOOLS_REPORT_GROUPED_H_

#include <cstdint>
#include <string>

namespace plgraph {

/// 1,234,567
std::string Grouped(std::int64_t number);
/// The same, rounded to a whole number.
std::string Grouped(double number);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_GROUPED_H_
