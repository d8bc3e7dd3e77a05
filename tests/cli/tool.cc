#include "tests/cli/tool.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace plgraph {
namespace {

// The functions for the child make only calls that are safe between fork and exec.

// Opens what a stream leads to; -1: nothing.
int OpenStream(StreamTo to, const char* file) {
  if (to == StreamTo::kFile) return open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (to == StreamTo::kFullDevice) return open("/dev/full", O_WRONLY);
  int ends[2] = {-1, -1};
  if (to == StreamTo::kReaderGone && pipe(ends) == 0) close(ends[0]);
  return ends[1];
}

bool Redirect(int stream, StreamTo to, const char* file) {
  if (to == StreamTo::kClosed) return close(stream) == 0;
  const int descriptor = OpenStream(to, file);
  return descriptor >= 0 && dup2(descriptor, stream) == stream && close(descriptor) == 0;
}

bool SetInput(const ToolSetting& setting) {
  if (setting.input_closed) return close(STDIN_FILENO) == 0;
  if (setting.input.empty()) return true;
  const int descriptor = open(setting.input.c_str(), O_RDONLY);
  return descriptor >= 0 && dup2(descriptor, STDIN_FILENO) == STDIN_FILENO && close(descriptor) == 0;
}

bool Limit(__rlimit_resource resource, std::int64_t most) {
  if (most < 0) return true;
  const rlimit limit = {static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  return setrlimit(resource, &limit) == 0;
}

[[noreturn]] void Exec(const std::vector<char*>& arguments, const char* folder, const ToolSetting& setting) {
  const bool ready = chdir(folder) == 0 && Redirect(STDOUT_FILENO, setting.out, "stdout.txt") &&
                     Redirect(STDERR_FILENO, setting.err, "stderr.txt") && SetInput(setting) &&
                     Limit(RLIMIT_FSIZE, setting.most_file_bytes) && Limit(RLIMIT_AS, setting.most_memory);
  for (const std::string& entry : setting.environment) putenv(const_cast<char*>(entry.c_str()));
  if (ready) execv(PLGRAPH_TOOL, arguments.data());
  _exit(127);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

pid_t StartTool(const std::vector<std::string>& arguments, const std::string& folder,
                const ToolSetting& setting) {
  std::vector<std::string> words = {"plgraph"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::fflush(nullptr);
  for (const char* name : {"/stdout.txt", "/stderr.txt"}) std::filesystem::remove(folder + name);
  const pid_t child = fork();
  if (child == 0) Exec(pointers, folder.c_str(), setting);
  return child;
}

ToolResult WaitForTool(pid_t process, const std::string& folder) {
  int status = 0;
  rusage usage = {};
  wait4(process, &status, 0, &usage);
  ToolResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  result.out = ReadFile(folder + "/stdout.txt");
  result.err = ReadFile(folder + "/stderr.txt");
  result.peak_bytes = usage.ru_maxrss * 1024;
  return result;
}

ToolResult RunTool(const std::vector<std::string>& arguments, const std::string& folder,
                   const ToolSetting& setting) {
  return WaitForTool(StartTool(arguments, folder, setting), folder);
}

bool Signal(pid_t process, int signal) {
  // A process that has ended takes signals until it is waited for.
  siginfo_t ended = {};
  waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid == 0 && kill(process, signal) == 0;
}

bool Kill(pid_t process) {
  int status = 0;
  const bool running = waitpid(process, &status, WNOHANG) == 0;
  if (!running) return false;
  kill(process, SIGKILL);
  waitpid(process, &status, 0);
  return true;
}

}  // namespace plgraph
