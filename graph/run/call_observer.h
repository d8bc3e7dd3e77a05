#ifndef PLGRAPH_GRAPH_RUN_CALL_OBSERVER_H_
#define PLGRAPH_GRAPH_RUN_CALL_OBSERVER_H_

#include "graph/ir/graph.h"
#include "graph/ir/kernel_args.h"

namespace plgraph {

/// Sees every call of a kernel before it runs, when the operands are all there (the result may then take their
/// memory), and after it.
template <typename T>
class CallObserver {
 public:
  CallObserver() = default;
  virtual ~CallObserver() = default;
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;

  virtual void Before(const Node& node, const KernelArgs<T>& args) = 0;
  virtual void After(const Node& node, const KernelArgs<T>& args) = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_RUN_CALL_OBSERVER_H_
