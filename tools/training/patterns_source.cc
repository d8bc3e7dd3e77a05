// Episodes of the pattern tasks (Miconi et al. 2018, section 4.1), made from the seed and their number alone.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/checked_size.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/random.h"
#include "tools/training/data_source.h"

namespace plgraph {
namespace {

// The random streams of one use; training and evaluation have different ones, so no episode is in both.
struct Streams {
  std::uint32_t elements;
  std::uint32_t order;
  std::uint32_t query;
};

Streams StreamsOf(DataUse use) {
  const std::string prefix = use == DataUse::kTraining ? "patterns/training/" : "patterns/evaluation/";
  return {StreamId(prefix + "elements"), StreamId(prefix + "order"), StreamId(prefix + "query")};
}

class PatternsSource : public DataSource {
 public:
  PatternsSource(const Patterns& patterns, std::uint64_t seed, DataUse use, const DataContext& context);

  std::int64_t steps() const override { return query_step_ + config_.query_steps(); }
  std::optional<std::int64_t> episodes() const override { return std::nullopt; }
  std::int64_t bytes() const override {
    return static_cast<std::int64_t>(places_.size() * sizeof(places_[0]));
  }
  DataFacts facts() const override {
    return {.name = "patterns", .records = std::nullopt, .seen = 0, .note = {}};
  }
  void Fill(size_t port, const EpisodeWindow& window, std::span<float> out) override {
    FillAny(port, window, out);
  }
  void Fill(size_t port, const EpisodeWindow& window, std::span<double> out) override {
    FillAny(port, window, out);
  }

 private:
  template <typename T>
  void FillAny(size_t port, const EpisodeWindow& window, std::span<T> out);
  template <typename T>
  void FillCue(std::uint64_t episode, std::int64_t step, T* out);
  template <typename T>
  void FillTarget(std::uint64_t episode, T* out) const;

  // Whether the cue of a step differs from the step before.
  bool CueChangesAt(std::int64_t step) const {
    if (step >= query_step_) return step == query_step_;
    const std::int64_t within = step % (config_.show_steps() + config_.gap_steps());
    return within == 0 || within == config_.show_steps();
  }
  // Which pattern is asked for.
  std::int64_t Query(std::uint64_t episode) const {
    const RandomStream random(seed_, streams_.query, episode);
    return random.Below(0, static_cast<std::uint32_t>(config_.patterns()));
  }
  std::int64_t ShownPattern(std::uint64_t episode, std::int64_t show);
  template <typename T>
  void WritePattern(std::uint64_t episode, std::int64_t pattern, T scale, T* out) const;

  Patterns config_;
  std::uint64_t seed_;
  Streams streams_;
  size_t cue_ = 0;
  size_t target_ = 0;
  bool target_per_step_ = true;
  std::int64_t size_ = 0;        // elements of a pattern
  std::int64_t query_step_ = 0;  // the first step of the query
  std::int64_t zeroed_ = 0;      // elements of the query that become zero
  std::vector<std::int32_t> places_;
};

size_t FindPort(const DataContext& context, const std::string& name, std::string_view field) {
  std::vector<std::string> names;
  for (size_t i = 0; i < context.ports.size(); ++i) {
    if (context.ports[i].name == name) return i;
    names.push_back(context.ports[i].name);
  }
  throw Error(ErrorKind::kInvalid, fmt::format("train.data.patterns.{}: the model has no input \"{}\"{}",
                                               field, name, DidYouMean(name, names)));
}

PatternsSource::PatternsSource(const Patterns& patterns, std::uint64_t seed, DataUse use,
                               const DataContext& context)
    : config_(patterns), seed_(seed), streams_(StreamsOf(use)) {
  cue_ = FindPort(context, patterns.cue(), "cue");
  target_ = FindPort(context, patterns.target(), "target");
  const InputPort& cue = context.ports[cue_];
  const InputPort& target = context.ports[target_];
  target_per_step_ = target.per_step;
  size_ = cue.shape.NumElements();
  if (size_ != target.shape.NumElements()) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("train.data.patterns: input \"{}\" has shape {} but \"{}\" has {}; the target is the "
                    "pattern of the cue, so both need the same number of elements",
                    cue.name, cue.shape.ToString(), target.name, target.shape.ToString()));
  }
  if (!cue.per_step) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("train.data.patterns: input \"{}\" has `per: EPISODE`, but the "
                            "cue changes from step to step; remove `per`",
                            cue.name));
  }
  for (size_t i = 0; i < context.ports.size(); ++i) {
    if (i == cue_ || i == target_) continue;
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("train.data.patterns: nothing feeds input \"{}\"; `patterns` feeds \"{}\" and \"{}\", "
                    "`npy` feeds any input from a file",
                    context.ports[i].name, cue.name, target.name));
  }
  const CheckedSize shows = CheckedSize(patterns.patterns()) * patterns.presentations();
  query_step_ = (shows * (CheckedSize(patterns.show_steps()) + patterns.gap_steps())).value();
  zeroed_ = std::llround(patterns.degrade() * static_cast<double>(size_));
  // The counters of the random numbers have 32 bits.
  const std::int64_t draws =
      std::max((CheckedSize(size_ / 32 + 1) * patterns.patterns()).value(), shows.value());
  if (draws > std::numeric_limits<std::uint32_t>::max() || size_ > std::numeric_limits<std::int32_t>::max()) {
    throw Error(ErrorKind::kInvalid, "train.data.patterns: an episode has more random numbers than 2^32");
  }
  places_.resize(static_cast<size_t>(std::max(size_, patterns.patterns())));
}

std::int64_t PatternsSource::ShownPattern(std::uint64_t episode, std::int64_t show) {
  const std::int64_t count = config_.patterns();
  const std::int64_t presentation = show / count;
  const std::span<std::int32_t> order = std::span(places_).first(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const RandomStream random(seed_, streams_.order, episode);
  Shuffle(random, static_cast<std::uint32_t>(presentation * count), order, order.size());
  return order[static_cast<size_t>(show % count)];
}

template <typename T>
void PatternsSource::WritePattern(std::uint64_t episode, std::int64_t pattern, T scale, T* out) const {
  const RandomStream random(seed_, streams_.elements, episode);
  const std::int64_t first_word = pattern * ((size_ + 31) / 32);
  std::uint32_t bits = 0;
  for (std::int64_t i = 0; i < size_; ++i) {
    if (i % 32 == 0) bits = random.Bits(static_cast<std::uint32_t>(first_word + i / 32));
    out[i] = (bits >> (i % 32) & 1) != 0 ? scale : -scale;
  }
}

template <typename T>
void PatternsSource::FillCue(std::uint64_t episode, std::int64_t step, T* out) {
  const T scale = static_cast<T>(config_.scale());
  if (step < query_step_) {
    const std::int64_t period = config_.show_steps() + config_.gap_steps();
    if (step % period >= config_.show_steps()) {
      std::fill_n(out, size_, T{0});
    } else {
      WritePattern(episode, ShownPattern(episode, step / period), scale, out);
    }
    return;
  }
  WritePattern(episode, Query(episode), scale, out);
  const std::span<std::int32_t> places = std::span(places_).first(static_cast<size_t>(size_));
  std::iota(places.begin(), places.end(), 0);
  // Number 0 of the stream is the query's pattern.
  Shuffle(RandomStream(seed_, streams_.query, episode), 1, places, static_cast<size_t>(zeroed_));
  for (std::int64_t i = 0; i < zeroed_; ++i) out[places[static_cast<size_t>(i)]] = 0;
}

template <typename T>
void PatternsSource::FillTarget(std::uint64_t episode, T* out) const {
  WritePattern(episode, Query(episode), T{1}, out);
}

template <typename T>
void PatternsSource::FillAny(size_t port, const EpisodeWindow& window, std::span<T> out) {
  const bool cue = port == cue_;
  const std::int64_t rows = cue || target_per_step_ ? window.steps : 1;
  PLGRAPH_CHECK(std::ssize(out) == rows * window.batch * size_, "the input has another size than the window");
  const auto row = [&](std::int64_t step, std::int64_t sample) {
    return out.data() + (step * window.batch + sample) * size_;
  };
  for (std::int64_t sample = 0; sample < window.batch; ++sample) {
    const std::uint64_t episode = window.first_episode + static_cast<std::uint64_t>(sample);
    for (std::int64_t step = 0; step < rows; ++step) {
      const std::int64_t now = window.first_step + step;
      // What does not change is copied rather than drawn again.
      if (step > 0 && !(cue && CueChangesAt(now))) {
        std::copy_n(row(step - 1, sample), size_, row(step, sample));
      } else if (cue) {
        FillCue(episode, now, row(step, sample));
      } else {
        FillTarget(episode, row(step, sample));
      }
    }
  }
}

}  // namespace

std::unique_ptr<DataSource> MakePatternsSource(const Patterns& patterns, const DataContext& context) {
  return std::make_unique<PatternsSource>(patterns, context.seed, context.use, context);
}

}  // namespace plgraph
