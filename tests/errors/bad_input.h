#ifndef PLGRAPH_TESTS_ERRORS_BAD_INPUT_H_
#define PLGRAPH_TESTS_ERRORS_BAD_INPUT_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "serialization/state/checkpoint.h"
#include "tests/support/temp_folder.h"

namespace plgraph {

/// Something that the tool must refuse: the files, the command line, and what it says.
struct BadInput {
  std::string name;
  std::vector<std::string> command;
  int exit_code = 2;
  std::vector<std::string> messages;  ///< each a part of stderr
  /// Makes the files, beside small.pbtxt, good.ckpt and good.plan, which are sound.
  std::function<void(const TempFolder& folder)> prepare = [](const TempFolder&) {};
};

/// How googletest prints a row.
inline void PrintTo(const BadInput& input, std::ostream* out) { *out << input.name; }

/// The table of all of them; each function is one file of this folder.
const std::vector<BadInput>& Catalogue();

std::vector<BadInput> BadModels();
std::vector<BadInput> BadModelTexts();
std::vector<BadInput> BadOverrides();
std::vector<BadInput> BadCheckpoints();
std::vector<BadInput> BadRuns();
std::vector<BadInput> BadPlans();
std::vector<BadInput> BadArrays();
std::vector<BadInput> BadImages();
std::vector<BadInput> BadUsages();

/// The words of a command, which are parted by single spaces.
std::vector<std::string> Words(const std::string& command);

/// A checkpoint of small.pbtxt.
Checkpoint SoundCheckpoint();
std::string TextOf(std::span<const std::byte> bytes);
/// The bytes with one bit flipped; from the end, if `at` is negative.
std::string Flipped(std::string bytes, std::ptrdiff_t at);
/// With another number of 32 bits at this place.
std::string WithNumber(std::string bytes, size_t at, std::uint32_t number);

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_ERRORS_BAD_INPUT_H_
