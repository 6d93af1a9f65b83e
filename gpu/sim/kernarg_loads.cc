#include "gpu/sim/kernarg_loads.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "gpu/sim/asm_text.h"
#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {
namespace {

// Half of an address inside the kernarg block. The block does not cross 4 GiB: the upper half is
// the same for every offset.
struct Half {
  bool upper = false;
  int64_t offset = 0;  // of the lower half: from the block's start

  bool operator==(const Half&) const = default;
};

// Scalar registers that hold such halves.
using State = std::map<uint16_t, Half>;

std::optional<int64_t> pair_at(const State& state, uint16_t reg) {
  const auto lower = state.find(reg), upper = state.find(uint16_t(reg + 1));
  if (lower == state.end() || upper == state.end()) return std::nullopt;
  if (lower->second.upper || !upper->second.upper) return std::nullopt;
  return lower->second.offset;
}

State meet(const State& a, const State& b) {
  State both;
  for (const auto& [reg, half] : a)
    if (const auto it = b.find(reg); it != b.end() && it->second == half) both.emplace(reg, half);
  return both;
}

uint16_t kernarg_pointer(const KernelDescriptor& d) {
  return uint16_t(4 * d.private_segment_buffer + 2 * d.dispatch_ptr + 2 * d.queue_ptr);
}

class Walk {
 public:
  explicit Walk(const Code& code) : code_(code), seen_(code.instructions) {}

  void run(size_t entry, State at_entry) {
    pending_.push_back(entry);
    seen_[entry] = std::move(at_entry);
    while (!pending_.empty()) {
      const size_t at = pending_.back();
      pending_.pop_back();
      step(at);
    }
  }

  std::map<size_t, KernargLoad> loads;   // by instruction
  std::map<size_t, std::string> escapes;

 private:
  void step(size_t at) {
    const Op& op = code_.ops[at];
    State state = *seen_[at];
    loads.erase(at);
    escapes.erase(at);
    execute(at, op, state);
    const std::string& text = code_.texts[at];
    const bool ends = text.starts_with("s_endpgm") || text.starts_with("s_branch ") ||
                      text.starts_with("s_setpc") || text.starts_with("s_trap");
    if (op.target != nullptr) go(size_t(op.target - code_.ops.data()), state);
    if (!ends) go(at + 1, state);
  }

  void go(size_t to, const State& state) {
    if (to >= code_.instructions) return;
    std::optional<State>& there = seen_[to];
    State next = there ? meet(*there, state) : state;
    if (there && next == *there) return;
    there = std::move(next);
    pending_.push_back(to);
  }

  void execute(size_t at, const Op& op, State& state) {
    const std::string& text = code_.texts[at];
    const bool load = op.row != nullptr && op.row->format == Format::kScalarLoad;
    if (load && pair_at(state, op.src[0].index)) {
      const int64_t offset = *pair_at(state, op.src[0].index) + op.imm;
      if (op.src[1].kind == Kind::kSgpr || offset < 0) {
        escapes[at] = text;
      } else {
        loads[at] = {uint32_t(offset), 4u * op.dwords, text};
      }
    } else if (!move(text, state)) {
      for (const Slot& slot : op.src) {
        if (slot.kind != Kind::kSgpr && slot.kind != Kind::kMask) continue;
        if (state.contains(slot.index)) escapes[at] = text;
      }
    } else {
      return;  // the move has written its destination
    }
    if (op.dst_scalar || load) clear(op.dst, op.dwords, state);
    if (op.has_mask) clear(op.mask, 2, state);
  }

  static void clear(uint16_t first, unsigned count, State& state) {
    for (unsigned i = 0; i < count; ++i) state.erase(uint16_t(first + i));
  }

  // Copies of an address, constants added to it, and its 48 bits. False for any other instruction.
  static bool move(const std::string& text, State& state) {
    if (!text.starts_with("s_mov_b") && !text.starts_with("s_add") &&
        !text.starts_with("s_and_b32"))
      return false;
    const auto parsed = parse_asm(text);
    if (!parsed || parsed->operands.size() < 2) return false;
    const auto& to = parsed->operands[0];
    const auto& from = parsed->operands[1];
    using K = AsmOperand::Kind;
    if (to.kind != K::kScalar || from.kind != K::kScalar) return false;
    const auto half_at = [&](unsigned i) -> std::optional<Half> {
      const auto it = state.find(uint16_t(from.first + i));
      return it == state.end() ? std::nullopt : std::optional(it->second);
    };
    const unsigned count = parsed->mnemonic == "s_mov_b64" ? 2 : 1;
    std::optional<Half> halves[2] = {half_at(0), count == 2 ? half_at(1) : std::nullopt};
    if (!halves[0] && !halves[1]) return false;
    if (parsed->mnemonic == "s_add_u32" || parsed->mnemonic == "s_addc_u32") {
      const bool constant =
          parsed->operands.size() == 3 && parsed->operands[2].kind == K::kInteger;
      if (!constant || halves[0]->upper != (parsed->mnemonic == "s_addc_u32")) return false;
      if (!halves[0]->upper) halves[0]->offset += parsed->operands[2].value;
    } else if (parsed->mnemonic == "s_and_b32") {
      // Addresses have 48 bits.
      const bool all = parsed->operands.size() == 3 && parsed->operands[2].kind == K::kInteger &&
                       parsed->operands[2].value == 0xffff;
      if (!all || !halves[0]->upper) return false;
    } else if (parsed->mnemonic != "s_mov_b32" && parsed->mnemonic != "s_mov_b64") {
      return false;
    }
    clear(to.first, count, state);
    for (unsigned i = 0; i < count; ++i)
      if (halves[i]) state[uint16_t(to.first + i)] = *halves[i];
    return true;
  }

  const Code& code_;
  std::vector<std::optional<State>> seen_;
  std::vector<size_t> pending_;
};

}  // namespace

KernargLoads kernarg_loads(const Program& program) {
  const Code& code = program.code();
  const KernelDescriptor& d = code.kernel.descriptor;
  KernargLoads result;
  for (unsigned i = 0; i < d.preload_dwords; ++i)
    result.loads.push_back({4u * (d.preload_offset + i), 4, "preloaded by the launch"});
  if (d.kernarg_ptr) {
    const uint16_t reg = kernarg_pointer(d);
    Walk walk(code);
    walk.run(size_t(code.entry - code.ops.data()),
             {{reg, {false, 0}}, {uint16_t(reg + 1), {true, 0}}});
    for (const auto& [at, load] : walk.loads) result.loads.push_back(load);
    if (!walk.escapes.empty()) result.escape = walk.escapes.begin()->second;
  }
  std::stable_sort(result.loads.begin(), result.loads.end(),
                   [](const KernargLoad& a, const KernargLoad& b) { return a.offset < b.offset; });
  return result;
}

}  // namespace wavefuzz::sim
