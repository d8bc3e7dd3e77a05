#include <fmt/format.h>

#include <set>

#include "core/error.h"
#include "serialization/npy.h"
#include "serialization/zip.h"

namespace plgraph {

namespace {

constexpr std::string_view kSuffix = ".npy";

// Whoever unpacks the archive must not be led out of the folder, and must find every tensor.
void CheckNames(const NamedTensors& tensors) {
  std::set<std::string_view> names;
  for (const NamedTensor& named : tensors) {
    const std::string path = "/" + named.name + "/";
    if (named.name.starts_with('/') || path.find("/../") != std::string::npos) {
      throw Error(
          ErrorKind::kRuntime,
          fmt::format(
              "tensor \"{}\" cannot be written to an .npz file: as a file it would lie outside of the "
              "archive; give it another name in the model",
              named.name));
    }
    if (!names.insert(named.name).second) {
      throw Error(
          ErrorKind::kRuntime,
          fmt::format("two tensors for an .npz file are named \"{}\"; give one another name in the model",
                      named.name));
    }
  }
}

}  // namespace

NamedTensors DecodeNpz(std::span<const std::byte> bytes, const std::string& path) {
  NamedTensors tensors;
  std::set<std::string> names;
  for (const ZipMember& member : ReadZip(bytes, path)) {
    const std::string where = fmt::format("{}: member \"{}\"", path, member.name);
    if (!member.name.ends_with(kSuffix)) {
      throw Error(ErrorKind::kRuntime, where + ": not an array; expected a name that ends in .npy");
    }
    if (!names.insert(member.name).second) throw Error(ErrorKind::kRuntime, where + " is there twice");
    tensors.push_back(
        {member.name.substr(0, member.name.size() - kSuffix.size()), DecodeNpy(member.bytes, where)});
  }
  return tensors;
}

std::vector<std::byte> EncodeNpz(const NamedTensors& tensors, bool deflate) {
  CheckNames(tensors);
  std::vector<ZipMember> members;
  members.reserve(tensors.size());
  for (const NamedTensor& named : tensors) {
    members.push_back({named.name + std::string(kSuffix), EncodeNpy(named.tensor)});
  }
  return MakeZip(members, deflate);
}

NamedTensors ReadNpz(FileSystem& files, const std::string& path) { return DecodeNpz(files.Read(path), path); }

void WriteNpz(FileSystem& files, const std::string& path, const NamedTensors& tensors, bool deflate) {
  WriteFileAtomically(files, path, EncodeNpz(tensors, deflate));
}

}  // namespace plgraph
