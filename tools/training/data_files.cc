#include "tools/training/data_files.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "core/crc32c.h"
#include "serialization/language/model_paths.h"

namespace plgraph {
namespace {

std::uint32_t WithFile(std::uint32_t so_far, const std::string& name, std::uint32_t crc32c) {
  const std::array<std::uint32_t, 1> number = {crc32c};
  return Crc32c(std::as_bytes(std::span(number)), Crc32c(std::as_bytes(std::span(name)), so_far));
}

// Goes down by a list of folders, not by calls. The source of the data has refused too deep ones.
FileChecksum ChecksumOfFolder(FileSystem& files, const std::string& path) {
  FileChecksum sum;
  std::vector<std::string> folders = {""};
  for (size_t i = 0; i < folders.size(); ++i) {
    const std::string folder = folders[i];
    for (const std::string& entry : files.List(path + "/" + folder)) {
      const std::string name = folder + entry;
      if (name.ends_with('/')) {
        folders.push_back(name);
      } else if (const std::optional<FileChecksum> file = files.Checksum(path + "/" + name)) {
        sum.bytes += file->bytes;
        sum.crc32c = WithFile(sum.crc32c, name, file->crc32c);
      }
    }
  }
  return sum;
}

}  // namespace

std::vector<DataFile> ChecksumData(const LoadedModel& loaded, FileSystem& files) {
  Model model = loaded.model;
  MakePathsAbsolute(model, loaded.folder);
  std::vector<DataFile> sums;
  for (const ModelPath& entry : PathsOf(model)) {
    if (!entry.is_data) continue;
    const std::string& path = *entry.path;
    const bool is_folder = files.Exists(path + "/.");
    const std::optional<FileChecksum> sum = is_folder ? ChecksumOfFolder(files, path) : files.Checksum(path);
    if (sum) sums.push_back({entry.setting, path, *sum});
  }
  return sums;
}

Json JsonOf(const std::vector<DataFile>& files) {
  Json list = Json::array();
  for (const DataFile& file : files) {
    Json entry;
    entry["setting"] = file.setting;
    entry["path"] = file.path;
    entry["bytes"] = file.checksum.bytes;
    entry["crc32c"] = fmt::format("{:08x}", file.checksum.crc32c);
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<DataFile> DataFilesOf(const Json& list) {
  std::vector<DataFile> files;
  for (const Json& entry : list) {
    DataFile file = {.setting = entry.at("setting"), .path = entry.at("path"), .checksum = {}};
    file.checksum.bytes = entry.at("bytes");
    const std::string sum = entry.at("crc32c");
    std::from_chars(sum.data(), sum.data() + sum.size(), file.checksum.crc32c, 16);
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace plgraph
