#include "gpu/planners/aiter_mla.h"

#include <algorithm>

#include "gpu/planners/aiter_work.h"

namespace wavefuzz {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// What is being planned: the next tile of query tokens and the first block of keys that no compute
/// unit has yet.
struct Cursor {
  size_t sequence = 0;
  int64_t tile = 0, block = 0, splits = 0;
  int64_t q_first = 0, kv_first = 0;  ///< of the sequence
  bool tail_done = false;
};

class Serial {
 public:
  /// `groups` sequences after one another have the same keys.
  Serial(const PlanRequest& request, int64_t groups, const Params& options)
      : r_(request),
        groups_(groups),
        cus_(options.integer("cus")),
        granularity_(options.integer("granularity")),
        packed_(options.integer("packed_rows")),
        causal_(options.integer("causal") != 0),
        tail_(options.integer("qlen")),
        overhead_(std::max<int64_t>(1, ceil_div(16, request.page_size))) {
    int64_t total = 0;
    for (size_t b = 0; b < r_.qlens.size(); ++b)
      total += (ceil_div(r_.kv_pages[b], granularity_) + overhead_) * tiles(b);
    const int64_t most = options.integer("max_splits");
    const int64_t splits =
        most < 0 ? cus_ : std::min(cus_, most * static_cast<int64_t>(r_.qlens.size()));
    payload_ = ceil_div(total, splits) + overhead_;
  }

  Plan plan() {
    std::vector<int32_t> indptr = {0};
    for (int64_t cu = 0; cu < cus_; ++cu) {
      fill_cu();
      indptr.push_back(static_cast<int32_t>(works_.size()));
    }
    std::vector<int32_t> info;
    for (const AiterWork& w : works_) w.append_to(info);
    Plan plan;
    Buffer meta = {.name = "work_meta", .bytes = 16};
    meta.pointers = {{0, "work_indptr"}, {8, "work_info"}};
    plan.params.set("plan_groups", cus_);
    plan.params.set("plan_tiles", static_cast<int64_t>(reduce_indptr_.size()) - 1);
    plan.params.set("plan_partials", partials_);
    plan.buffers = {std::move(meta),
                    int32_buffer("work_indptr", indptr),
                    int32_buffer("work_info", info),
                    int32_buffer("reduce_indptr", reduce_indptr_),
                    int32_buffer("reduce_final_map", final_map_),
                    int32_buffer("reduce_partial_map", partial_map_)};
    return plan;
  }

 private:
  int64_t tiles(size_t b) const {
    const int64_t qlen = r_.qlens[b];
    if (r_.heads * qlen <= packed_) return 1;
    return r_.heads * 2 > packed_ ? qlen : ceil_div(qlen * r_.heads, packed_);
  }

  /// Works of one compute unit, until its share is used up.
  void fill_cu() {
    int64_t left = payload_;
    while (at_.sequence < r_.qlens.size()) {
      const size_t b = at_.sequence;
      const int64_t tile_qlen = ceil_div(r_.qlens[b], tiles(b));
      const int64_t blocks = ceil_div(r_.kv_pages[b], granularity_) - at_.block;
      if (left >= blocks + overhead_ || at_.tail_done) {
        finish_tile(tile_qlen, blocks);
        left -= blocks + overhead_;
        continue;
      }
      if (left <= overhead_) return;
      const int64_t taken = left - overhead_;
      AiterWork work = work_of(tile_qlen, taken);
      if (r_.page_size == 1 && end_of_keys() - work.kv_last < tail_) {
        at_.tail_done = true;  // too few keys for another part: this one takes them, too
        continue;
      }
      work.partial = partials_;
      works_.push_back(work);
      partials_ += tile_qlen;
      at_.block += taken;
      ++at_.splits;
      return;
    }
  }

  int64_t end_of_keys() const { return at_.kv_first + r_.kv_pages[at_.sequence]; }

  /// The next `blocks` blocks of keys for the tile.
  AiterWork work_of(int64_t tile_qlen, int64_t blocks) const {
    const size_t b = at_.sequence;
    AiterWork w;
    w.sequence = static_cast<int64_t>(b);
    w.q_first = at_.q_first + at_.tile * tile_qlen;
    w.q_last = std::min(w.q_first + tile_qlen, at_.q_first + r_.qlens[b]);
    w.kv_first = at_.kv_first + at_.block * granularity_;
    const int64_t end = end_of_keys();
    // With one query token a tile, earlier tokens do not see the last keys.
    const int64_t unseen = causal_ && r_.page_size == 1 ? tiles(b) - 1 - at_.tile : 0;
    w.kv_last = std::min(w.kv_first + blocks * granularity_, end - unseen);
    w.kv_behind = r_.page_size == 1  ? end - w.kv_last
                  : w.kv_last == end ? 0
                                     : (end - w.kv_last - 1) * r_.page_size + last_page_tokens(b);
    return w;
  }

  int64_t last_page_tokens(size_t b) const {
    return r_.kv_lens[b] - (r_.kv_pages[b] - 1) * r_.page_size;
  }

  void finish_tile(int64_t tile_qlen, int64_t blocks) {
    AiterWork work = work_of(tile_qlen, blocks);
    if (r_.page_size == 1) {
      const int64_t unseen = causal_ ? tiles(at_.sequence) - 1 - at_.tile : 0;
      const int64_t left = end_of_keys() - work.kv_last;
      if ((left > 0 && left < tail_) || at_.tail_done) work.kv_last = end_of_keys() - unseen;
      work.kv_behind = end_of_keys() - work.kv_last;
    }
    work.partial = -1;
    if (at_.splits > 0) {
      work.partial = partials_;
      for (int64_t i = 0; i <= at_.splits; ++i)
        partial_map_.push_back(static_cast<int32_t>(partials_ - (at_.splits - i) * tile_qlen));
      partials_ += tile_qlen;
    }
    reduce_indptr_.push_back(static_cast<int32_t>(partial_map_.size()));
    final_map_.push_back(static_cast<int32_t>(work.q_first));
    final_map_.push_back(static_cast<int32_t>(work.q_last));
    works_.push_back(work);
    at_.block = at_.splits = 0;
    at_.tail_done = false;
    if (++at_.tile < tiles(at_.sequence)) return;
    at_.tile = 0;
    at_.q_first += r_.qlens[at_.sequence];
    const int64_t pages = r_.kv_pages[at_.sequence];
    ++at_.sequence;
    if (static_cast<int64_t>(at_.sequence) % groups_ == 0) at_.kv_first += pages;
  }

  const PlanRequest& r_;
  const int64_t groups_;
  const int64_t cus_, granularity_, packed_;
  const bool causal_;
  const int64_t tail_;      ///< fewer keys than this are no part of their own
  const int64_t overhead_;  ///< of a work, in blocks
  int64_t payload_ = 0;     ///< blocks of a compute unit, overheads included
  int64_t partials_ = 0;    ///< rows of partial outputs, in query tokens
  Cursor at_;
  std::vector<AiterWork> works_;
  std::vector<int32_t> reduce_indptr_ = {0}, final_map_, partial_map_;
};

}  // namespace

Plan AiterMla::plan(const PlanRequest& request, const Params& options) const {
  const int64_t tokens = options.integer("fold_tokens"), batch = options.integer("fold_batch");
  PlanRequest folded = request;
  folded.heads = request.heads / tokens / batch;
  folded.qlens.clear();
  folded.kv_lens.clear();
  folded.kv_pages.clear();
  for (size_t b = 0; b < request.qlens.size(); ++b) {
    for (int64_t group = 0; group < batch; ++group) {
      folded.qlens.push_back(request.qlens[b] * tokens);
      folded.kv_lens.push_back(request.kv_lens[b]);
      folded.kv_pages.push_back(request.kv_pages[b]);
    }
  }
  return Serial(folded, batch, options).plan();
}

}  // namespace wavefuzz
