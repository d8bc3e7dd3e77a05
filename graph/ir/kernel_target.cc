#include "graph/ir/kernel_target.h"

namespace plgraph {
namespace {

using TargetFunction = const char* (*)();

TargetFunction& RegisteredTarget() {
  static TargetFunction target = nullptr;
  return target;
}

}  // namespace

std::string_view KernelTarget() { return RegisteredTarget() == nullptr ? "" : RegisteredTarget()(); }

KernelTargetRegistration::KernelTargetRegistration(const char* (*target)()) { RegisteredTarget() = target; }

}  // namespace plgraph
