#ifndef PLGRAPH_CORE_UTF8_H_
#define PLGRAPH_CORE_UTF8_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace plgraph {

/// The length of the valid character at the start of the text (RFC 3629, section 4); 0: there is none.
size_t CharacterLength(std::string_view text);

/// The first byte that is not part of a valid character, if there is one.
std::optional<size_t> FindInvalidUtf8(std::string_view text);

}  // namespace plgraph

#endif  // PLGRAPH_CORE_UTF8_H_
