#ifndef PLGRAPH_TOOLS_DATA_GZIP_H_
#define PLGRAPH_TOOLS_DATA_GZIP_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plgraph {

/// Whether bytes begin as a gzip file does (RFC 1952).
bool IsGzip(std::span<const std::byte> bytes);

/// The first `most` bytes of what a gzip file holds; all of it, checksum verified, if it holds less. Memory grows with
/// what is really there. Throws Error(kRuntime) with the path when the bytes are cut or damaged.
std::vector<std::byte> GunzipFirst(std::span<const std::byte> bytes, std::int64_t most,
                                   const std::string& path);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_DATA_GZIP_H_
