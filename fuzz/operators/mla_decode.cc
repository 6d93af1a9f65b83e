#include "fuzz/operators/mla_decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "fuzz/case/image.h"
#include "fuzz/case/plural.h"
#include "fuzz/operators/attention_contract.h"
#include "fuzz/operators/claims.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/relation.h"
#include "gpu/error.h"
#include "reference/attention.h"
#include "reference/lse_merge.h"

namespace wavefuzz {
namespace {

using mla::Scope;
using mla::Shape;

/// One sequence's attention as the reference takes it.
struct Sequence {
  uint32_t keys = 0;
  std::vector<float> q, k, scales;  // [qlen * heads, qk], [keys, qk], [keys]
};

/// Values of a key, each rounded as the kernel rounds them when it multiplies by the scale.
void append_key(const Case& c, const Scope& s, int64_t data_row, bool to_bf16, Sequence& to) {
  const mla::Entry e = mla::entry_of(c, s, data_row);
  for (uint32_t d = 0; d < s.page.nope; ++d) {
    float value = decode(s.nope_dtype(), e.nope[d]);
    if (!e.scales.empty()) value *= e.scales[d / s.page.group()];
    if (to_bf16) value = decode(Dtype::kBf16, encode(Dtype::kBf16, value));
    to.k.push_back(value);
  }
  for (const uint32_t bits : e.rope) to.k.push_back(decode(s.rope_dtype(), bits));
  to.scales.push_back(static_cast<float>(s.kv_scale));
  ++to.keys;
}

/// Query rows of one sequence whose keys are cut at the same places.
struct Part {
  int64_t sequence = 0;
  int64_t first = 0, last = 0;         // rows of the sequence: token * heads + head
  std::vector<uint32_t> split_starts;  // empty: one split
  // Of splits that take turns: all keys that the rows see, one split after the other.
  std::optional<std::vector<int64_t>> keys;
  // A plan does not cut the keys: the kernel stores O and LSE itself, and no reduction follows.
  bool unreduced = false;
};

Sequence sequence_of(const Case& c, const Shape& s, const Part& part) {
  const int64_t b = part.sequence;
  Sequence out;
  for (int64_t row = part.first; row < part.last; ++row) {
    for (const uint32_t bits : mla::q_bits(c, s, b * s.qlen + row / s.heads, row % s.heads))
      out.q.push_back(decode(s.q_dtype, bits));
  }
  const bool to_bf16 = mla::kDequant.is(c, "bf16");
  if (part.keys) {
    for (const int64_t key : *part.keys)
      append_key(c, s.scopes[0], s.scopes[0].data_row(c, b, key), to_bf16, out);
    return out;
  }
  for (const Scope& scope : s.scopes) {
    for (int64_t i = 0; i < scope.lengths[static_cast<size_t>(b)]; ++i) {
      const int64_t row = scope.data_row(c, b, i);
      if (row >= 0) append_key(c, scope, row, to_bf16, out);
    }
  }
  return out;
}

reference::AttentionNumerics numerics_of(const Manifest& manifest, const Shape& s) {
  reference::AttentionNumerics n = parse_attention_numerics(manifest);
  n.p_fp8 = s.scopes[0].format;
  n.splits = static_cast<uint32_t>(s.partials());
  n.output = s.out_dtype == Dtype::kF32   ? reference::FloatFormat::kF32
             : s.out_dtype == Dtype::kF16 ? reference::FloatFormat::kF16
                                          : reference::FloatFormat::kBf16;
  return n;
}

/// The query tokens of a sequence whose splits take `chunk` keys in turn.
void append_interleaved(const Shape& s, int64_t sequence, int64_t chunk, std::vector<Part>& parts) {
  for (int64_t token = 0; token < s.qlen; ++token) {
    const int64_t unseen = s.causal ? s.qlen - 1 - token : 0;
    const int64_t keys = s.scopes[0].lengths[static_cast<size_t>(sequence)] - unseen;
    Part part = {sequence, token * s.heads, (token + 1) * s.heads, {}, {}};
    part.keys.emplace();
    for (int64_t split = 0; split < s.splits && split * chunk < keys; ++split) {
      part.split_starts.push_back(static_cast<uint32_t>(part.keys->size()));
      for (int64_t first = split * chunk; first < keys; first += s.splits * chunk) {
        for (int64_t key = first; key < std::min(first + chunk, keys); ++key)
          part.keys->push_back(key);
      }
    }
    parts.push_back(std::move(part));
  }
}

std::vector<Part> parts_of(const Shape& s, const Run& run) {
  std::vector<Part> parts;
  const int64_t chunk = parse_split_chunk(run.manifest);
  for (int64_t b = 0; b < s.batch; ++b) {
    if (chunk != 0 && s.flat()) {
      append_interleaved(s, b, chunk, parts);
      continue;
    }
    if (!s.flat()) {
      Part part = {b, 0, s.heads, {}, {}};
      if (s.scopes[0].dense) {  // splits and tiles of an index row count its -1s, too
        const auto keys = static_cast<uint32_t>(s.scopes[0].lengths[static_cast<size_t>(b)]);
        const auto splits = static_cast<uint32_t>(s.splits);
        const uint32_t chunk = std::max<uint32_t>((keys + splits - 1) / splits, 1);
        for (uint32_t key = 0; key < keys; key += chunk) part.split_starts.push_back(key);
      }
      parts.push_back(part);
      continue;
    }
    for (mla::PlannedRows& rows : mla::planned_rows(s, run.buffers, b)) {
      if (rows.first > 0 && parts.back().split_starts == rows.split_starts) {
        parts.back().last = rows.last;
      } else {
        const bool unreduced = rows.split_starts.size() == 1;
        parts.push_back({b, rows.first, rows.last, std::move(rows.split_starts), {}, unreduced});
      }
    }
  }
  return parts;
}

struct Problem {
  Sequence sequence;
  std::vector<float> sink;
  std::vector<double> q_scale;
  std::vector<uint32_t> first, last;  // keys that each row sees
  reference::AttentionProblem problem;
};

std::unique_ptr<Problem> problem_of(const Case& c, const Shape& s, const Part& part) {
  auto out = std::make_unique<Problem>();
  out->sequence = sequence_of(c, s, part);
  reference::AttentionProblem& p = out->problem;
  p.rows = static_cast<uint32_t>(part.last - part.first);
  p.qk_dim = s.page().qk_dim();
  p.v_dim = s.page().v_dim();
  p.keys = out->sequence.keys;
  p.q = out->sequence.q.data();
  p.k = p.v = out->sequence.k.data();
  p.k_stride = p.v_stride = p.qk_dim;
  p.k_scale = out->sequence.scales.data();
  if (s.scopes.size() == 1) {
    p.v_common_scale = s.scopes[0].kv_scale;
  } else {
    p.v_scale = p.k_scale;  // of each scope its own
  }
  p.score_scale = static_cast<float>(mla::kSoftmaxScale.of(c));
  p.split_starts = part.split_starts;
  if (fp8_of(s.q_dtype)) {
    out->q_scale.assign(p.rows, s.q_scale);
    p.q_scale = out->q_scale.data();
  }
  if (s.causal && !part.keys) {
    out->first.assign(p.rows, 0);
    for (uint32_t row = 0; row < p.rows; ++row) {
      const int64_t token = (part.first + row) / s.heads;
      const auto unseen = static_cast<uint32_t>(s.qlen - 1 - token);
      out->last.push_back(p.keys - std::min(p.keys, unseen));
    }
    p.first = out->first.data();
    p.last = out->last.data();
  }
  if (s.has_sink) {
    for (const uint32_t bits : mla::sink_bits(c, s)) out->sink.push_back(decode(Dtype::kF32, bits));
    p.sink = out->sink.data();
  }
  return out;
}

struct Expected {
  std::vector<double> o, o_hard, o_likely, lse, lse_hard, lse_likely, mean_v;
};

void append(std::vector<double>& to, const std::vector<double>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

Expected expect(const Run& run, const Shape& s) {
  const reference::AttentionNumerics n = numerics_of(run.manifest, s);
  const double to_stored = s.lse->base == reference::LogBase::kTwo ? 1 / std::log(2.0) : 1;
  Expected e;
  for (const Part& part : parts_of(s, run)) {
    const auto problem = problem_of(run.c, s, part);
    const auto rows = static_cast<size_t>(problem->problem.rows);
    if (problem->problem.keys == 0) {  // nothing for the reference to point at
      const std::vector<double> zeros(rows * s.page().v_dim(), 0.0), none(rows, 0.0);
      for (std::vector<double>* list : {&e.o, &e.o_hard, &e.o_likely, &e.mean_v})
        append(*list, zeros);
      append(e.lse_hard, none);
      append(e.lse_likely, none);
      const double empty = reference::stored_lse(-std::numeric_limits<double>::infinity(), *s.lse);
      e.lse.insert(e.lse.end(), rows, empty);
      continue;
    }
    const reference::AttentionResult r = reference::attention(problem->problem, n);
    append(e.o, r.o);
    append(e.o_hard, r.o_hard);
    append(e.o_likely, r.o_likely);
    append(e.mean_v, r.mean_v);
    for (size_t h = 0; h < rows; ++h) {
      // What a row without keys has for its LSE is the reduction's convention.
      const bool own = part.unreduced && std::isinf(r.lse[h]);
      e.lse.push_back(own ? r.lse[h] : reference::stored_lse(r.lse[h], *s.lse));
      e.lse_hard.push_back(r.lse_hard[h] * to_stored);
      e.lse_likely.push_back(r.lse_likely[h] * to_stored);
    }
  }
  return e;
}

TensorView o_view(const Shape& s) {
  const uint64_t bytes = bytes_of(s.out_dtype);
  return {.buffer = "out",
          .field = "o",
          .dtype = s.out_dtype,
          .axes = {s.flat() ? "token" : "sequence", "head", "d"},
          .shape = {static_cast<uint64_t>(s.tokens()), static_cast<uint64_t>(s.heads),
                    s.page().v_dim()},
          .strides = {static_cast<uint64_t>(s.out_row) * bytes,
                      static_cast<uint64_t>(s.out_head) * bytes, bytes}};
}

TensorView lse_view(const Shape& s) {
  return {.buffer = "out_lse",
          .field = "lse",
          .dtype = Dtype::kF32,
          .axes = {s.flat() ? "token" : "sequence", "head"},
          .shape = {static_cast<uint64_t>(s.tokens()), static_cast<uint64_t>(s.heads)},
          .strides = {static_cast<uint64_t>(s.lse_row) * 4, static_cast<uint64_t>(s.lse_head) * 4}};
}

/// What the attention to one scope hands to the merge of scopes, densely: nothing that comes after
/// it is to blame.
void judge_scope(const Run& run, const Shape& s, size_t scope, Judge& judge) {
  Shape alone = s.alone(scope);
  alone.out_row = alone.heads * (alone.out_head = alone.page().v_dim());
  alone.lse_row = alone.heads;
  Expected e = expect(run, alone);
  const std::string name = s.scopes[scope].name();
  judge.stage(name);
  const auto tensor = [&](TensorView view, const char* what, std::vector<double>& value,
                          std::vector<double>& hard, std::vector<double>& likely) {
    ExpectedTensor t;
    t.view = std::move(view);
    t.view.buffer = name + what;
    t.value = std::move(value);
    t.hard = std::move(hard);
    t.likely = std::move(likely);
    t.primary = false;
    judge.numeric(t);
  };
  tensor(lse_view(alone), "_lse", e.lse, e.lse_hard, e.lse_likely);
  tensor(o_view(alone), "_out", e.o, e.o_hard, e.o_likely);
}

/// A row of what the scopes left, as their merge takes it.
struct ScopeRow {
  std::vector<std::vector<double>> o;
  std::vector<double> lse;
  bool written = true;

  std::vector<reference::PartialState> partials() const {
    std::vector<reference::PartialState> states;
    for (size_t i = 0; i < o.size(); ++i) states.push_back({o[i].data(), lse[i]});
    return states;
  }
};

ScopeRow scope_row(const Shape& s, uint64_t row, Judge& judge) {
  const auto dims = static_cast<uint64_t>(s.page().v_dim());
  const uint64_t size = bytes_of(s.out_dtype);
  ScopeRow out;
  for (const Scope& scope : s.scopes) {
    const auto o = judge.read(scope.name() + "_out", row * dims * size, dims * size);
    const auto lse = judge.read(scope.name() + "_lse", row * 4, 4);
    if (!o || !lse) {
      out.written = false;
      return out;
    }
    std::vector<double>& values = out.o.emplace_back();
    for (uint64_t d = 0; d < dims; ++d)
      values.push_back(decode(s.out_dtype, load_bits(s.out_dtype, o->data() + d * size)));
    out.lse.push_back(decode(Dtype::kF32, load_bits(Dtype::kF32, lse->data())));
  }
  return out;
}

/// The merge of what the scopes really left, whatever that is: an LSE that is no number means that
/// there are no keys.
void judge_merge(const Run& run, const std::shared_ptr<Shape>& s, Judge& judge) {
  judge.stage("merge");
  const reference::AttentionNumerics numerics = numerics_of(run.manifest, *s);
  const reference::MergeNumerics n = {
      .exp_ulps = numerics.exp_ulps,
      .log_ulps = numerics.log_ulps,
      .rcp_ulps = numerics.rcp_ulps,
      .output_bits = s->out_dtype == Dtype::kBf16  ? 8
                     : s->out_dtype == Dtype::kF16 ? 11
                                                   : 24,
      .output_min_exponent = s->out_dtype == Dtype::kF16 ? -14 : -126};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> sinks(static_cast<size_t>(s->heads), -kInfinity);
  if (s->has_sink) {
    const std::vector<uint32_t> bits = mla::sink_bits(run.c, *s);
    for (size_t h = 0; h < sinks.size(); ++h) sinks[h] = decode(Dtype::kF32, bits[h]);
  }
  const auto dims = static_cast<size_t>(s->page().v_dim());
  ExpectedTensor o;
  o.view = o_view(*s);
  const auto rows = std::make_shared<std::vector<ScopeRow>>();
  for (uint64_t row = 0; row < o.view.size() / dims; ++row) {
    const ScopeRow& from = rows->emplace_back(scope_row(*s, row, judge));
    if (!from.written) {  // the scope's fault, which is told there
      for (std::vector<double>* list : {&o.value, &o.hard, &o.likely})
        list->resize(list->size() + dims, std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double sink = sinks[row % sinks.size()];
    const reference::MergedRow merged =
        reference::merge_attn_states(from.partials(), dims, n, sink);
    append(o.value, merged.o);
    append(o.hard, merged.o_hard);
    append(o.likely, merged.o_likely);
  }
  o.terms = [rows, n, sinks, dims](uint64_t element) {
    const size_t row = element / dims;
    return reference::merge_bound_terms((*rows)[row].partials(), element % dims, n,
                                        sinks[row % sinks.size()]);
  };
  judge.numeric(o);
}

/// The list of a case with one entry, or `width` of them, for each sequence: only the last one's.
void keep_last_sequence(Case& c, const std::string& name, size_t width) {
  const auto it = c.integers.find(name);
  if (it == c.integers.end()) return;
  std::vector<int64_t>& list = it->second;
  list.erase(list.begin(), list.end() - static_cast<ptrdiff_t>(std::min(width, list.size())));
}

void reverse_indices(Case& c, const Scope& s, int64_t batch) {
  std::vector<int64_t>& indices = c.integers.at(s.prefix + "indices");
  for (int64_t b = 0; b < batch; ++b) {
    const auto first = indices.begin() + b * s.width;
    std::reverse(first, first + s.lengths[static_cast<size_t>(b)]);
  }
}

}  // namespace

const ParameterTable& MlaDecode::table() const {
  using namespace mla;
  static const ParameterTable kTable = {kMode,
                                        kHeads,
                                        kMain.page_size,
                                        kMain.splits,
                                        kExtra.splits,
                                        kNope,
                                        kRope,
                                        kQlen,
                                        kBatch,
                                        kSparePages,
                                        kFirstSequence,
                                        kFirstHead,
                                        kPageOrder,
                                        kFirstPage,
                                        kPageStep,
                                        kQHeadPad,
                                        kQRowPad,
                                        kMain.index_pad,
                                        kExtra.index_pad,
                                        kOutHeadPad,
                                        kOutRowPad,
                                        kLsePad,
                                        kSink,
                                        kUnowned,
                                        mla::kLse,
                                        kOutDtype,
                                        kDequant,
                                        kSoftmaxScale,
                                        kMain.entry,
                                        kExtra.entry,
                                        kMain.page_pad,
                                        kMain.kv_scale,
                                        kMain.cache_dtype,
                                        kMain.topk,
                                        kMain.topk_lengths,
                                        kExtra.page_size,
                                        kExtra.page_pad,
                                        kExtra.kv_scale,
                                        kExtra.cache_dtype,
                                        kExtra.topk,
                                        kExtra.topk_lengths,
                                        kQDtype,
                                        kQScale,
                                        kCausal,
                                        kLseOut,
                                        kRelation};
  return kTable;
}

void MlaDecode::check_manifest(const Manifest& manifest) const {
  using namespace mla;
  Operator::check_manifest(manifest);
  const Claims claims(manifest);
  const std::vector<std::string>& modes = claims.choices(kMode.name).choices;
  if (modes.size() == 1 && is_aiter(modes[0])) {
    claims.choices(kMain.entry.name, {"bf16", "fp8"});
    for (const Choice* row : {&kQDtype, &kCausal, &kLseOut}) claims.choices(row->name);
    claims.range(kQlen.name);
    if (modes[0] == "aiter_scopes") claims.choices(kSink.name);
    parse_attention_numerics(manifest);
    return;
  }
  for (const std::string& mode : modes) {
    if (is_aiter(mode)) claims.refuse(kMode.name, mode, "which must stand alone");
  }
  for (const Choice* row : {&kExtra.entry, &kExtra.cache_dtype, &kMain.topk_lengths, &kSink,
                            &kDequant, &kOutDtype, &mla::kLse})
    claims.choices(row->name);
  for (const Integer* row : {&kExtra.page_size, &kExtra.splits}) claims.range(row->name);
  const reference::AttentionNumerics numerics = parse_attention_numerics(manifest);
  if (numerics.p != reference::PFormat::kF32 && modes != std::vector<std::string>{"dense"}) {
    // Which keys share a tile with which decides how their P is rounded.
    throw Error(Exit::kUsage, fmt::format("{}: field 'numerics.p' must be f32 where 'claims.mode' "
                                          "has more than dense",
                                          manifest.file));
  }
}

void MlaDecode::judge(const Run& run, Judge& judge) const {
  const auto s = std::make_shared<Shape>(run.c);
  if (s->merged) {
    for (size_t scope = 0; scope < s->scopes.size(); ++scope) judge_scope(run, *s, scope, judge);
    judge_merge(run, s, judge);
    return;
  }
  Expected e = expect(run, *s);
  ExpectedTensor o;
  o.view = o_view(*s);
  o.value = std::move(e.o);
  o.hard = std::move(e.o_hard);
  o.likely = std::move(e.o_likely);
  o.trivial = {{"mean(V)", std::move(e.mean_v)}};
  o.terms = [&run, s](uint64_t element) -> std::vector<std::pair<std::string, double>> {
    const uint64_t dims = s->page().v_dim();
    for (const Part& part : parts_of(*s, run)) {
      const int64_t first = part.sequence * s->qlen * s->heads + part.first;
      const int64_t row = static_cast<int64_t>(element / dims) - first;
      if (row < 0 || row >= part.last - part.first) continue;
      const auto problem = problem_of(run.c, *s, part);
      if (problem->problem.keys == 0) return {};
      return reference::attention_bound_terms(problem->problem, numerics_of(run.manifest, *s),
                                              static_cast<uint32_t>(row),
                                              static_cast<uint32_t>(element % dims));
    }
    return {};
  };
  judge.numeric(o);
  ExpectedTensor lse;
  lse.view = lse_view(*s);
  lse.value = std::move(e.lse);
  lse.hard = std::move(e.lse_hard);
  lse.likely = std::move(e.lse_likely);
  lse.primary = false;
  if (s->has_lse) judge.numeric(lse);
}

std::optional<Case> MlaDecode::related(const Case& c) const {
  const std::string& relation = mla::kRelation.of(c);
  if (relation == "none") return std::nullopt;
  const Shape s(c);
  Case other = c;
  mla::kRelation.set(other, "none");
  if (relation == "half_of_heads") {
    if (s.heads < 2) return std::nullopt;
    mla::kHeads.set(other, s.heads / 2);
    mla::kFirstHead.set(other, mla::kFirstHead.of(c) + s.heads - s.heads / 2);
    return other;
  }
  if (relation == "sequence_alone") {
    mla::kBatch.set(other, int64_t{1});
    mla::kFirstSequence.set(other, mla::kFirstSequence.of(c) + s.batch - 1);
    for (const Scope& scope : s.scopes) {
      keep_last_sequence(other, scope.prefix + "indices", static_cast<size_t>(scope.width));
      keep_last_sequence(other, scope.prefix + "topk_length", 1);
    }
    for (const char* name : {"context_lens", "extra_context_lens"})
      keep_last_sequence(other, name, 1);
    return other;
  }
  if (relation == "unsplit") {
    mla::kMain.splits.set(other, int64_t{1});
    mla::kExtra.splits.set(other, int64_t{1});
    return other;
  }
  if (relation == "garbage") {
    mla::kUnowned.set(other, mla::kUnowned.is(c, "huge") ? "nan" : "huge");
    return other;
  }
  if (s.scopes[0].dense) return std::nullopt;  // indices_reversed
  for (const Scope& scope : s.scopes) reverse_indices(other, scope, s.batch);
  return other;
}

void MlaDecode::compare(const Run& run, const Run& related, Judge& judge) const {
  const Shape s(run.c), t(related.c);
  const std::string& relation = mla::kRelation.of(run.c);
  if (relation == "half_of_heads" || relation == "sequence_alone") {
    // The other case has the last heads, or the last sequence, of this one.
    const auto last = [&](const TensorView& view, const TensorView& other) {
      const uint64_t inner = view.shape.size() == 3 ? view.shape[2] : 1;
      std::vector<ElementPair> pairs = each_with_itself(other);
      for (ElementPair& pair : pairs) {
        const uint64_t d = pair.other % inner;
        const uint64_t head =
            pair.other / inner % other.shape[1] + (view.shape[1] - other.shape[1]);
        const uint64_t sequence =
            pair.other / inner / other.shape[1] + (view.shape[0] - other.shape[0]);
        pair.element = (sequence * view.shape[1] + head) * inner + d;
      }
      compare_elements(relation, run, view, related, other, pairs, {}, judge);
    };
    last(o_view(s), o_view(t));
    if (s.has_lse) last(lse_view(s), lse_view(t));
    return;
  }
  const std::vector<ElementPair> o_pairs = each_with_itself(o_view(s));
  const std::vector<ElementPair> lse_pairs = each_with_itself(lse_view(s));
  std::vector<double> o_within, lse_within;
  if (relation != "garbage") {
    // Another order of the sums, and other tiles for a rounded P: each is within its own bound.
    const Expected e = expect(run, s), f = expect(related, t);
    const auto within = [](const std::vector<double>& a, const std::vector<double>& b,
                           const std::vector<double>& a_hard, const std::vector<double>& b_hard) {
      std::vector<double> out(a.size());
      for (size_t i = 0; i < a.size(); ++i)
        out[i] = a_hard[i] + b_hard[i] + (a[i] == b[i] ? 0 : std::abs(a[i] - b[i]));
      return out;
    };
    o_within = within(e.o, f.o, e.o_hard, f.o_hard);
    lse_within = within(e.lse, f.lse, e.lse_hard, f.lse_hard);
  }
  compare_elements(relation, run, o_view(s), related, o_view(t), o_pairs, o_within, judge);
  if (!s.has_lse) return;
  compare_elements(relation, run, lse_view(s), related, lse_view(t), lse_pairs, lse_within, judge);
}

std::string MlaDecode::summary(const Case& c) const {
  using namespace mla;
  const auto scope = [&](const std::string& prefix) {
    const ScopeRows& rows = rows_of(prefix);
    std::string keys;
    if (c.integers.contains(prefix + "context_lens")) {
      keys = fmt::format("{} keys", fmt::join(c.integers.at(prefix + "context_lens"), ", "));
    } else {
      const std::vector<int64_t>& indices = c.integers.at(prefix + "indices");
      keys = fmt::format(
          "topk {} ({} of {} entries are keys)", rows.topk.of(c),
          indices.size() - static_cast<size_t>(std::count(indices.begin(), indices.end(), -1)),
          indices.size());
    }
    return fmt::format("{}, {} {} entries, page_size {}", keys, rows.cache_dtype.of(c),
                       rows.entry.of(c), rows.page_size.of(c));
  };
  std::string out =
      fmt::format("{}, {}, {} + {} values; {}: {}", plural(kBatch.of(c), "sequence"),
                  plural(kHeads.of(c), "head"), kNope.of(c), kRope.of(c), kMode.of(c), scope(""));
  if (kMode.is(c, "dual") || c.integers.contains("extra_context_lens"))
    out += "; extra: " + scope("extra_");
  if (kMode.is(c, "aiter_scopes"))
    return out + fmt::format("; query tokens of {}, sink {}, {}", kQDtype.of(c), kSink.of(c),
                             plural(kMain.splits.of(c), "split"));
  if (kMode.is(c, "aiter"))
    return out + fmt::format("; {} of {}, {}", plural(kQlen.of(c), "query token"), kQDtype.of(c),
                             plural(kMain.splits.of(c), "split"));
  return out + fmt::format("; sink {}, {}, lse as {}", kSink.of(c),
                           plural(kMain.splits.of(c), "split"), mla::kLse.of(c));
}

OperatorPage MlaDecode::page() const {
  return {
      .name = name(),
      .summary =
          "MLA decode: one query token of each sequence and head against latent KV entries "
          "that all heads share, from one or two scopes.",
      .semantics =
          {"t_i = softmax_scale * (q . k_i), over the keys of all scopes; V is the first v_dim "
           "values of K",
           "lse = log sum_i e^t_i;  O = sum_i e^(t_i - lse) v_i;  no keys: O = 0, lse as the "
           "convention has it",
           "sink a (natural units): O is multiplied by 1 / (1 + e^(a - lse)), once; lse is without "
           "it",
           "dense: keys 0..context_len-1 by page table. sparse: each entry of an index row is a "
           "slot page * page_size + offset, -1 is no key, anywhere; only the first topk_length "
           "entries count",
           "dual: a sparse main scope and a sparse extra one, each with its cache, page size and "
           "encoding",
           "aiter: dense, with one list of page ids for all sequences. A sequence has qlen query "
           "tokens; where causal, token t does not see the last qlen - 1 - t keys. What a kernel "
           "reads past the list is id 0, so page 0 exists and is finite",
           "aiter_scopes: one or two such scopes, of one query token, each attended to by itself. "
           "Its O and LSE are judged, too, so that a verdict names the scope; then both are "
           "merged, "
           "and the sink applied. What a plan makes of the extra scope has extra_ before its name"},
      .buffers =
          {{"q", "bf16, or q_dtype", "[batch * qlen, heads, nope + rope], strided", "in"},
           {"kv", "bytes",
            "pages of quant/mla_page.h, page_stride bytes apart: bf16, fp8, v32 (656 bytes a "
            "token), v4 (584)",
            "in"},
           {"index", "i32",
            "[batch, width], row stride index_stride: page ids, or slots; aiter: page ids of one "
            "sequence after the other",
            "in"},
           {"lengths", "i32", "[batch] keys, or entries of the index row that count", "in"},
           {"extra_kv", "bytes", "dual: the extra scope's pages", "in"},
           {"extra_index", "i32", "dual: its slots", "in"},
           {"extra_lengths", "i32", "dual: entries that count", "in"},
           {"sink", "f32", "[heads]; +-inf allowed", "in"},
           {"kv_indptr", "i32", "aiter: [batch + 1] where each sequence's page ids begin", "in"},
           {"qo_indptr", "i32", "aiter: [batch + 1] where its query tokens do", "in"},
           {"kv_last_page_lens", "i32", "aiter: [batch] keys of its last page", "in"},
           {"split_indptr", "i32", "aiter: [batch + 1] where its splits begin: b * splits", "in"},
           {"q_scale", "f32", "aiter: [1] factor of an fp8 q", "in"},
           {"kv_scale", "f32", "aiter: [1] factor of fp8 entries", "in"},
           {"extra_kv_indptr", "i32", "aiter_scopes: as kv_indptr", "in"},
           {"extra_kv_last_page_lens", "i32", "aiter_scopes: as kv_last_page_lens", "in"},
           {"extra_kv_scale", "f32", "aiter_scopes: as kv_scale", "in"},
           {"main_out", "out_dtype", "aiter_scopes: [batch, heads, v_dim] of the main scope",
            "out"},
           {"main_lse", "f32", "aiter_scopes: [batch, heads], natural", "out"},
           {"extra_out", "out_dtype", "aiter_scopes: of the extra scope", "out"},
           {"extra_lse", "f32", "aiter_scopes: of the extra scope", "out"},
           {"out", "out_dtype", "[batch * qlen, heads, v_dim], strided", "out"},
           {"out_lse", "f32", "[batch * qlen, heads] or [heads, batch], as the convention", "out"}},
      .parameters = table().entries(),
      .derived = one_each(
          {{"page_stride, extra_page_stride", "bytes"},
           {"width, extra_width", "entries of an index row"},
           {"index_stride, extra_index_stride", "elements"},
           {"has_lengths, extra_has_lengths", "1 where lengths are given"},
           {"score_scale, extra_score_scale", "softmax_scale * kv_scale"},
           {"v_scale, extra_v_scale", "kv_scale"},
           {"dense, dual, has_sink", "0 or 1"},
           {"lse_base2", "1 where the LSE is a base-2 logarithm"},
           {"empty_plus_inf", "1 where +inf is written for a row without keys"},
           {"partials", "splits of all scopes"},
           {"tokens", "query tokens of all sequences"},
           {"q_bytes", "of an element of q"},
           {"has_lse", "1 where an LSE is written"},
           {"least_keys, most_keys", "dense, aiter: of the sequences"},
           {"total_keys", "dense, aiter: of all of them"},
           {"last_page", "the largest page id in use, of the main scope"},
           {"qk_dim, v_dim", "values of K and of V"},
           {"q_row_stride, q_head_stride, out_row_stride, out_head_stride, lse_row_stride, "
            "lse_head_stride",
            "elements"}}),
      .numerics = attention_numerics_fields(
          {"split_chunk",
           "aiter: splits take so many keys in turn, split i chunks i, i + splits, ...; otherwise "
           "a plan says who takes what"}),
      .relations = {{"half_of_heads", "the second half of the heads by itself: bit for bit"},
                    {"sequence_alone", "the last sequence by itself: bit for bit"},
                    {"garbage", "other bytes where no key lies: bit for bit"},
                    {"unsplit", "one split: within the bounds of both"},
                    {"indices_reversed", "index rows backwards: within the bounds of both"}},
      .unspecified = {"nothing: every element of out and out_lse is written"},
      .presets = {"FlashMLA: lse flashmla (natural, +inf for no keys), sink, v32 and v4 entries",
                  "AITER: lse aiter_reduce, fp8 or bf16 entries, page_size 1",
                  "flashinfer: lse flashinfer (base 2, -inf)",
                  "vLLM on gfx942: main cache e4m3fnuz, extra cache e4m3fn in the same call"},
  };
}

}  // namespace wavefuzz
