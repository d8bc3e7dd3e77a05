#include "tools/training/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/independent.h"
#include "tools/training/not_finite.h"

namespace plgraph {
namespace {

// Elements whose slots are still in the first cache when they are looked at.
constexpr std::int64_t kBlock = 1024;

// Each rule is a function from one element's gradient to its new numbers; its constants are computed once an
// update, in double.

template <typename T>
struct SgdRule {
  T rate, momentum;
  bool nesterov, has_slot;
  void operator()(T g, T& p, T* velocity, T*) const {
    if (!has_slot) {
      p -= rate * g;
      return;
    }
    *velocity = momentum * *velocity + g;
    p -= rate * (nesterov ? g + momentum * *velocity : *velocity);
  }
};

template <typename T>
struct AdamRule {
  T beta1, beta2, one_minus_beta1, one_minus_beta2;
  T rate;        // divided by the bias of the first moment
  T root_scale;  // 1 / sqrt of the bias of the second moment
  T epsilon;
  T keep;  // 1 - rate times weight decay

  void operator()(T g, T& p, T* first, T* second) const {
    const T m = beta1 * *first + one_minus_beta1 * g;
    const T v = beta2 * *second + one_minus_beta2 * g * g;
    *first = m;
    *second = v;
    p = keep * p - rate * m / (std::sqrt(v) * root_scale + epsilon);
  }
};

template <typename T>
struct RmsPropRule {
  T rate, decay, one_minus_decay, epsilon;
  void operator()(T g, T& p, T* square, T*) const {
    const T s = decay * *square + one_minus_decay * g * g;
    *square = s;
    p -= rate * g / (std::sqrt(s) + epsilon);
  }
};

template <typename T>
AdamRule<T> MakeAdam(double beta1, double beta2, double epsilon, double decay, double rate,
                     std::int64_t update) {
  const double t = static_cast<double>(update + 1);
  const double bias1 = 1 - std::pow(beta1, t);
  const double bias2 = 1 - std::pow(beta2, t);
  return {.beta1 = static_cast<T>(beta1),
          .beta2 = static_cast<T>(beta2),
          .one_minus_beta1 = static_cast<T>(1 - beta1),
          .one_minus_beta2 = static_cast<T>(1 - beta2),
          .rate = static_cast<T>(rate / bias1),
          .root_scale = static_cast<T>(1 / std::sqrt(bias2)),
          .epsilon = static_cast<T>(epsilon),
          .keep = static_cast<T>(1 - rate * decay)};
}

// The rule as a value, in a function of its own: inlined, g++ would read the rule again for each element.
template <int kSlots, typename T, typename Rule>
[[gnu::noinline]] void ApplyTo(const OptimizerUpdate<T>& p, std::int64_t begin, std::int64_t end, T scale,
                               T limit, const Rule rule) {
  T* const parameter = p.parameter.data();
  const T* const gradient = p.gradient.data();
  T* const slot0 = p.slots[0].data();
  T* const slot1 = p.slots[1].data();
  PLGRAPH_INDEPENDENT
  for (std::int64_t i = begin; i < end; ++i) {
    const T g = scale * std::min(std::max(gradient[i], -limit), limit);
    rule(g, parameter[i], kSlots > 0 ? slot0 + i : nullptr, kSlots > 1 ? slot1 + i : nullptr);
  }
}

// Whether the slots are finite from `begin` on. A gradient that is not makes every slot so, and of two slots the last, of
// squares, overflows first.
template <int kSlots, typename T>
bool SlotsAreFinite(const OptimizerUpdate<T>& p, std::int64_t begin, std::int64_t end) {
  if constexpr (kSlots == 0) return true;
  FiniteCheck<T> check;
  const T* const values = p.slots[kSlots > 0 ? kSlots - 1 : 0].data();
  for (std::int64_t i = begin; i < end; ++i) check.See(values[i]);
  return check.AllFinite();
}

template <int kSlots, typename T, typename Rule>
bool Apply(const Rule& rule, const OptimizerUpdate<T>& p, const GradientTransform& transform,
           ThreadPool& threads) {
  const T limit = transform.limit > 0 ? static_cast<T>(transform.limit) : std::numeric_limits<T>::infinity();
  const T scale = static_cast<T>(transform.scale);
  std::atomic<bool> finite = true;
  const auto update = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; block += kBlock) {
      const std::int64_t block_end = std::min(end, block + kBlock);
      ApplyTo<kSlots>(p, block, block_end, scale, limit, rule);
      if (!SlotsAreFinite<kSlots>(p, block, block_end)) finite = false;
    }
  };
  threads.For(static_cast<std::int64_t>(p.parameter.size()), 4096, 16, update);
  return finite;
}

}  // namespace

int OptimizerSlots(const Train& train) {
  switch (train.optimizer_case()) {
    case Train::kSgd:
      return train.sgd().momentum() != 0 ? 1 : 0;
    case Train::kAdam:
    case Train::kAdamw:
      return 2;
    case Train::kRmsprop:
      return 1;
    case Train::OPTIMIZER_NOT_SET:
      return 0;
  }
  return 0;
}

std::string_view OptimizerSlotName(const Train& train, int slot) {
  if (train.has_sgd()) return "velocity";
  if (train.has_rmsprop()) return "mean square of the gradient";
  return slot == 0 ? "first moment" : "second moment";
}

std::string OptimizerName(const Train& train) {
  const auto* oneof = Train::descriptor()->FindOneofByName("optimizer");
  const auto* field = train.GetReflection()->GetOneofFieldDescriptor(train, oneof);
  return field == nullptr ? "" : field->name();
}

template <typename T>
bool UpdateParameter(const Train& train, const OptimizerUpdate<T>& p, const GradientTransform& transform,
                     double rate, std::int64_t update, ThreadPool& threads) {
  switch (train.optimizer_case()) {
    case Train::kSgd: {
      const Sgd& sgd = train.sgd();
      const SgdRule<T> rule = {static_cast<T>(rate), static_cast<T>(sgd.momentum()), sgd.nesterov(),
                               sgd.momentum() != 0};
      if (rule.has_slot) return Apply<1>(rule, p, transform, threads);
      return Apply<0>(rule, p, transform, threads);
    }
    case Train::kAdam: {
      const Adam& a = train.adam();
      return Apply<2>(MakeAdam<T>(a.beta1(), a.beta2(), a.epsilon(), 0, rate, update), p, transform, threads);
    }
    case Train::kAdamw: {
      const AdamW& a = train.adamw();
      return Apply<2>(MakeAdam<T>(a.beta1(), a.beta2(), a.epsilon(), a.weight_decay(), rate, update), p,
                      transform, threads);
    }
    case Train::kRmsprop: {
      const RmsProp& r = train.rmsprop();
      const RmsPropRule<T> rule = {static_cast<T>(rate), static_cast<T>(r.decay()),
                                   static_cast<T>(1 - r.decay()), static_cast<T>(r.epsilon())};
      return Apply<1>(rule, p, transform, threads);
    }
    case Train::OPTIMIZER_NOT_SET:
      break;
  }
  PLGRAPH_CHECK(false, "no optimizer: the loader must have refused the model");
}

template bool UpdateParameter(const Train&, const OptimizerUpdate<float>&, const GradientTransform&, double,
                              std::int64_t, ThreadPool&);
template bool UpdateParameter(const Train&, const OptimizerUpdate<double>&, const GradientTransform&, double,
                              std::int64_t, ThreadPool&);

}  // namespace plgraph
