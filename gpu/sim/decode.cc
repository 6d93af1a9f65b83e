// The walk over a kernel's code: its functions, instructions, branches and ends.
#include "gpu/sim/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "gpu/sim/asm_text.h"
#include "gpu/sim/bind.h"
#include "gpu/sim/disassembler.h"
#include "gpu/sim/matrix.h"
#include "gpu/sim/program.h"
#include "gpu/sim/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

// What a vector instruction executes in a program that may skip it (ISA manual, s_setvskip): no
// VALU, LDS, flat, global, scratch or buffer instruction is issued while VSKIP is set, and the wait
// counters do not see it.
const Op* exec_unless_skipped(Wave& wave, const Op* op) {
  if (wave.mode.skips_vectors()) return op + 1;
  return wave.machine->code->unskipped[op->index](wave, op);
}

class Decoder {
 public:
  Decoder(const CodeObject& object, const KernelInfo& kernel, HostIsa isa, Code* code)
      : object_(object),
        table_(table(isa)),
        code_(code),
        disassembler_(object.arch()),
        binder_(isa, code, fmt::format("{}: kernel {}", object.name(), kernel.symbol)) {
    code_->kernel = kernel;
    code_->arch = object.arch();
    code_->come_in_now = table_.come_in_now;
  }

  void run() {
    const KernelInfo& kernel = code_->kernel;
    decode_range(kernel.code_address, kernel.code_bytes);
    if (code_->calls) {
      // Device functions of the object; other kernels cannot be called.
      for (const CodeRange& function : object_.functions()) {
        const bool is_kernel =
            std::any_of(object_.kernels().begin(), object_.kernels().end(),
                        [&](const KernelInfo& k) { return k.symbol == function.symbol; });
        if (!is_kernel && function.bytes != 0) decode_range(function.address, function.bytes);
      }
    }
    code_->instructions = code_->ops.size();
    note_lds_accesses();
    add_sentinels();
    if (code_->indexes_vgprs)
      for (Op& op : code_->ops)
        if (op.row != nullptr &&
            (op.row->format == Format::kVector || op.row->format == Format::kVectorCompareExec))
          op.exec = table_.vector_indexed;
    if (code_->skips_vectors) skip_vectors();
    link();
    registers();
    for (auto& [index, unallocated] : code_->unallocated) {
      Op& op = code_->ops[index];
      unallocated.exec = op.exec;
      if (op.exec != &exec_unsupported) op.exec = &exec_unallocated;
    }
    code_->object = object_.identity();
    for (const Segment& segment : object_.segments())
      if (!segment.executable) code_->globals.push_back(segment);
    // Hand-written kernels may keep tables beside their code.
    for (const Segment& segment : object_.segments())
      if (segment.executable) code_->globals.push_back(segment);
    code_->source_lines = object_.source_lines();
  }

 private:
  // For race detection.
  void note_lds_accesses() {
    for (const Op& op : code_->ops) {
      if (op.row == nullptr) continue;
      const Format format = op.row->format;
      if (format != Format::kLds && format != Format::kFlat) continue;
      const uint32_t bytes = op.row->param & kBytes;
      if (bytes == 1) code_->lds_granule_shift = 0;
      if (bytes == 2) code_->lds_granule_shift = std::min(code_->lds_granule_shift, 1u);
      if ((op.row->param & kAtomic) != 0) code_->lds_atomics = true;
    }
  }

  void decode_range(uint64_t address, uint64_t bytes) {
    const auto raw = object_.bytes_at(address, bytes);
    if (raw.empty() || code_->op_at.contains(address)) return;
    uint64_t offset = 0;
    while (offset + 4 <= raw.size()) {
      const auto rest = raw.subspan(offset);
      const Disassembler::Instruction inst = disassembler_.decode(rest, address + offset);
      const unsigned size = inst.bytes == 0 ? 4 : inst.bytes;
      code_->op_at.emplace(address + offset, uint32_t(code_->ops.size()));
      add(address + offset, rest.first(size), inst);
      offset += size;
    }
    // Falling through the end must not run into the next range.
    Op end;
    end.exec = &exec_outside;
    end.imm2 = int32_t(code_->ops.size()) - 1;
    push(end, address + bytes, "(end of code)");
  }

  void push(Op op, uint64_t address, std::string text) {
    op.index = uint32_t(code_->ops.size());
    code_->ops.push_back(op);
    code_->addresses.push_back(address);
    code_->texts.push_back(std::move(text));
    code_->encodings.emplace_back();
  }

  static std::string hex(std::span<const std::byte> raw) {
    std::string text;
    for (size_t i = 0; i + 4 <= raw.size(); i += 4) {
      uint32_t word;
      std::memcpy(&word, raw.data() + i, 4);
      text += fmt::format("{}{:08x}", i == 0 ? "" : " ", word);
    }
    return text;
  }

  void add(uint64_t address, std::span<const std::byte> raw,
           const Disassembler::Instruction& inst) {
    uint32_t encoding;
    std::memcpy(&encoding, raw.data(), 4);
    std::string text = inst.bytes == 0 ? "(undecodable)" : inst.text;
    std::optional<Binder::Bound> bound;
    if (inst.bytes != 0)
      if (const auto parsed = parse_asm(text)) {
        bound = binder_.bind(*parsed, encoding, address);
        if (std::string what = unallocated(*parsed); !what.empty())
          code_->unallocated[uint32_t(code_->ops.size())].what = std::move(what);
      }
    Op op;
    if (bound) {
      op = bound->op;
      if (bound->branch) branches_.push_back({uint32_t(code_->ops.size()), *bound->branch});
    } else {
      op.exec = &exec_unsupported;
    }
    push(op, address, std::move(text));
    if (!bound) code_->encodings.back() = hex(raw);
  }

  // The first operand that the kernel does not own all of, and what it owns of its kind; empty:
  // there is none. Relative addressing is not looked at.
  std::string unallocated(const AsmText& text) const {
    constexpr unsigned kNamed = 102;  // SGPRs that have a number
    const KernelInfo& kernel = code_->kernel;
    if (kernel.descriptor.vgprs == 0) return "";
    for (const AsmOperand& o : text.operands) {
      using K = AsmOperand::Kind;
      const bool scalar = o.kind == K::kScalar && o.first < kNamed;
      if (o.kind != K::kVgpr && o.kind != K::kAgpr && !scalar) continue;
      const unsigned owned = o.kind == K::kVgpr   ? kernel.owned_vgprs()
                             : o.kind == K::kAgpr ? kernel.owned_agprs()
                                                  : kernel.descriptor.sgprs;
      const unsigned last = o.first + o.count - 1u;
      if (last < owned || (scalar && last >= kNamed)) continue;
      const char letter = o.kind == K::kVgpr ? 'v' : o.kind == K::kAgpr ? 'a' : 's';
      const std::string gives =
          owned == 0 ? "none of that kind" : fmt::format("{0}0 to {0}{1}", letter, owned - 1);
      return fmt::format("{}{}, and the kernel's descriptor allocates {}", letter, last, gives);
    }
    return "";
  }

  // --- After decoding ----------------------------------------------------------------------------

  void add_sentinels() {
    for (Branch& branch : branches_) {
      if (code_->op_at.contains(branch.target)) continue;
      Op outside;
      outside.exec = &exec_outside;
      outside.imm2 = int32_t(branch.op);
      branch.sentinel = uint32_t(code_->ops.size());
      push(outside, branch.target, "(outside the code)");
    }
  }

  void skip_vectors() {
    code_->unskipped.resize(code_->ops.size());
    for (Op& op : code_->ops) {
      if (op.row == nullptr || op.row->mnemonic.starts_with("s_")) continue;
      code_->unskipped[op.index] = op.exec;
      op.exec = &exec_unless_skipped;
    }
  }

  void link() {
    for (const Branch& branch : branches_) {
      const auto it = code_->op_at.find(branch.target);
      code_->ops[branch.op].target =
          &code_->ops[it != code_->op_at.end() ? it->second : branch.sentinel];
    }
    // Firmware that preloads kernarg SGPRs starts 256 bytes in, past the loads that do the same.
    const KernelDescriptor& d = code_->kernel.descriptor;
    const uint64_t entry = d.entry + (d.preload_dwords != 0 ? 256 : 0);
    const auto it = code_->op_at.find(entry);
    if (it == code_->op_at.end())
      throw Error(fmt::format("{}: kernel {}: no instruction at its entry {:#x}", object_.name(),
                              code_->kernel.symbol, entry));
    code_->entry = &code_->ops[it->second];
  }

  void registers() {
    const KernelDescriptor& d = code_->kernel.descriptor;
    code_->vgprs = std::min(d.vgprs, d.accum_offset);
    code_->agprs = d.vgprs > d.accum_offset ? d.vgprs - d.accum_offset : 0;
    const auto use = [&](unsigned first, unsigned count) {
      const unsigned end = first + count;
      if (first >= kAgpr0)
        code_->agprs = std::max(code_->agprs, end - kAgpr0);
      else
        code_->vgprs = std::max(code_->vgprs, end);
    };
    for (const Op& op : code_->ops) {
      const bool matrix = op.row != nullptr && (op.row->format == Format::kMatrix ||
                                                op.row->format == Format::kSparse);
      const bool wide = op.row != nullptr && op.row->format == Format::kWide;
      const unsigned most = matrix ? std::max<unsigned>(op.dwords, mfma::kMaxInputRegisters)
                            : wide ? 32
                                   : 4;
      for (const Slot& slot : op.src)
        if (slot.kind == Kind::kVgpr) use(slot.index, most);
      if (op.dwords != 0 && !op.dst_scalar) use(op.dst, op.dwords);
    }
    code_->vgprs = std::min(code_->vgprs, 256u);
    code_->agprs = std::min(code_->agprs, 256u);
  }

  struct Branch {
    uint32_t op;
    uint64_t target;
    uint32_t sentinel = 0;
  };

  const CodeObject& object_;
  const Table& table_;
  Code* code_;
  Disassembler disassembler_;
  Binder binder_;
  std::vector<Branch> branches_;
};

}  // namespace

std::shared_ptr<const Code> decode(const CodeObject& object, const KernelInfo& kernel,
                                   HostIsa isa) {
  auto code = std::make_shared<Code>();
  Decoder(object, kernel, isa, code.get()).run();
  return code;
}

}  // namespace wavefuzz::sim
