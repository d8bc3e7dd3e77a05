#include "tests/ops/samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace plgraph {
namespace {

constexpr double kAway = 0.02;  // from a kink

SampleRange DomainOf(const OpRow& row, size_t operand) {
  return operand < row.domains.size() ? row.domains[operand] : SampleRange{};
}

double AwayFromKinks(const SampleRange& domain, double x) {
  for (const double kink : domain.kinks) {
    if (std::abs(x - kink) < kAway) return x < kink ? kink - kAway : kink + kAway;
  }
  return x;
}

}  // namespace

Numbers Samples(const SampleRange& domain, std::int64_t size, std::uint64_t seed) {
  const RandomStream random(seed, StreamId("samples"));
  const auto count = static_cast<size_t>(size);
  std::vector<size_t> part(count);
  std::iota(part.begin(), part.end(), size_t{0});
  for (size_t i = count; i > 1; --i) {
    std::swap(part[i - 1], part[random.Below(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i))]);
  }
  Numbers samples(count);
  for (size_t i = 0; i < count; ++i) {
    const double within = 0.2 + 0.6 * random.Uniform(static_cast<std::uint32_t>(count + i));
    const double part_of_domain = (static_cast<double>(part[i]) + within) / static_cast<double>(count);
    const double x = domain.min + part_of_domain * (domain.max - domain.min);
    samples[i] = domain.integers ? std::round(x) : AwayFromKinks(domain, x);
  }
  return samples;
}

Numbers OperandSamples(const OpRow& row, const Example& example, size_t operand, std::int64_t instance) {
  const std::uint64_t seed =
      StreamId(row.op) + 1000003 * operand + 7919 * static_cast<std::uint64_t>(instance);
  return Samples(DomainOf(row, operand), example.operands[operand]->NumElements(), seed);
}

std::vector<std::vector<bool>> Sharings(const Example& example) {
  const size_t count = example.operands.size();
  std::vector<std::vector<bool>> sharings = {std::vector<bool>(count, false), std::vector<bool>(count, true)};
  for (size_t i = 0; i < count && count > 1; ++i) {
    if (!example.operands[i]) continue;
    sharings.emplace_back(count, false);
    sharings.back()[i] = true;
  }
  return sharings;
}

std::string Describe(const OpRow& row, const Example& example, const std::vector<bool>& shared) {
  std::string text = row.op + "(";
  for (const auto& shape : example.operands) text += (shape ? shape->ToString() : "-") + " ";
  text += ")";
  for (const bool s : shared) text += s ? "1" : "0";
  return text;
}

}  // namespace plgraph
