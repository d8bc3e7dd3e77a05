// Tells the registry for which kind of vectors Highway chooses the kernels on this machine.
#include "graph/ir/kernel_target.h"

// This file is compiled once for each kind of vector that it may meet.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/vector_target.cc"
// clang-format off: the order matters
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace plgraph {
namespace HWY_NAMESPACE {
namespace {
const char* TargetOfThisFile() { return hwy::TargetName(HWY_TARGET); }
}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace plgraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plgraph {
namespace {
HWY_EXPORT(TargetOfThisFile);
const char* ChosenTarget() { return HWY_DYNAMIC_DISPATCH(TargetOfThisFile)(); }
const KernelTargetRegistration registration(ChosenTarget);
}  // namespace
}  // namespace plgraph
#endif
