#include "gpu/sim/feedback.h"

#include <algorithm>
#include <limits>

#include "gpu/sim/micro_op.h"
#include "gpu/sim/program.h"

namespace wavefuzz::sim {

void Feedback::merge(const Feedback& other) {
  resize(other.branches.size());
  const auto add = [](uint32_t& to, uint32_t n) {
    to = n > std::numeric_limits<uint32_t>::max() - to ? std::numeric_limits<uint32_t>::max()
                                                       : to + n;
  };
  for (size_t i = 0; i < other.branches.size(); ++i) {
    add(branches[i].taken, other.branches[i].taken);
    add(branches[i].not_taken, other.branches[i].not_taken);
    entered[i] |= other.entered[i];
    CompareSeen& c = compares[i];
    const CompareSeen& o = other.compares[i];
    if (o.distance < c.distance) {
      c.distance = o.distance;
      c.a = o.a;
      c.b = o.b;
    }
    c.executed += o.executed;
    c.bits = std::max(c.bits, o.bits);
    c.real |= o.real;
    c.equal |= o.equal;
    c.went_true |= o.went_true;
    c.went_false |= o.went_false;
  }
}

size_t Feedback::edges() const {
  size_t count = size_t(std::ranges::count(entered, 1));
  for (const Ways& w : branches) count += (w.taken != 0) + (w.not_taken != 0);
  return count;
}

std::optional<size_t> Program::branch_target(size_t index) const {
  const Op& op = code_->ops[index];
  if (op.row == nullptr || op.target == nullptr) return std::nullopt;
  return size_t(op.target - code_->ops.data());
}

std::vector<bool> Program::executed(const Feedback& feedback) const {
  const Code& code = *code_;
  std::vector<bool> done(code.instructions);
  std::vector<size_t> open{size_t(code.entry - code.ops.data())};
  for (size_t i = 0; i < feedback.entered.size(); ++i)
    if (feedback.entered[i]) open.push_back(i);
  while (!open.empty()) {
    size_t i = open.back();
    open.pop_back();
    // Down the straight line.
    while (i < done.size() && !done[i]) {
      const Op& op = code.ops[i];
      done[i] = true;
      if (op.row == nullptr) break;
      const std::string_view m = op.row->mnemonic;
      const size_t target =
          op.target != nullptr ? size_t(op.target - code.ops.data()) : done.size();
      if (m == "s_endpgm" || m == "s_setpc_b64" || m == "s_swappc_b64") break;
      if (m == "s_branch" || m == "s_call_b64") {
        i = target;
        continue;
      }
      if (op.target != nullptr) {
        const Feedback::Ways ways =
            i < feedback.branches.size() ? feedback.branches[i] : Feedback::Ways();
        if (ways.taken != 0) open.push_back(target);
        if (ways.not_taken == 0) break;
      }
      ++i;
    }
  }
  return done;
}

}  // namespace wavefuzz::sim
