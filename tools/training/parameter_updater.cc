#include "tools/training/parameter_updater.h"

#include "tools/training/optimizer.h"

namespace plgraph {

ParameterUpdater::ParameterUpdater(const Train& train, Executor<float>& executor, ThreadPool& threads)
    : train_(train), executor_(executor), threads_(threads) {
  const Graph& graph = executor.executable().graph;
  std::vector<std::int64_t> sizes;
  for (size_t i = 0; i < graph.gradients.size(); ++i) {
    if (!graph.gradients[i].gradient) continue;
    trained_.push_back(i);
    sizes.push_back(graph.node(graph.gradients[i].parameter).shape.NumElements());
  }
  gradients_.resize(trained_.size());
  norm_ = std::make_unique<GradientNorm<float>>(sizes);
}

void ParameterUpdater::Accumulate(bool first) {
  for (const size_t i : trained_) {
    const std::span<const float> gradient = executor_.Gradient(i);
    const std::span<float> sum = executor_.GradientSum(i);
    const auto add = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        const size_t at = static_cast<size_t>(k);
        sum[at] = first ? gradient[at] : sum[at] + gradient[at];
      }
    };
    threads_.For(std::ssize(sum), 16384, 16, add);
  }
}

std::span<float> ParameterUpdater::GradientOf(size_t index) {
  return executor_.executable().options.accumulate ? executor_.GradientSum(index) : executor_.Gradient(index);
}

bool ParameterUpdater::Update(std::int64_t update, double rate) {
  double norm = 0;
  if (train_.clip_norm() > 0) {
    for (size_t k = 0; k < trained_.size(); ++k) gradients_[k] = GradientOf(trained_[k]);
    norm = norm_->Compute(gradients_, train_.clip_value(), threads_);
  }
  const GradientTransform transform = ClipTransform(train_.clip_value(), train_.clip_norm(), norm);
  const Executable& executable = executor_.executable();
  bool finite = true;
  for (const size_t i : trained_) {
    OptimizerUpdate<float> parameter = {
        .parameter = executor_.Parameter(executable.graph.gradients[i].parameter),
        .gradient = GradientOf(i),
        .slots = {}};
    for (int slot = 0; slot < executable.options.optimizer_slots; ++slot) {
      parameter.slots[static_cast<size_t>(slot)] = executor_.OptimizerSlot(i, slot);
    }
    if (!UpdateParameter(train_, parameter, transform, rate, update, threads_)) finite = false;
  }
  return finite;
}

}  // namespace plgraph
