#ifndef PLGRAPH_TESTS_SUPPORT_JOINED_EVENTS_H_
#define PLGRAPH_TESTS_SUPPORT_JOINED_EVENTS_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/file_system.h"
#include "serialization/formats/event_file.h"

namespace plgraph {

/// The events of all files in a folder, in the order in which TensorBoard reads them, without the times and the
/// versions of the files.
inline std::vector<tensorboard::Event> JoinedEvents(FileSystem& files, const std::string& folder) {
  std::vector<tensorboard::Event> joined;
  for (const std::string& name : files.List(folder)) {
    if (name.find("tfevents") == std::string::npos) continue;  // TensorBoard's own rule
    const std::vector<std::byte> bytes = files.Read(folder + "/" + name);
    const EventRecords read = DecodeRecords(bytes);
    EXPECT_EQ(read.damaged, 0) << name;
    for (const std::string_view record : read.records) {
      tensorboard::Event event;
      EXPECT_TRUE(event.ParseFromArray(record.data(), static_cast<int>(record.size()))) << name;
      event.clear_wall_time();
      if (!event.has_file_version()) joined.push_back(event);
    }
  }
  return joined;
}

/// Each event as bytes that can be compared.
inline std::vector<std::string> JoinedEventTexts(FileSystem& files, const std::string& folder) {
  std::vector<std::string> texts;
  for (const tensorboard::Event& event : JoinedEvents(files, folder))
    texts.push_back(event.SerializeAsString());
  return texts;
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_JOINED_EVENTS_H_
