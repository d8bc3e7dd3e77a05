#include "serialization/formats/npz.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "serialization/formats/npy.h"
#include "serialization/formats/zip.h"

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

NpzArchive::NpzArchive(ReadableFile& file, const std::string& path) : path_(path), zip_(file, path) {
  std::set<std::string> names;
  for (const ZipEntry& entry : zip_.entries()) {
    const std::string where = fmt::format("{}: member \"{}\"", path, entry.name);
    if (!entry.name.ends_with(kSuffix)) {
      throw Error(ErrorKind::kRuntime, where + ": not an array; expected a name that ends in .npy");
    }
    if (!names.insert(entry.name).second) throw Error(ErrorKind::kRuntime, where + " is there twice");
    names_.push_back(entry.name.substr(0, entry.name.size() - kSuffix.size()));
  }
}

bool NpzArchive::Has(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

NpyReader NpzArchive::Open(const std::string& name) const {
  const auto at = std::find(names_.begin(), names_.end(), name);
  PLGRAPH_CHECK(at != names_.end(), "the archive has no array " + name);
  const ZipEntry& entry = zip_.entries()[static_cast<size_t>(at - names_.begin())];
  return {zip_.Open(entry), static_cast<std::int64_t>(entry.size),
          fmt::format("{}: member \"{}\"", path_, entry.name)};
}

bool IsNpz(ReadableFile& file) {
  std::byte start[2] = {};
  if (file.size() < 2) return false;
  file.ReadAt(0, start);
  return start[0] == std::byte{'P'} && start[1] == std::byte{'K'};
}

namespace {

NamedTensors ReadAll(ReadableFile& file, const std::string& path) {
  const NpzArchive archive(file, path);
  NamedTensors tensors;
  for (const std::string& name : archive.names()) tensors.push_back({name, archive.Open(name).Read()});
  return tensors;
}

}  // namespace

NamedTensors DecodeNpz(std::span<const std::byte> bytes, const std::string& path) {
  MemoryFile file(bytes, path);
  return ReadAll(file, path);
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

NamedTensors ReadNpz(FileSystem& files, const std::string& path) {
  const std::unique_ptr<ReadableFile> file = files.OpenRead(path);
  return ReadAll(*file, path);
}

void WriteNpz(FileSystem& files, const std::string& path, const NamedTensors& tensors, bool deflate) {
  WriteFileAtomically(files, path, EncodeNpz(tensors, deflate));
}

}  // namespace plgraph
