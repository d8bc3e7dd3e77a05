#include "tools/training/first_batch.h"

#include "core/error.h"
#include "tools/training/data_source.h"
#include "tools/training/parameters.h"
#include "tools/training/term_means.h"

namespace plgraph {
namespace {

CompileOptions Options(const LoadedModel& loaded, std::int64_t data_steps, bool training, DType dtype) {
  CompileOptions options = OptionsFor(loaded, data_steps, training);
  options.dtype = dtype;
  options.optimizer_slots = 0;
  options.accumulate = false;
  return options;
}

}  // namespace

template <typename T>
FirstBatch<T>::FirstBatch(const LoadedModel& loaded, const Services& services, bool training)
    : loaded_(loaded),
      data_(OpenData(loaded, DataUse::kTraining, services.files)),
      executable_(MakeExecutable(loaded, Options(loaded, data_->steps(), training, kDTypeOf<T>))),
      executor_(std::make_unique<Executor<T>>(executable_, services.memory, services.threads)) {
  const CompileOptions& options = executable_.options;
  const EpisodeWindow window = {.batch = options.batch, .steps = options.steps};
  const std::vector<InputPort> ports = InputPorts(loaded.graph);
  for (size_t i = 0; i < ports.size(); ++i) {
    data_->Fill(i, window, executor_->Input(executable_.graph.Find(ports[i].name)));
  }
  InitializeParameters(loaded, services.files, *executor_);
}

template <typename T>
RunContext FirstBatch<T>::Context() const {
  return {.seed = loaded_.model.train().seed()};
}

template <typename T>
double FirstBatch<T>::Loss() {
  executor_->ResetStates();
  executor_->Forward(Context());
  const std::vector<Term>& terms = executable_.graph.terms;
  TermMeans means(terms);
  for (size_t i = 0; i < terms.size(); ++i) {
    for (std::int64_t sample = 0; sample < executable_.options.batch; ++sample) {
      means.Add(i, executor_->TermValue(i, sample));
    }
  }
  means.CountEpisodes(executable_.options.batch);
  return means.Mean().loss;
}

template <typename T>
NamedTensors FirstBatch<T>::Gradients() {
  executor_->Backward(Context());
  NamedTensors gradients;
  for (size_t i = 0; i < executable_.graph.gradients.size(); ++i) {
    const ParameterGradient& g = executable_.graph.gradients[i];
    const Node& parameter = executable_.graph.node(g.parameter);
    // Where no loss depends on a parameter there is nothing to read: zeros.
    std::vector<T> values(static_cast<size_t>(parameter.shape.NumElements()));
    if (g.gradient) {
      const std::span<T> gradient = executor_->Gradient(i);
      values.assign(gradient.begin(), gradient.end());
    }
    gradients.push_back({parameter.name, Tensor(parameter.shape, std::move(values))});
  }
  return gradients;
}

template class FirstBatch<float>;
template class FirstBatch<double>;

}  // namespace plgraph
