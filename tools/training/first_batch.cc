#include "tools/training/first_batch.h"

#include "core/error.h"
#include "tools/training/data_source.h"
#include "tools/training/parameters.h"
#include "tools/training/term_means.h"

namespace plgraph {
namespace {

Executable Prepare(const LoadedModel& loaded, std::int64_t data_steps, const FirstBatchOptions& batch,
                   DType dtype) {
  CompileOptions options = OptionsFor(loaded, data_steps, batch.training);
  options.dtype = dtype;
  options.optimizer_slots = 0;
  options.accumulate = false;
  options.outputs = batch.outputs;
  return batch.graph != nullptr ? Compile(*batch.graph, options) : MakeExecutable(loaded, options);
}

}  // namespace

template <typename T>
FirstBatch<T>::FirstBatch(const LoadedModel& loaded, const Services& services,
                          const FirstBatchOptions& options)
    : loaded_(loaded),
      data_(OpenData(loaded, DataUse::kTraining, services.files, &services.memory)),
      executable_(Prepare(loaded, data_->steps(), options, kDTypeOf<T>)),
      executor_(std::make_unique<Executor<T>>(executable_, services.memory, services.threads)) {
  const EpisodeWindow window = {.batch = executable_.options.batch, .steps = executable_.options.steps};
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
