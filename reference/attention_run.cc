#include "reference/attention_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "reference/attention_cast.h"

namespace wavefuzz::reference::internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Keys handled at a time, so that their f64 copies stay in the second-level cache; and chunks to a
// task, whose number must not depend on the threads.
constexpr uint32_t kChunk = 256, kChunksPerSegment = 8;
// Panels that share a task's copies.
constexpr uint32_t kPanelsPerTask = 16;

const Kernels& kernels(Isa isa) {
  switch (isa) {
    case Isa::kSse2:
      return kAttentionSse2;
    case Isa::kAvx2:
      return kAttentionAvx2;
    case Isa::kAvx512:
      return kAttentionAvx512;
  }
  return kAttentionSse2;
}

uint32_t round_up(uint32_t x, uint32_t to) { return (x + to - 1) / to * to; }

AttentionNumerics tail_of(AttentionNumerics n) {
  n.p = PFormat::kBf16;
  n.p_truncate = true;
  n.p_scale = 1;
  n.p_divisor = 0;
  return n;
}

struct Chunk {
  uint32_t begin, end;  // keys
};

// Consecutive chunks of one split.
struct Segment {
  uint32_t first_chunk, last_chunk, split;
};

// What a panel has summed over some keys, all relative to exp(maximum).
struct PanelSums {
  double maximum[kLanes], largest[kLanes], sum[kLanes], off[kLanes], off_likely[kLanes];
  float share[kLanes];              // of the likely bound in the hard one, at most
  std::vector<double> values;       // [v_dim up, kLanes]
  std::vector<float> hard, likely;  // [v_dim up, kLanes]; likely: with a cast only

  PanelSums(uint32_t v_dim, bool bounds, bool cast)
      : values(size_t{round_up(v_dim, kBlock32)} * kLanes),
        hard(bounds ? values.size() : 0),
        likely(bounds && cast ? values.size() : 0) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      maximum[lane] = -kInfinity;
      largest[lane] = sum[lane] = off[lane] = off_likely[lane] = 0;
      share[lane] = 0;
    }
  }
};

// Copies of a chunk as the products want them.
struct Copies {
  std::vector<double> k, v;
  std::vector<float> k_magnitude, v_magnitude;
  std::vector<double> k_scale, k_scale_magnitude, v_scale;
  double k_most;  // largest |k|, where matrix instructions make that matter
};

class Run {
 public:
  Run(const AttentionProblem& problem, const AttentionNumerics& numerics,
      const AttentionOptions& options)
      : problem_(problem),
        numerics_(numerics),
        options_(options),
        kernels_(kernels(options.isa)),
        model_(problem, numerics, options.causes),
        cast_(numerics.p != PFormat::kF32),
        tail_(tail_of(numerics)),
        panels_((problem.rows + kLanes - 1) / kLanes),
        q_stride_(problem.q_stride ? problem.q_stride : problem.qk_dim),
        k_stride_(problem.k_stride ? problem.k_stride : problem.qk_dim),
        v_stride_(problem.v_stride ? problem.v_stride : problem.v_dim) {}

  AttentionRun run();

 private:
  uint32_t first(uint32_t row) const { return problem_.first ? problem_.first[row] : 0; }
  uint32_t last(uint32_t row) const { return problem_.last ? problem_.last[row] : problem_.keys; }

  void plan();
  void load_rows();
  void copy(uint32_t chunk, bool totals, Copies& copies);
  void sum_segment(const Segment& segment, uint32_t task, uint32_t group);
  void raise(PanelSums& sums, uint32_t panel, const double* maximum, const double* largest) const;
  void add_chunk(const Chunk& chunk, const Copies& copies, uint32_t panel, Weights& weights,
                 std::vector<double>& t, std::vector<float>& magnitude,
                 std::vector<float>& w_likely, CastState& state, PanelSums& sums) const;
  void finish_panel(uint32_t panel, AttentionRun& run);
  void finish_row(const PanelSums& all, const std::vector<double>& partial_error, uint32_t panel,
                  uint32_t lane, AttentionRun& run) const;
  void means(AttentionResult& result) const;

  const AttentionProblem& problem_;
  const AttentionNumerics& numerics_;
  const AttentionOptions& options_;
  const Kernels& kernels_;
  const ErrorModel model_;
  const bool cast_;
  const AttentionNumerics tail_;  // with p_tail_bf16: of a tile that is not whole
  const uint32_t panels_;
  const uint64_t q_stride_, k_stride_, v_stride_;

  std::vector<Chunk> chunks_;
  std::vector<Segment> segments_;
  std::vector<double> q_;  // [panels, qk_dim, kLanes]
  std::vector<float> q_magnitude_;
  std::vector<float> q_most_;                     // [panels * kLanes] largest |q|
  std::vector<RowError> hard_, likely_;           // [panels * kLanes]
  std::vector<std::unique_ptr<PanelSums>> sums_;  // [segments, panels]
  std::vector<double> chunk_v_;                   // [chunks, v_dim] sums of scaled v
  std::vector<double> chunk_v_max_;               // [chunks] largest magnitude of scaled v
};

void Run::plan() {
  const uint32_t step = cast_ ? numerics_.tile : kChunk;
  std::vector<uint32_t> starts(problem_.split_starts.begin(), problem_.split_starts.end());
  if (starts.empty()) starts.push_back(0);
  starts.push_back(problem_.keys);
  uint32_t lowest = problem_.keys, highest = 0;
  for (uint32_t r = 0; r < problem_.rows; ++r) {
    if (first(r) >= last(r)) continue;
    lowest = std::min(lowest, first(r));
    highest = std::max(highest, last(r));
  }
  for (uint32_t split = 0; split + 1 < starts.size(); ++split) {
    uint32_t chunk = static_cast<uint32_t>(chunks_.size());
    const uint32_t begin = chunk;
    for (uint64_t key = starts[split]; key < starts[split + 1]; key += step) {
      const uint32_t end = static_cast<uint32_t>(std::min<uint64_t>(key + step, starts[split + 1]));
      if (end <= lowest || key >= highest) continue;
      chunks_.push_back({static_cast<uint32_t>(key), end});
    }
    const uint32_t end = static_cast<uint32_t>(chunks_.size());
    // A cast's running maximum goes through the split.
    const uint32_t per_segment = cast_ ? std::max(1u, end - begin) : kChunksPerSegment;
    for (; chunk < end; chunk += per_segment)
      segments_.push_back({chunk, std::min(chunk + per_segment, end), split});
  }
  chunk_v_.assign(options_.bounds ? chunks_.size() * problem_.v_dim : 0, 0.0);
  chunk_v_max_.assign(chunks_.size(), 0.0);
  sums_.resize(segments_.size() * panels_);
}

void Run::load_rows() {
  const uint32_t dim = problem_.qk_dim;
  q_.assign(size_t{panels_} * dim * kLanes, 0.0);
  q_magnitude_.assign(q_.size(), 0.0f);
  q_most_.assign(panels_ * kLanes, 0.0f);
  hard_.resize(panels_ * kLanes);
  likely_.resize(panels_ * kLanes);
  for (uint32_t r = 0; r < problem_.rows; ++r) {
    const size_t panel = r / kLanes, lane = r % kLanes;
    hard_[r] = model_.row(r, false);
    likely_[r] = model_.row(r, true);
    // An uncertain q counts as so much larger a magnitude that the dot product's error covers it.
    const double per_error = problem_.q_error ? 1 / model_.dot_error(false) : 0;
    if (problem_.q_error) likely_[r].dot = hard_[r].dot;
    for (uint32_t d = 0; d < dim; ++d) {
      const float q = problem_.q[r * q_stride_ + d];
      q_[(panel * dim + d) * kLanes + lane] = q;
      double magnitude = std::abs(q);
      q_most_[r] = std::max(q_most_[r], std::abs(q));
      if (problem_.q_error) magnitude += problem_.q_error[r * q_stride_ + d] * (1 + per_error);
      q_magnitude_[(panel * dim + d) * kLanes + lane] = static_cast<float>(magnitude);
    }
  }
}

void Run::copy(uint32_t index, bool totals, Copies& c) {
  const AttentionProblem& p = problem_;
  const Chunk& chunk = chunks_[index];
  const uint32_t keys = chunk.end - chunk.begin;
  c.k_scale.resize(keys);
  c.k_scale_magnitude.resize(keys);
  c.v_scale.resize(keys);
  for (uint32_t i = 0; i < keys; ++i) {
    c.k_scale[i] = p.k_scale ? p.k_scale[chunk.begin + i] : 1.0;
    c.k_scale_magnitude[i] = std::abs(c.k_scale[i]);
    c.v_scale[i] = p.v_scale ? p.v_scale[chunk.begin + i] : 1.0;
  }
  const size_t k_numbers = size_t{round_up(keys, kBlock32)} * p.qk_dim;
  const size_t v_numbers = size_t{round_up(p.v_dim, kBlock32)} * keys;
  c.k.resize(k_numbers);
  c.v.resize(v_numbers);
  if (options_.bounds) {
    c.k_magnitude.resize(k_numbers);
    c.v_magnitude.resize(v_numbers);
  }
  Copy copy = {};
  copy.rows = keys;
  copy.from = p.k + chunk.begin * k_stride_;
  copy.stride = k_stride_;
  copy.columns = p.qk_dim;
  copy.by_rows = true;
  copy.wide = c.k.data();
  copy.magnitude = options_.bounds ? c.k_magnitude.data() : nullptr;
  c.k_most = 0;
  copy.most = options_.bounds && numerics_.score_block > 1 ? &c.k_most : nullptr;
  kernels_.copy(copy);
  copy.from = p.v + chunk.begin * v_stride_;
  copy.stride = v_stride_;
  copy.columns = p.v_dim;
  copy.by_rows = false;
  copy.wide = c.v.data();
  copy.magnitude = options_.bounds ? c.v_magnitude.data() : nullptr;
  copy.scale = c.v_scale.data();
  copy.sum = totals ? chunk_v_.data() + size_t{index} * p.v_dim : nullptr;
  copy.most = totals ? &chunk_v_max_[index] : nullptr;
  kernels_.copy(copy);
}

// Makes sums relative to larger maxima. A weight's r grows by what the new maximum adds to it; the
// bound's sums, whose weights were at least `least` times p, grow at most in proportion.
void Run::raise(PanelSums& sums, uint32_t panel, const double* maximum,
                const double* largest) const {
  double value_factor[kLanes];
  float hard_factor[kLanes], likely_factor[kLanes];
  bool any = false;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    value_factor[lane] = 1;
    hard_factor[lane] = likely_factor[lane] = 1;
    if (maximum[lane] == sums.maximum[lane] && largest[lane] == sums.largest[lane]) continue;
    if (sums.maximum[lane] == -kInfinity) {
      sums.maximum[lane] = maximum[lane];
      sums.largest[lane] = largest[lane];
      continue;
    }
    any = true;
    const RowError& e = hard_[panel * kLanes + lane];
    const RowError& l = likely_[panel * kLanes + lane];
    const double factor = std::exp(sums.maximum[lane] - maximum[lane]);
    // Where the final maximum is known it was counted from the start.
    const double risen = options_.maximum == nullptr ? maximum[lane] - sums.maximum[lane] : 0;
    const double r = e.argument * risen + e.largest * (largest[lane] - sums.largest[lane]);
    const double grown = std::expm1(std::min(r, 600.0));
    const auto growth = [&](const RowError& row) {
      const double least = row.constant + row.largest * sums.largest[lane] + row.pv;
      return least > 0 ? grown * (1 + 1 / least) : 0.0;
    };
    value_factor[lane] = factor;
    hard_factor[lane] = static_cast<float>(factor * (1 + growth(e)));
    likely_factor[lane] = static_cast<float>(factor * (1 + growth(l)));
    sums.share[lane] = std::min(1.0f, sums.share[lane] + static_cast<float>(growth(e)));
    for (double* off : {&sums.off[lane], &sums.off_likely[lane]})
      *off = factor * std::min(1e300, *off + grown * (sums.sum[lane] + *off));
    sums.sum[lane] *= factor;
    sums.maximum[lane] = maximum[lane];
    sums.largest[lane] = largest[lane];
  }
  if (!any) return;
  const size_t columns = sums.values.size() / kLanes;
  for (size_t d = 0; d < columns; ++d)
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      sums.values[d * kLanes + lane] *= value_factor[lane];
  if (!sums.hard.empty())
    for (size_t d = 0; d < columns; ++d)
      for (uint32_t lane = 0; lane < kLanes; ++lane)
        sums.hard[d * kLanes + lane] *= hard_factor[lane];
  if (!sums.likely.empty())
    for (size_t d = 0; d < columns; ++d)
      for (uint32_t lane = 0; lane < kLanes; ++lane)
        sums.likely[d * kLanes + lane] *= likely_factor[lane];
}

void Run::add_chunk(const Chunk& chunk, const Copies& copies, uint32_t panel, Weights& weights,
                    std::vector<double>& t, std::vector<float>& magnitude,
                    std::vector<float>& w_likely, CastState& state, PanelSums& sums) const {
  const uint32_t keys = chunk.end - chunk.begin;
  const uint32_t dim = problem_.qk_dim;
  const uint32_t blocks64 = (keys + kBlock64 - 1) / kBlock64;
  std::fill(t.begin(), t.begin() + size_t{blocks64} * kBlock64 * kLanes, 0.0);
  kernels_.product64(
      {copies.k.data(), blocks64, dim, true, q_.data() + size_t{panel} * dim * kLanes, t.data()});
  Scores scores = {};
  scores.keys = keys;
  scores.first_key = chunk.begin;
  scores.k_scale = copies.k_scale.data();
  scores.t = t.data();
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const uint32_t row = panel * kLanes + lane;
    if (row >= problem_.rows) continue;
    scores.scale[lane] = problem_.score_scale * (problem_.q_scale ? problem_.q_scale[row] : 1.0);
    scores.first[lane] = first(row);
    scores.last[lane] = last(row);
  }
  kernels_.scores(scores);
  double maximum[kLanes], largest[kLanes];
  bool any = false;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    any = any || scores.maximum[lane] != -kInfinity;
    maximum[lane] = std::max(sums.maximum[lane], scores.maximum[lane]);
    largest[lane] = std::max(sums.largest[lane], scores.largest[lane]);
  }
  if (!any) return;
  raise(sums, panel, maximum, largest);

  weights.keys = keys;
  weights.t = t.data();
  weights.k_scale = copies.k_scale_magnitude.data();
  weights.v_scale = copies.v_scale.data();
  if (options_.bounds) {
    const uint32_t blocks = (keys + kBlock32 - 1) / kBlock32;
    // What flushed products and sums lose, in units of the coefficient (at least u), and products
    // of subnormal elements where nothing larger is in their group.
    float least[kLanes];
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      double x = (dim + 1) * kFlushed / 0x1p-24;
      if (numerics_.score_block > 1)
        x += (dim / kSmallestGroup + 1) * 2 * kSubnormalExponent *
             (copies.k_most + q_most_[panel * kLanes + lane]);
      least[lane] = static_cast<float>(x);
    }
    for (uint32_t i = 0; i < blocks * kBlock32; ++i)
      std::copy(least, least + kLanes, magnitude.begin() + i * kLanes);
    kernels_.product32({copies.k_magnitude.data(), blocks, dim, true,
                        q_magnitude_.data() + size_t{panel} * dim * kLanes, magnitude.data()});
    weights.magnitude = magnitude.data();
  }
  PanelError& error = weights.error;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const RowError& e = hard_[panel * kLanes + lane];
    const RowError& l = likely_[panel * kLanes + lane];
    weights.maximum[lane] = maximum[lane] == -kInfinity ? 0 : maximum[lane];
    error.dot[lane] = e.dot;
    error.dot_likely[lane] = l.dot;
    error.scaled[lane] = e.scaled;
    error.argument[lane] = e.argument;
    error.constant[lane] = e.constant + e.largest * largest[lane];
    const uint32_t row = panel * kLanes + lane;
    if (options_.maximum != nullptr && row < problem_.rows && maximum[lane] != -kInfinity)
      error.constant[lane] += e.argument * ((*options_.maximum)[row] - maximum[lane]);
    error.pv[lane] = e.pv;
    error.pv_likely[lane] = l.pv;
    weights.share[lane] = sums.share[lane];
  }
  kernels_.weights(weights);
  if (cast_)
    cast_weights(model_, numerics_.p_tail_bf16 && keys < numerics_.tile ? tail_ : numerics_,
                 kernels_, weights, w_likely.data(), state);
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    sums.sum[lane] += weights.sum[lane];
    sums.off[lane] += weights.off[lane];
    sums.off_likely[lane] += weights.off_likely[lane];
    sums.share[lane] = weights.share[lane];
  }
  const uint32_t v64 = (problem_.v_dim + kBlock64 - 1) / kBlock64;
  const uint32_t v32 = (problem_.v_dim + kBlock32 - 1) / kBlock32;
  kernels_.product64({copies.v.data(), v64, keys, false, weights.p, sums.values.data()});
  if (!options_.bounds) return;
  kernels_.product32({copies.v_magnitude.data(), v32, keys, false, weights.w, sums.hard.data()});
  if (cast_)
    kernels_.product32(
        {copies.v_magnitude.data(), v32, keys, false, w_likely.data(), sums.likely.data()});
}

void Run::sum_segment(const Segment& segment, uint32_t index, uint32_t group) {
  Copies copies;
  uint32_t longest = 0;
  for (uint32_t c = segment.first_chunk; c < segment.last_chunk; ++c)
    longest = std::max(longest, chunks_[c].end - chunks_[c].begin);
  const size_t numbers = size_t{round_up(longest, kBlock32)} * kLanes;
  std::vector<double> t(numbers), p(numbers);
  std::vector<float> magnitude, w, w_likely;
  if (options_.bounds) {
    magnitude.resize(numbers);
    w.resize(numbers);
    if (cast_) w_likely.resize(numbers);
  }
  Weights weights = {};
  weights.bounds = options_.bounds;
  weights.p = p.data();
  weights.w = w.data();
  const uint32_t first_panel = group * kPanelsPerTask;
  const uint32_t last_panel = std::min(panels_, first_panel + kPanelsPerTask);
  std::vector<CastState> states(cast_ ? last_panel - first_panel : 1);
  for (uint32_t panel = first_panel; panel < last_panel; ++panel) {
    auto sums = std::make_unique<PanelSums>(problem_.v_dim, options_.bounds, cast_);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const uint32_t row = panel * kLanes + lane;
      if (options_.largest == nullptr || row >= problem_.rows) continue;
      sums->largest[lane] = (*options_.largest)[row];
    }
    sums_[size_t{index} * panels_ + panel] = std::move(sums);
  }
  for (uint32_t c = segment.first_chunk; c < segment.last_chunk; ++c) {
    const Chunk& chunk = chunks_[c];
    copy(c, group == 0 && options_.bounds, copies);
    for (uint32_t panel = first_panel; panel < last_panel; ++panel) {
      add_chunk(chunk, copies, panel, weights, t, magnitude, w_likely,
                states[cast_ ? panel - first_panel : 0], *sums_[size_t{index} * panels_ + panel]);
    }
  }
}

void Run::finish_panel(uint32_t panel, AttentionRun& run) {
  PanelSums all(problem_.v_dim, options_.bounds, cast_);
  double maximum[kLanes], largest[kLanes];
  std::copy(std::begin(all.maximum), std::end(all.maximum), maximum);
  std::copy(std::begin(all.largest), std::end(all.largest), largest);
  for (uint32_t s = 0; s < segments_.size(); ++s) {
    const PanelSums& part = *sums_[size_t{s} * panels_ + panel];
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      maximum[lane] = std::max(maximum[lane], part.maximum[lane]);
      largest[lane] = std::max(largest[lane], part.largest[lane]);
    }
  }
  raise(all, panel, maximum, largest);
  // What storing the partials of splits in 16 bits loses, per column, relative to exp(maximum).
  const bool partials = options_.bounds && model_.splits() > 1 && model_.has(Cause::kPartial) &&
                        numerics_.partial != FloatFormat::kF32;
  std::vector<double> partial_error(partials ? all.values.size() : 0);
  std::unique_ptr<PanelSums> split;
  for (uint32_t s = 0; s < segments_.size(); ++s) {
    PanelSums& part = *sums_[size_t{s} * panels_ + panel];
    raise(part, panel, maximum, largest);
    const auto add = [this](PanelSums& to, const PanelSums& from) {
      for (uint32_t lane = 0; lane < kLanes; ++lane) {
        to.sum[lane] += from.sum[lane];
        to.off[lane] += from.off[lane];
        to.off_likely[lane] += from.off_likely[lane];
        to.share[lane] = std::max(to.share[lane], from.share[lane]);
      }
      for (size_t i = 0; i < to.values.size(); ++i) to.values[i] += from.values[i];
      for (size_t i = 0; i < to.hard.size(); ++i) to.hard[i] += from.hard[i];
      for (size_t i = 0; i < to.likely.size(); ++i) to.likely[i] += from.likely[i];
    };
    add(all, part);
    if (!partials) continue;
    if (split == nullptr)
      split = std::make_unique<PanelSums>(problem_.v_dim, options_.bounds, cast_);
    add(*split, part);
    if (s + 1 < segments_.size() && segments_[s + 1].split == segments_[s].split) continue;
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const double sum = split->sum[lane], off = split->off[lane];
      if (!(sum > 0)) continue;
      for (uint32_t d = 0; d < problem_.v_dim; ++d) {
        // |o_j| and its error, from above.
        const size_t at = size_t{d} * kLanes + lane;
        const double o = std::abs(split->values[at]) / sum;
        const double error = (split->hard[at] + o * off) / std::max(sum - off, 0x1p-20 * sum);
        const double unit = half_ulp(numerics_.partial, (o + error) * (1 + 0x1p-20));
        partial_error[at] += (sum + off) * (unit + kFlushed);
      }
    }
    split.reset();
  }
  for (uint32_t lane = 0; lane < kLanes && panel * kLanes + lane < problem_.rows; ++lane)
    finish_row(all, partial_error, panel, lane, run);
  for (uint32_t s = 0; s < segments_.size(); ++s) sums_[size_t{s} * panels_ + panel].reset();
}

void Run::finish_row(const PanelSums& all, const std::vector<double>& partial_error, uint32_t panel,
                     uint32_t lane, AttentionRun& run) const {
  const uint32_t row = panel * kLanes + lane;
  AttentionResult& result = run.result;
  run.maximum[row] = all.maximum[lane];
  run.largest[row] = all.largest[lane];
  const double m = all.maximum[lane], sum = all.sum[lane];
  result.lse[row] = -kInfinity;
  if (first(row) >= last(row) || !(sum > 0)) return;  // everything else is 0
  const double log_sum = std::log(sum);
  const double lse = m + log_sum;
  result.lse[row] = lse;
  const float sink = problem_.sink ? problem_.sink[row] : -kInfinity;
  const double sink_weight = std::exp(sink - m);  // relative to exp(m), as sum
  const double total = sum + numerics_.denominator_bias + sink_weight;
  const bool all_sink = std::isinf(total);
  const double common = problem_.v_common_scale;
  const uint32_t dim = problem_.v_dim;
  double* const o = result.o.data() + size_t{row} * dim;
  for (uint32_t d = 0; d < dim; ++d)
    o[d] = all_sink ? 0 : all.values[size_t{d} * kLanes + lane] * common / total;
  if (!options_.bounds) return;

  double v_max = 0;
  for (size_t c = 0; c < chunks_.size(); ++c)
    if (chunks_[c].begin < last(row) && chunks_[c].end > first(row))
      v_max = std::max(v_max, chunk_v_max_[c]);
  const double keys = last(row) - first(row);
  // f32 sums of weights: a chunk's, the chunks', and changes of maximum.
  const double step = cast_ ? numerics_.tile : kChunk;
  const double arithmetic =
      1 + (2 * (problem_.keys / step + model_.splits()) + step + 16) * 0x1p-24;
  // Flushed p, products, sums and rescales of a sum whose largest p is 1; what the bound's own f32
  // weights lose too.
  double flush = 0;
  if (model_.has(Cause::kFlush)) {
    flush = 4 * kFlushed * (keys + 4) * (1 + v_max) / sum;
    // Groups of a matrix instruction in which every P, or every V, is subnormal.
    if (numerics_.pv_block > 1) flush += keys * 2 * kSubnormalExponent * kUnit * v_max / sum;
  }
  for (int kind = 0; kind < 2; ++kind) {
    const bool likely = kind == 1;
    const RowError& e = (likely ? likely_ : hard_)[row];
    const double off = likely ? all.off_likely[lane] : all.off[lane];
    const double off_sum = off / sum;
    // Up by log sum p_i (1 + E_i); down, as the logarithm is concave, by sum p_i r_i. Neither is
    // more than the average of E_i.
    const double lse_error = off_sum + e.sum / (1 - std::min(0.5, e.sum)) +
                             model_.lse_roundings(m, all.largest[lane], log_sum);
    if (likely)
      result.lse_likely[row] = std::min(lse_error, result.lse_hard[row]);
    else
      result.lse_hard[row] = lse_error;
    const double off_all = off_sum + e.sum * (1 + off_sum);
    double R = off_all;
    if (sink_weight > 0 && !all_sink) {
      // exp(sink - m) among the sum, or 1 / (1 + exp(sink - lse)) afterwards.
      double r = model_.has(Cause::kDenominator) ? lse_error : off_all;
      if (model_.has(Cause::kExp))
        r += model_.gamma(6) * (std::abs(sink) + std::abs(m) + std::abs(lse)) +
             2 * model_.exp_error() + 4 * kUnit;
      const double share = sink_weight / total;
      R = R * (1 - share) + share * std::expm1(std::min(r, 600.0)) + e.sum;
    }
    std::vector<double>& bounds = likely ? result.o_likely : result.o_hard;
    for (uint32_t d = 0; d < dim; ++d) {
      const size_t at = size_t{d} * kLanes + lane;
      double error = 0;
      if (!all_sink) {
        double part =
            likely ? (cast_ ? double{all.likely[at]} : double{all.hard[at]} * all.share[lane])
                   : double{all.hard[at]};
        part = part * arithmetic / total;
        if (!partial_error.empty()) part += partial_error[at] / total;
        const double o_d = std::abs(all.values[at]) / total;
        // However wrong the weights, an average is nowhere further from o than the values are. A
        // cast at most doubles a weight.
        const double hull = o_d + v_max * ((cast_ ? 2.0 : 1.0) + 2 * (e.pv + e.sum) + 0x1p-7);
        error = (part + o_d * R) / (1 - R);
        if (!(R < 1 && error < hull)) error = hull;
        error += model_.divide() * (o_d + error);
      }
      error = (error + flush) * std::abs(common);
      if (model_.has(Cause::kFlush)) error += 2 * kFlushed;
      if (model_.has(Cause::kOutput))
        error += (numerics_.output_truncate ? 2 : 1) *
                 half_ulp(numerics_.output, (std::abs(o[d]) + error) * (1 + 0x1p-20));
      const size_t to = size_t{row} * dim + d;
      bounds[to] = likely ? std::min(error, result.o_hard[to]) : error;
    }
  }
}

void Run::means(AttentionResult& result) const {
  const uint32_t dim = problem_.v_dim;
  result.mean_v.assign(size_t{problem_.rows} * dim, 0.0);
  for (uint32_t r = 0; r < problem_.rows; ++r) {
    double* const mean = result.mean_v.data() + size_t{r} * dim;
    if (first(r) >= last(r)) continue;
    if (r > 0 && first(r) == first(r - 1) && last(r) == last(r - 1)) {
      std::copy(mean - dim, mean, mean);
      continue;
    }
    for (size_t c = 0; c < chunks_.size(); ++c) {
      const uint32_t begin = std::max(chunks_[c].begin, first(r));
      const uint32_t end = std::min(chunks_[c].end, last(r));
      if (begin == chunks_[c].begin && end == chunks_[c].end) {
        for (uint32_t d = 0; d < dim; ++d) mean[d] += chunk_v_[c * dim + d];
        continue;
      }
      for (uint32_t i = begin; i < end; ++i) {
        const double scale = problem_.v_scale ? problem_.v_scale[i] : 1.0;
        for (uint32_t d = 0; d < dim; ++d) mean[d] += scale * problem_.v[i * v_stride_ + d];
      }
    }
    for (uint32_t d = 0; d < dim; ++d) mean[d] *= problem_.v_common_scale / (last(r) - first(r));
  }
}

AttentionRun Run::run() {
  plan();
  load_rows();
  AttentionRun run;
  const size_t rows = problem_.rows, numbers = rows * problem_.v_dim;
  run.maximum.assign(rows, -kInfinity);
  run.largest.assign(rows, 0);
  run.result.o.assign(numbers, 0.0);
  run.result.lse.assign(rows, -kInfinity);
  if (options_.bounds) {
    run.result.o_hard.assign(numbers, 0.0);
    run.result.o_likely.assign(numbers, 0.0);
    run.result.lse_hard.assign(rows, 0.0);
    run.result.lse_likely.assign(rows, 0.0);
  }
  const int groups = static_cast<int>((panels_ + kPanelsPerTask - 1) / kPanelsPerTask);
  const int tasks = groups * static_cast<int>(segments_.size());
#pragma omp parallel for num_threads(options_.threads) schedule(dynamic)
  for (int task = 0; task < tasks; ++task) {
    const uint32_t segment = static_cast<uint32_t>(task / groups);
    sum_segment(segments_[segment], segment, static_cast<uint32_t>(task % groups));
  }
#pragma omp parallel for num_threads(options_.threads) schedule(dynamic)
  for (uint32_t panel = 0; panel < panels_; ++panel) finish_panel(panel, run);
  if (options_.bounds) means(run.result);
  return run;
}

void check(bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument("attention: " + what);
}

void check(const AttentionProblem& p, const AttentionNumerics& n) {
  check(p.qk_dim > 0 && p.v_dim > 0, "qk_dim and v_dim must be positive");
  check(p.rows == 0 || p.q != nullptr, "q is null");
  check(p.keys == 0 || (p.k != nullptr && p.v != nullptr), "k or v is null");
  check(n.tile > 0, "tile must be positive");
  check(n.score_block > 0 && n.pv_block > 0, "score_block and pv_block must be positive");
  check(n.p_scale > 0, "p_scale must be positive");
  check(n.p_divisor >= 0, "p_divisor must not be negative");
  for (uint32_t r = 0; r < p.rows; ++r)
    check(p.last == nullptr || p.last[r] <= p.keys, "last[" + std::to_string(r) + "] > keys");
  for (size_t i = 0; i < p.split_starts.size(); ++i) {
    check(i > 0 || p.split_starts[0] == 0, "the first split must start at 0");
    check(i == 0 || p.split_starts[i] >= p.split_starts[i - 1], "split_starts must ascend");
    check(p.split_starts[i] <= p.keys, "split_starts[" + std::to_string(i) + "] > keys");
  }
  const bool unknown = n.splits > 1 && p.split_starts.empty();
  check(!unknown || n.p == PFormat::kF32, "a cast P with splits needs split_starts");
  check(!unknown || n.partial == FloatFormat::kF32, "16-bit partials need split_starts");
}

}  // namespace

bool supported(Isa isa) {
  switch (isa) {
    case Isa::kSse2:
      return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  }
  return false;
}

Isa best_isa() {
  static const Isa best = supported(Isa::kAvx512) ? Isa::kAvx512
                          : supported(Isa::kAvx2) ? Isa::kAvx2
                                                  : Isa::kSse2;
  return best;
}

AttentionRun run_attention(const AttentionProblem& problem, const AttentionNumerics& numerics,
                           const AttentionOptions& options) {
  check(problem, numerics);
  return Run(problem, numerics, options).run();
}

}  // namespace wavefuzz::reference::internal
