#ifndef PLGRAPH_CORE_PROCESS_H_
#define PLGRAPH_CORE_PROCESS_H_

namespace plgraph {

/// Makes the process safe before anything else is done in it:
/// - descriptors 0, 1 and 2 exist, so that no file that is opened later takes the place of stdin, stdout or stderr;
///   those that were closed fail at every use, as if they still were;
/// - a reader that is gone (SIGPIPE) and a file that may not grow (SIGXFSZ) are errors of the write, and end nothing.
void PrepareProcess() noexcept;

/// The number by which the system knows this process.
int ProcessId();

}  // namespace plgraph

#endif  // PLGRAPH_CORE_PROCESS_H_
