#ifndef PLGRAPH_CORE_ERROR_H_
#define PLGRAPH_CORE_ERROR_H_

#include <stdexcept>
#include <string>

namespace plgraph {

/// Whose move it is, and with it the exit code of the tool.
enum class ErrorKind {
  kRuntime = 1,  ///< failed while running: a full disk, a damaged file, a number that is not finite
  kInvalid = 2,  ///< wrong usage or an invalid model: the user must change what was asked for
};

/// A fault of the user or of the surroundings. Thrown anywhere, caught once, in tools/cli/plgraph.cc.
/// The message names the place, what was expected, what was found and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const std::string& message);

}  // namespace plgraph

/// Our own fault: an invariant of plgraph does not hold. Ends the process with the place.
#define PLGRAPH_CHECK(condition, message)                                \
  do {                                                                   \
    if (!(condition)) {                                                  \
      ::plgraph::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
    }                                                                    \
  } while (false)

#endif  // PLGRAPH_CORE_ERROR_H_
