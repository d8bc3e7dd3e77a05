#ifndef PLGRAPH_CORE_INDEPENDENT_H_
#define PLGRAPH_CORE_INDEPENDENT_H_

/// Before a loop: no iteration of it reads what another one writes, so the compiler may take several at once.
#ifdef __clang__
#define PLGRAPH_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define PLGRAPH_INDEPENDENT _Pragma("GCC ivdep")
#endif

#endif  // PLGRAPH_CORE_INDEPENDENT_H_
