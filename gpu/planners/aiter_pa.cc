#include "gpu/planners/aiter_pa.h"

#include <fmt/format.h>

#include <algorithm>

#include "gpu/error.h"
#include "gpu/planners/aiter_work.h"

namespace wavefuzz {
namespace {

class PaPlan {
 public:
  PaPlan(const PlanRequest& request, int64_t cus, int64_t shares)
      : r_(request), cus_(cus), shares_(shares) {
    for (const int64_t pages : r_.kv_pages) pages_ += pages;
  }

  Plan plan() {
    for (int64_t head = 0; head < r_.kv_heads; ++head) plan_head(head);
    while (static_cast<int64_t>(indptr_.size()) <= cus_) indptr_.push_back(works());
    // As many as there are sequences, whether cut or not: the reduction's grid.
    const size_t batch = r_.qlens.size();
    reduce_indptr_.resize(batch + 1, static_cast<int32_t>(partial_map_.size()));
    Buffer final_map = int32_buffer("reduce_final_map", final_map_);
    final_map.bytes = batch * 8;
    std::vector<int32_t> info;
    for (const AiterWork& w : works_) w.append_to(info);
    Plan plan;
    plan.params.set("plan_groups", cus_);
    plan.params.set("plan_tiles", batch);
    plan.params.set("plan_partials", partials_);
    plan.buffers = {int32_buffer("work_indptr", indptr_), int32_buffer("work_info", info),
                    int32_buffer("reduce_indptr", reduce_indptr_), std::move(final_map),
                    int32_buffer("reduce_partial_map", partial_map_)};
    return plan;
  }

 private:
  int32_t works() const { return static_cast<int32_t>(works_.size()); }

  /// All sequences for one kv head. Every head is cut alike, and its partials are numbered alike:
  /// a row of the partial outputs has all heads.
  void plan_head(int64_t head) {
    reduce_indptr_ = {0};
    final_map_.clear();
    partial_map_.clear();
    partials_ = 0;
    sequence_ = 0;
    page_ = q_first_ = page_first_ = 0;
    parts_.clear();
    while (static_cast<int64_t>(indptr_.size()) <= cus_) {
      fill_cu(head);
      indptr_.push_back(works());
      if (sequence_ == r_.qlens.size()) return;
    }
  }

  void fill_cu(int64_t head) {
    const int64_t cu = static_cast<int64_t>(indptr_.size()) - 1;
    int64_t left = pages_ / shares_ + (cu % shares_ < pages_ % shares_ ? 1 : 0);
    while (sequence_ < r_.qlens.size()) {
      const int64_t rest = r_.kv_pages[sequence_] - page_;
      if (left < rest) {
        if (left > 0) add_work(head, left, true);
        return;
      }
      add_work(head, rest, !parts_.empty());
      left -= rest;
      finish_sequence();
    }
  }

  void add_work(int64_t head, int64_t pages, bool partial) {
    const int64_t qlen = r_.qlens[sequence_];
    const int64_t gqa = r_.heads / r_.kv_heads;
    works_.push_back({.sequence = static_cast<int64_t>(sequence_),
                      .partial = partial ? partials_ : -1,
                      .q_first = q_first_,
                      .q_last = q_first_ + qlen,
                      .kv_first = page_first_ + page_,
                      .kv_last = page_first_ + page_ + pages,
                      .head_first = head * gqa,
                      .head_last = (head + 1) * gqa});
    page_ += pages;
    if (!partial) return;
    parts_.push_back(static_cast<int32_t>(partials_));
    partials_ += qlen;
  }

  void finish_sequence() {
    const int64_t qlen = r_.qlens[sequence_];
    if (!parts_.empty()) {
      partial_map_.insert(partial_map_.end(), parts_.begin(), parts_.end());
      reduce_indptr_.push_back(static_cast<int32_t>(partial_map_.size()));
      final_map_.push_back(static_cast<int32_t>(q_first_));
      final_map_.push_back(static_cast<int32_t>(q_first_ + qlen));
    }
    parts_.clear();
    q_first_ += qlen;
    page_first_ += r_.kv_pages[sequence_];
    page_ = 0;
    ++sequence_;
  }

  const PlanRequest& r_;
  const int64_t cus_, shares_;  ///< of one head
  int64_t pages_ = 0;           ///< of all sequences
  std::vector<AiterWork> works_;
  std::vector<int32_t> indptr_ = {0}, reduce_indptr_, final_map_, partial_map_;
  int64_t partials_ = 0;  ///< rows of partial outputs
  // What is being planned.
  size_t sequence_ = 0;
  int64_t page_ = 0;  ///< of the sequence
  int64_t q_first_ = 0, page_first_ = 0;
  std::vector<int32_t> parts_;  ///< the sequence's partials so far
};

}  // namespace

Plan AiterPa::plan(const PlanRequest& request, const Params& options) const {
  const int64_t cus = options.integer("cus"), most = options.integer("max_splits");
  const int64_t splits =
      most < 0 ? cus : std::min(cus, most * static_cast<int64_t>(request.qlens.size()));
  if (splits <= 0 || splits % request.kv_heads != 0)
    throw Error(Exit::kUsage,
                fmt::format("planner 'aiter_pa': {} shares of the work must be a multiple of {} kv "
                            "heads",
                            splits, request.kv_heads));
  return PaPlan(request, cus, splits / request.kv_heads).plan();
}

}  // namespace wavefuzz
