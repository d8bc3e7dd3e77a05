#ifndef PLGRAPH_TOOLS_TRAINING_TERM_MEANS_H_
#define PLGRAPH_TOOLS_TRAINING_TERM_MEANS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graph/ir/graph.h"

namespace plgraph {

/// The losses and metrics of some episodes, as they are reported.
struct Measures {
  double loss = 0;  ///< the total: the sum of the terms times their scales
  std::vector<std::pair<std::string, double>> metrics = {};  ///< in the order of the model
};

/// Gathers the mean of every loss and metric over episodes, in the order in which they are added.
class TermMeans {
 public:
  explicit TermMeans(const std::vector<Term>& terms) : terms_(&terms), sums_(terms.size()) {}

  /// Adds to the sum of a term, by its place in Graph::terms.
  void Add(size_t term, double value) { sums_[term] += value; }
  /// Tells how many episodes were added to all terms.
  void CountEpisodes(std::int64_t count) { episodes_ += count; }
  std::int64_t episodes() const { return episodes_; }
  /// The means of what was added since the start or the last Clear. At least one episode must have been.
  Measures Mean() const {
    const double share = 1 / static_cast<double>(episodes_);
    Measures measures;
    for (size_t i = 0; i < sums_.size(); ++i) {
      const Term& term = (*terms_)[i];
      if (term.is_loss) {
        measures.loss += term.scale * (sums_[i] * share);
      } else {
        measures.metrics.emplace_back(term.name, sums_[i] * share);
      }
    }
    return measures;
  }
  /// All that was added, as numbers: the sums, then the episodes.
  std::vector<double> Save() const {
    std::vector<double> numbers = sums_;
    numbers.push_back(static_cast<double>(episodes_));
    return numbers;
  }
  /// Puts back what Save returned, of as many terms; other sizes are left alone.
  void Load(const std::vector<double>& numbers) {
    if (numbers.size() != sums_.size() + 1) return;
    sums_.assign(numbers.begin(), numbers.end() - 1);
    episodes_ = static_cast<std::int64_t>(numbers.back());
  }
  void Clear() {
    sums_.assign(sums_.size(), 0.0);
    episodes_ = 0;
  }

 private:
  const std::vector<Term>* terms_;
  std::vector<double> sums_;
  std::int64_t episodes_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_TERM_MEANS_H_
