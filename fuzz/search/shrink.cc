#include "fuzz/search/shrink.h"

#include <rapidcheck/shrinkable/Create.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_set>
#include <vector>

#include "fuzz/search/parallel.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

using Children = rc::Seq<rc::Shrinkable<Case>>;

// After a success the next is likely near; the longer there is none, the more children are tried at
// once, which is where threads help. A batch of fewer costs more to hand out than to run.
constexpr uint64_t kMostAhead = 64;
constexpr size_t kWorthThreads = 8;

/// Whether a case still fails in the same way. A simpler case may be one that the kernel refuses,
/// or that does not hold together: then it does not.
bool still_fails(const Harness& harness, const Case& c, const std::string& wanted, uint64_t budget,
                 Verdict& verdict) {
  try {
    verdict = harness.evaluate(c, {.instruction_budget = budget});
  } catch (const Error&) {
    return false;
  }
  return verdict.status == Status::kFail && signature(verdict) == wanted;
}

}  // namespace

Shrunk shrink(const Harness& harness, const rc::Shrinkable<Case>& failing, const Verdict& verdict,
              const ShrinkLimits& limits, int threads, const std::atomic<bool>& interrupted) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(limits.seconds);
  const std::string wanted = signature(verdict);
  const uint64_t budget = budget_beside(verdict.instructions);
  Shrunk result = {failing.value(), verdict};
  Children children = failing.shrinks();
  uint64_t ahead = 1;  // children tried at once
  // Two steps may undo each other: no case is tried twice, so that every walk ends.
  std::unordered_set<std::string> tried = {case_id(result.smallest)};
  const auto late = [&] { return interrupted || std::chrono::steady_clock::now() > deadline; };
  for (;;) {
    if (result.steps >= limits.steps || result.instructions >= limits.instructions || late()) {
      result.complete = false;
      return result;
    }
    std::vector<rc::Shrinkable<Case>> batch;
    const uint64_t most = std::min(ahead, limits.steps - result.steps);
    while (batch.size() < most) {
      auto child = children.next();
      if (!child) break;
      if (tried.insert(case_id(child->value())).second) batch.push_back(std::move(*child));
    }
    if (batch.empty()) return result;

    const size_t count = batch.size();
    std::vector<Verdict> verdicts(count);
    std::vector<char> fails(count), ran(count);
    parallel_for(count, count >= kWorthThreads ? threads : 1, [&](size_t i) {
      if (late()) return;  // a batch of large cases may take minutes
      fails[i] = still_fails(harness, batch[i].value(), wanted, budget, verdicts[i]);
      ran[i] = true;
    });
    ahead = std::min(2 * ahead, kMostAhead);

    // The first that fails, whichever finished first; what came after it was not needed and does
    // not count.
    size_t chosen = 0;
    while (chosen < count && ran[chosen] && !fails[chosen]) ++chosen;
    if (chosen < count && !ran[chosen]) {
      result.steps += chosen;
      result.complete = false;
      return result;
    }
    result.steps += std::min(chosen + 1, count);
    for (size_t i = 0; i < std::min(chosen + 1, count); ++i)
      result.instructions += verdicts[i].instructions;
    if (chosen == count) continue;
    for (size_t i = chosen + 1; i < count; ++i) tried.erase(case_id(batch[i].value()));
    result.smallest = batch[chosen].value();
    result.verdict = std::move(verdicts[chosen]);
    ++result.better;
    children = batch[chosen].shrinks();
    ahead = 1;
  }
}

rc::Shrinkable<Case> shrink_tree(const Harness& harness, const Case& c) {
  const Operator& op = harness.op(c);
  return rc::shrinkable::shrinkRecur(
      Case(c), [&op](const Case& d) { return apply_steps(d, op.simpler(d)); });
}

}  // namespace wavefuzz
