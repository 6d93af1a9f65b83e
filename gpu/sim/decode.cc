// Assembly text to micro-ops.
#include "gpu/sim/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "gpu/sim/asm_text.h"
#include "gpu/sim/disassembler.h"
#include "gpu/sim/float_bits.h"
#include "gpu/sim/matrix.h"
#include "gpu/sim/program.h"
#include "gpu/sim/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

using AsmKind = AsmOperand::Kind;

// Thrown while binding operands that do not fit the row; the instruction then counts as
// unsupported.
struct Mismatch {};

bool is_register(const AsmOperand& operand) {
  return operand.kind == AsmKind::kVgpr || operand.kind == AsmKind::kAgpr;
}
bool is_packed16(OperandType type) {
  return type == OperandType::kPackedB16 || type == OperandType::kPackedF16 ||
         type == OperandType::kOldPackedF16;
}
bool is_half(OperandType type) { return type == OperandType::kB16 || type == OperandType::kF16; }
bool is_implicit(OperandType type) {
  return type == OperandType::kVccBit || type == OperandType::kOldF32 ||
         type == OperandType::kOldF64 || type == OperandType::kOldB32 ||
         type == OperandType::kOldPackedF16 || type == OperandType::kScc ||
         type == OperandType::kLaneNumber;
}

// 1/(2 pi) is the one inline constant whose digits depend on the operand's width.
bool is_inverse_two_pi(double x) { return std::fabs(x - 0.15915494309189535) < 1e-7; }

uint64_t float_constant(double x, OperandType type, bool half) {
  if (half || is_half(type) || type == OperandType::kPackedF16)
    return is_inverse_two_pi(x) ? 0x3118 : f16_from_f32(as_bits(float(x)), Round::kNearest, false);
  if (type == OperandType::kF64 || type == OperandType::kB64)
    return as_bits(is_inverse_two_pi(x) ? 0.15915494309189532 : x);
  return as_bits(float(x));
}

class Decoder {
 public:
  Decoder(const CodeObject& object, const KernelInfo& kernel, HostIsa isa, Code* code)
      : object_(object), isa_(isa), table_(table(isa)), code_(code), disassembler_(object.arch()) {
    code_->kernel = kernel;
    code_->arch = object.arch();
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
    add_sentinels();
    if (code_->indexes_vgprs)
      for (Op& op : code_->ops)
        if (op.row != nullptr &&
            (op.row->format == Format::kVector || op.row->format == Format::kVectorCompareExec))
          op.exec = table_.vector_indexed;
    link();
    registers();
    for (const Segment& segment : object_.segments())
      if (!segment.executable) code_->globals.push_back(segment);
    // Hand-written kernels may keep tables beside their code.
    for (const Segment& segment : object_.segments())
      if (segment.executable) code_->globals.push_back(segment);
  }

 private:
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
    Op op;
    std::memcpy(&encoding_, raw.data(), 4);
    address_ = address;
    std::string text = inst.bytes == 0 ? "(undecodable)" : inst.text;
    bool good = false;
    if (inst.bytes != 0) {
      if (const auto parsed = parse_asm(text)) {
        asm_ = &*parsed;
        row_ = find_row(isa_, code_->arch, asm_->mnemonic);
        if (row_ != nullptr) {
          try {
            bind(op);
            good = true;
          } catch (const Mismatch&) {
            op = Op();
          }
        }
      }
    }
    if (good) {
      op.row = row_;
      if (row_->fidelity != Fidelity::kExact) {
        op.inner = op.exec;
        op.exec = &exec_inexact;
      }
    } else {
      op.exec = &exec_unsupported;
    }
    push(op, address, std::move(text));
    if (!good) code_->encodings.back() = hex(raw);
  }

  // --- Operands ----------------------------------------------------------------------------------

  const AsmOperand& operand(size_t k) const {
    if (k >= asm_->operands.size()) throw Mismatch();
    return asm_->operands[k];
  }
  void expect_operands(size_t count) const {
    if (asm_->operands.size() != count) throw Mismatch();
  }
  uint16_t vector_register(const AsmOperand& o, unsigned dwords) {
    if (!is_register(o) || o.count != dwords) throw Mismatch();
    return uint16_t(o.first + (o.kind == AsmKind::kAgpr ? kAgpr0 : 0));
  }
  static uint16_t scalar_register(const AsmOperand& o, unsigned dwords) {
    if (o.kind != AsmKind::kScalar || o.count != dwords) throw Mismatch();
    return o.first;
  }

  Slot constant(uint32_t value) {
    const auto [it, added] = constants_.emplace(value, code_->constants.size());
    if (added) {
      if (it->second > UINT16_MAX)
        throw Error(fmt::format("{}: kernel {}: more than 65536 distinct constants", object_.name(),
                                code_->kernel.symbol));
      Lanes lanes;
      std::fill_n(lanes.lane, kLanes, value);
      code_->constants.push_back(lanes);
    }
    return {Kind::kConst, 0, uint16_t(it->second)};
  }

  // The 64 bits that a constant operand stands for.
  uint64_t constant_value(const AsmOperand& o, OperandType type, bool half) const {
    switch (o.kind) {
      case AsmKind::kAperture:
        return uint64_t(o.value);
      case AsmKind::kFloat:
        return float_constant(o.real, type, half);
      case AsmKind::kInteger: {
        if (!o.hex) return uint64_t(o.value);
        // A literal has 32 bits. 64-bit operands: the high half of an f64, sign-extended for i64,
        // zero-extended otherwise.
        const uint64_t bits = uint64_t(o.value);
        if (type == OperandType::kF64) return bits >> 32 == 0 ? bits << 32 : bits;
        if (type == OperandType::kB64 && asm_->mnemonic.find("_i64") != std::string_view::npos)
          return uint64_t(int64_t(int32_t(bits)));
        return bits;
      }
      default:
        throw Mismatch();
    }
  }

  // Source slots of one operand.
  void add_source(Op& op, const AsmOperand& o, OperandType type, unsigned k, const Extras& extras) {
    const unsigned count = dwords(type);
    if (op.slots + count > kMaxSlots) throw Mismatch();
    Slot slots[2];
    if (type == OperandType::kLaneBit) {
      slots[0] = {Kind::kMask, 0, scalar_register(o, 2)};
    } else if (is_register(o)) {
      const uint16_t first = vector_register(o, count);
      for (unsigned d = 0; d < count; ++d) slots[d] = {Kind::kVgpr, 0, uint16_t(first + d)};
    } else if (o.kind == AsmKind::kScalar) {
      const uint16_t first = scalar_register(o, count);
      for (unsigned d = 0; d < count; ++d) slots[d] = {Kind::kSgpr, 0, uint16_t(first + d)};
    } else {
      const uint64_t value = constant_value(o, type, extras.mix_half[k]);
      // A packed f32 constant is its low dword only.
      for (unsigned d = 0; d < count; ++d)
        slots[d] =
            constant(type == OperandType::kPackedF32 && d == 1 ? 0 : uint32_t(value >> 32 * d));
    }
    // Sign modifiers: which bit they mean depends on the type.
    const auto list = [&](const char* name) {
      const AsmModifier* m = asm_->find(name);
      return m != nullptr && k < m->list.size() && m->list[k] != 0;
    };
    if (type == OperandType::kPackedF32) {
      const AsmModifier* low = asm_->find("op_sel");
      const AsmModifier* high = asm_->find("op_sel_hi");
      const Slot both[2] = {slots[0], slots[1]};
      slots[0] = both[low != nullptr && k < low->list.size() && low->list[k] != 0];
      slots[1] = both[!(high != nullptr && k < high->list.size() && high->list[k] == 0)];
      if (list("neg_lo")) slots[0].modifiers |= kNeg31;
      if (list("neg_hi")) slots[1].modifiers |= kNeg31;
    } else if (is_packed16(type)) {
      if (list("neg_lo")) slots[0].modifiers |= kNeg15;
      if (list("neg_hi")) slots[0].modifiers |= kNeg31;
    } else {
      const bool half = is_half(type);
      if (o.neg) slots[count - 1].modifiers |= half ? kNeg15 : kNeg31;
      if (o.abs) slots[count - 1].modifiers |= half ? kAbs15 : kAbs31;
    }
    for (unsigned d = 0; d < count; ++d) {
      if (slots[d].kind == Kind::kConst && slots[d].modifiers != 0 && !extras.rearranges) {
        uint32_t value = code_->constants[slots[d].index].lane[0];
        if (slots[d].modifiers & kAbs31) value &= 0x7fff'ffff;
        if (slots[d].modifiers & kNeg31) value ^= 0x8000'0000;
        if (slots[d].modifiers & kAbs15) value &= ~0x8000u;
        if (slots[d].modifiers & kNeg15) value ^= 0x8000;
        slots[d] = constant(value);
      }
      op.src[op.slots++] = slots[d];
    }
  }

  // --- Vector instructions -----------------------------------------------------------------------

  static Part part(std::string_view text) {
    static constexpr std::pair<std::string_view, Part> kParts[] = {
        {"DWORD", Part::kDword},  {"BYTE_0", Part::kByte0}, {"BYTE_1", Part::kByte1},
        {"BYTE_2", Part::kByte2}, {"BYTE_3", Part::kByte3}, {"WORD_0", Part::kWord0},
        {"WORD_1", Part::kWord1}};
    for (const auto& [name, value] : kParts)
      if (text == name) return value;
    throw Mismatch();
  }

  void bind_vector(Op& op) {
    Extras e;
    bool wanted = false;
    const AsmModifier* op_sel = asm_->find("op_sel");
    const AsmModifier* op_sel_hi = asm_->find("op_sel_hi");
    const auto selected = [](const AsmModifier* m, size_t k, bool otherwise) {
      return m != nullptr && k < m->list.size() ? m->list[k] != 0 : otherwise;
    };
    size_t printed = 0;
    for (unsigned k = 0; k < row_->operand_count; ++k)
      if (!is_implicit(row_->operands[k])) ++printed;
    if (row_->param & kTableModifier) --printed;

    // op_sel and op_sel_hi.
    for (unsigned k = 0; k < row_->operand_count && k < 4; ++k) {
      const OperandType type = row_->operands[k];
      if (is_packed16(type)) {
        e.halves[k] = uint8_t(selected(op_sel, k, false) | selected(op_sel_hi, k, true) << 1);
        e.rearranges |= e.halves[k] != 2;
      } else if (type == OperandType::kMixF32) {
        e.mix_half[k] = selected(op_sel_hi, k, false);
        if (e.mix_half[k]) {
          e.part[k] = selected(op_sel, k, false) ? Part::kWord1 : Part::kWord0;
          e.rearranges = true;
        }
      } else if (is_half(type) && selected(op_sel, k, false)) {
        e.part[k] = Part::kWord1;
        e.rearranges = true;
      }
    }
    if (row_->param & (kByteSource | kWordSource)) {
      const bool low = selected(op_sel, 0, false), high = selected(op_sel, 1, false);
      e.part[0] = row_->param & kWordSource ? (low ? Part::kWord1 : Part::kWord0)
                                            : Part(unsigned(Part::kByte0) + low + 2 * high);
      e.rearranges = true;
    }
    if (row_->param & kByteDestination) {
      const unsigned byte = selected(op_sel, 2, false) + 2 * selected(op_sel, 3, false);
      e.dst_part = Part(unsigned(Part::kByte0) + byte);
      wanted = true;
    } else if (row_->preserves_half) {
      const bool high = (row_->param & kHighDestination) || selected(op_sel, printed, false);
      e.dst_part = high ? Part::kWord1 : Part::kWord0;
      wanted = true;
    }
    if (asm_->sdwa) {
      const auto select = [&](const char* name) {
        const AsmModifier* m = asm_->find(name);
        return m == nullptr ? Part::kDword : part(m->text);
      };
      e.part[0] = select("src0_sel");
      e.part[1] = select("src1_sel");
      e.dst_part = select("dst_sel");
      const AsmModifier* unused = asm_->find("dst_unused");
      if (unused != nullptr)
        e.dst_unused = unused->text == "UNUSED_PRESERVE" ? Unused::kPreserve
                       : unused->text == "UNUSED_SEXT"   ? Unused::kSext
                                                         : Unused::kPad;
      for (unsigned k = 0; k < 2; ++k) {
        const size_t at =
            asm_->operands.size() >= printed ? asm_->operands.size() - printed + k : 0;
        if (at < asm_->operands.size()) e.sext[k] = asm_->operands[at].sext;
        e.rearranges |= e.part[k] != Part::kDword || e.sext[k];
      }
      wanted = true;
    }
    if (asm_->dpp) {
      if (!bind_dpp(*asm_, &e)) throw Mismatch();
      wanted = true;
    }
    op.lanes = row_->lanes;
    if (asm_->has("clamp")) {
      if (row_->saturating != nullptr) {
        op.lanes = row_->saturating;
      } else if (row_->result == ResultType::kBits) {
        throw Mismatch();
      } else {
        e.clamp = wanted = true;
      }
    }
    if (asm_->has("mul")) e.omod = asm_->number("mul", 2) == 4 ? 2 : 1;
    if (asm_->has("div")) e.omod = 3;
    wanted |= e.omod != 0 || e.rearranges;
    e.result = row_->result;

    // Destination.
    size_t at = 0;
    op.dwords = row_->result_dwords;
    if (op.dwords != 0) op.dst = vector_register(operand(at++), op.dwords);
    if (row_->result_is_mask || row_->second_is_mask) {
      op.has_mask = true;
      op.mask = scalar_register(operand(at++), 2);
      op.writes_exec = op.mask == kExec || row_->format == Format::kVectorCompareExec;
    }
    // Sources.
    for (unsigned k = 0; k < row_->operand_count; ++k) {
      const OperandType type = row_->operands[k];
      if ((row_->param & kTableModifier) && k + 1u == row_->operand_count) {
        op.src[op.slots++] = constant(uint32_t(asm_->number("bitop3", 0)));
        continue;
      }
      switch (type) {
        case OperandType::kVccBit:
          op.src[op.slots++] = {Kind::kMask, 0, kVcc};
          break;
        case OperandType::kLaneNumber:
          op.src[op.slots++] = {};
          break;
        case OperandType::kOldB32:
        case OperandType::kOldF32:
        case OperandType::kOldF64:
        case OperandType::kOldPackedF16:
          for (unsigned d = 0; d < dwords(type); ++d)
            op.src[op.slots++] = {Kind::kVgpr, 0, uint16_t(op.dst + d)};
          break;
        default:
          add_source(op, operand(at++), type, k, e);
      }
    }
    expect_operands(at);
    if (wanted) {
      op.exec = table_.vector_extras;
      code_->extras.push_back(std::make_unique<Extras>(e));
      op.extras = code_->extras.back().get();
    } else {
      op.exec = table_.vector;
    }
  }

  // --- Other formats -----------------------------------------------------------------------------

  void bind_scalar(Op& op) {
    size_t at = 0;
    op.exec = row_->exec;
    op.dst_scalar = true;
    op.dwords = row_->result_dwords;
    if (op.dwords != 0) {
      op.dst = scalar_register(operand(at++), op.dwords);
      op.writes_exec = op.dst <= kExec + 1 && op.dst + op.dwords > kExec;
    }
    for (unsigned k = 0; k < row_->operand_count; ++k) {
      const OperandType type = row_->operands[k];
      if (type == OperandType::kScc)
        op.src[op.slots++] = {Kind::kSgpr, 0, kScc};
      else if (type == OperandType::kOldB32 || type == OperandType::kOldF64)
        for (unsigned d = 0; d < dwords(type); ++d)
          op.src[op.slots++] = {Kind::kSgpr, 0, uint16_t(op.dst + d)};
      else
        add_source(op, operand(at++), type, k, Extras());
    }
    // s_addk and the like print the destination once, s_cmpk its source first: nothing is left
    // over.
    expect_operands(at);
  }

  void bind_branch(Op& op) {
    size_t at = 0;
    op.exec = row_->exec;
    if (asm_->operands.size() == 2) op.dst = scalar_register(operand(at++), 2);
    const AsmOperand& o = operand(at++);
    if (o.kind != AsmKind::kInteger) throw Mismatch();
    branches_.push_back(
        {uint32_t(code_->ops.size()), address_ + 4 + uint64_t(int64_t(int16_t(o.value)) * 4)});
    expect_operands(at);
  }

  void bind_scalar_load(Op& op) {
    op.exec = row_->exec;
    op.dwords = row_->result_dwords;
    op.dst_scalar = true;
    op.dst = scalar_register(operand(0), op.dwords);
    op.src[0] = {Kind::kSgpr, 0, operand(1).first};
    if (operand(1).kind != AsmKind::kScalar) throw Mismatch();
    expect_operands(3);
    const AsmOperand& offset = operand(2);
    if (offset.kind == AsmKind::kScalar) {
      op.src[1] = {Kind::kSgpr, 0, scalar_register(offset, 1)};
      op.imm = int32_t(asm_->number("offset", 0));
    } else if (offset.kind == AsmKind::kInteger) {
      op.imm = int32_t(offset.value);
    } else {
      throw Mismatch();
    }
  }

  void bind_lds(Op& op) {
    op.exec = row_->exec;
    if (asm_->has("gds")) throw Mismatch();
    const uint32_t param = row_->param;
    const unsigned bytes = param & kBytes;
    const unsigned data_dwords = (bytes + 3) / 4;
    size_t at = 0;
    if (param == 0) {  // ds_bpermute and its like: a register, then the row's operands
      op.dwords = 1;
      op.dst = vector_register(operand(at++), 1);
      for (unsigned k = 0; k < row_->operand_count; ++k)
        op.src[k] = {Kind::kVgpr, 0, vector_register(operand(at++), 1)};
      // The offset has several spellings; the encoding has one.
      op.imm = int32_t(encoding_ & 0xffff);
      expect_operands(at);
      return;
    }
    const unsigned accesses = param & kTwo ? 2 : 1;
    if ((param & kLoad) || (param & kReturns)) {
      op.dwords = uint8_t(data_dwords * accesses);
      op.dst = vector_register(operand(at++), op.dwords);
    }
    op.src[0] = {Kind::kVgpr, 0, vector_register(operand(at++), 1)};
    for (unsigned k = 1; at < asm_->operands.size() && k < 3; ++k)
      op.src[k] = {Kind::kVgpr, 0, vector_register(operand(at++), data_dwords)};
    expect_operands(at);
    if (param & kTwo) {
      const int32_t unit = int32_t(bytes) * (param & kFar ? 64 : 1);
      op.imm = int32_t(asm_->number("offset0", 0)) * unit;
      op.imm2 = int32_t(asm_->number("offset1", 0)) * unit;
    } else {
      op.imm = int32_t(asm_->number("offset", 0));
    }
  }

  // Data registers of a load, store or atomic; `result` and `data` say which the instruction has.
  void bind_memory(Op& op) {
    op.exec = row_->exec;
    const uint32_t param = row_->param;
    const unsigned dwords = ((param & kBytes) + 3) / 4;
    const bool compares = row_->operand_count != 0;
    const bool global = row_->format == Format::kGlobal, scratch = row_->format == Format::kScratch;
    op.imm = int32_t(asm_->number("offset", 0));
    op.flags = compares;
    size_t at = 0;
    const bool result = (param & kLoad) ? !(param & kToLds) : (param & kAtomic) && asm_->has("sc0");
    if (result) {
      op.dwords = uint8_t(dwords);
      op.dst = vector_register(operand(at++), dwords);
    }
    const AsmOperand& address = operand(at++);
    if (address.kind != AsmKind::kOff) {
      const unsigned width = scratch ? 1 : address.count;
      const uint16_t reg = vector_register(address, width);
      op.src[0] = {Kind::kVgpr, 0, reg};
      if (width == 2) op.src[1] = {Kind::kVgpr, 0, uint16_t(reg + 1)};
      if (width > 2) throw Mismatch();
    } else if (!scratch) {
      throw Mismatch();
    }
    if (param & (kStore | kAtomic))
      op.src[3] = {Kind::kVgpr, 0, vector_register(operand(at++), dwords * (compares ? 2 : 1))};
    if (global || scratch) {
      const AsmOperand& base = operand(at++);
      if (base.kind != AsmKind::kOff)
        op.src[2] = {Kind::kSgpr, 0, scalar_register(base, scratch ? 1 : 2)};
    }
    expect_operands(at);
  }

  void bind_buffer(Op& op) {
    op.exec = row_->exec;
    const uint32_t param = row_->param;
    const unsigned dwords = ((param & kBytes) + 3) / 4;
    const bool to_lds = asm_->has("lds");
    op.flags = uint8_t((asm_->has("idxen") ? kIdxen : 0) | (asm_->has("offen") ? kOffen : 0) |
                       (to_lds ? kLdsDestination : 0));
    op.imm = int32_t(asm_->number("offset", 0));
    size_t at = 0;
    if (!to_lds) {
      const unsigned width = dwords * (row_->operand_count != 0 ? 2 : 1);
      const uint16_t data = vector_register(operand(at++), width);
      if (param & (kStore | kAtomic)) op.src[3] = {Kind::kVgpr, 0, data};
      if ((param & kLoad) || ((param & kAtomic) && asm_->has("sc0"))) {
        op.dst = data;
        op.dwords = uint8_t(dwords);
      }
    }
    const unsigned address =
        unsigned((op.flags & kIdxen) != 0) + unsigned((op.flags & kOffen) != 0);
    // The address operand is left out of the text only when it has no registers and data goes to
    // LDS.
    if (address == 0) {
      if (operand(at).kind == AsmKind::kOff) ++at;
    } else {
      const uint16_t reg = vector_register(operand(at++), address);
      for (unsigned k = 0; k < address; ++k) op.src[k] = {Kind::kVgpr, 0, uint16_t(reg + k)};
    }
    op.src[2] = {Kind::kSgpr, 0, scalar_register(operand(at++), 4)};
    const AsmOperand& soffset = operand(at++);
    op.src[4] = soffset.kind == AsmKind::kScalar
                    ? Slot{Kind::kSgpr, 0, scalar_register(soffset, 1)}
                    : constant(uint32_t(constant_value(soffset, OperandType::kB32, false)));
    expect_operands(at);
  }

  void bind_lane_move(Op& op) {
    op.exec = row_->exec;
    const AsmOperand& dst = operand(0);
    op.dwords = 1;
    if (is_register(dst)) {
      op.dst = vector_register(dst, 1);
    } else {
      op.dst = scalar_register(dst, 1);
      op.dst_scalar = true;
      if (op.dst >= kExec) throw Mismatch();
    }
    for (unsigned k = 0; k < row_->operand_count; ++k)
      add_source(op, operand(k + 1), OperandType::kB32, k, Extras());
    expect_operands(row_->operand_count + 1u);
  }

  // Sources of any width; scalars and constants only where it is one dword.
  void bind_wide(Op& op) {
    op.exec = row_->exec;
    op.dwords = row_->result_dwords;
    op.dst = vector_register(operand(0), op.dwords);
    for (unsigned k = 0; k < row_->operand_count; ++k) {
      const AsmOperand& o = operand(k + 1);
      const unsigned width = row_->param >> 8 * k & 0xff;
      if (o.neg || o.abs) throw Mismatch();
      op.src[k] = is_register(o) ? Slot{Kind::kVgpr, 0, vector_register(o, width)}
                  : width != 1   ? throw Mismatch()
                  : o.kind == AsmKind::kScalar
                      ? Slot{Kind::kSgpr, 0, scalar_register(o, 1)}
                      : constant(uint32_t(constant_value(o, OperandType::kB32, false)));
    }
    expect_operands(row_->operand_count + 1u);
    if (asm_->has("clamp")) throw Mismatch();
  }

  void bind_matrix(Op& op) {
    op.exec = row_->exec;
    const mfma::Op& matrix = matrix_op(code_->arch, asm_->mnemonic);
    const auto ops = mfma::ops(code_->arch);
    op.imm2 = int32_t(&matrix - ops.data());
    MatrixFields fields;
    fields.cbsz = uint8_t(asm_->number("cbsz", 0));
    fields.abid = uint8_t(asm_->number("abid", 0));
    fields.blgp = uint8_t(asm_->number("blgp", 0));
    if (const AsmModifier* neg = asm_->find("neg"))  // f64: how LLVM prints blgp there
      for (size_t i = 0; i < neg->list.size(); ++i)
        fields.blgp |= uint8_t((neg->list[i] != 0) << i);
    const mfma::Modifiers modifiers{fields.cbsz, fields.abid, fields.blgp, false, {}, {}};
    if (mfma::illegal(matrix, modifiers) != nullptr) throw Mismatch();
    op.dwords = uint8_t(mfma::d_registers(matrix));
    op.dst = vector_register(operand(0), op.dwords);
    const unsigned widths[2] = {unsigned(mfma::a_registers(matrix, modifiers)),
                                unsigned(mfma::b_registers(matrix, modifiers))};
    for (unsigned k = 0; k < 2; ++k)
      op.src[k] = {Kind::kVgpr, 0, vector_register(operand(k + 1), widths[k])};
    const AsmOperand& c = operand(3);
    if (is_register(c)) {
      op.src[2] = {Kind::kVgpr, 0, vector_register(c, op.dwords)};
    } else {
      const bool wide = matrix.tile.a == mfma::Element::kF64;
      const uint64_t value = constant_value(c, wide ? OperandType::kF64 : OperandType::kF32, false);
      op.src[2] = constant(uint32_t(value));
      op.src[3] = constant(uint32_t(value >> 32));
    }
    if (matrix.scaled) {
      // The byte of an operand's scale: bit 0 in op_sel, bit 1 in op_sel_hi.
      const auto bit = [&](const char* name, unsigned k) {
        const AsmModifier* m = asm_->find(name);
        return uint8_t(m != nullptr && k < m->list.size() && m->list[k] != 0);
      };
      for (unsigned k = 0; k < 2; ++k)
        op.src[4 + k] = {Kind::kVgpr, 0, vector_register(operand(4 + k), 1)};
      fields.a_scale_byte = uint8_t(bit("op_sel", 0) | bit("op_sel_hi", 0) << 1);
      fields.b_scale_byte = uint8_t(bit("op_sel", 1) | bit("op_sel_hi", 1) << 1);
    }
    fields.store(op);
    expect_operands(matrix.scaled ? 6u : 4u);
  }

  void bind_bare(Op& op) {
    op.exec = row_->exec;
    if (asm_->mnemonic.starts_with("s_set_gpr_idx")) {
      code_->indexes_vgprs = true;
      // Operand classes: the second source byte of s_set_gpr_idx_on, the immediate of ..._mode.
      const bool on = asm_->mnemonic.ends_with("_on");
      op.imm = int32_t(on ? encoding_ >> 8 & 15 : encoding_ & 15);
      if (on || asm_->mnemonic.ends_with("_idx"))
        add_source(op, operand(0), OperandType::kB32, 0, Extras());
      return;
    }
    // s_setreg and s_getreg: register, first bit and size as the encoding has them.
    const bool set = asm_->mnemonic.starts_with("s_setreg"),
               get = asm_->mnemonic.starts_with("s_getreg");
    if (!set && !get) return;
    op.imm = int32_t(encoding_ & 63);
    op.imm2 = int32_t((encoding_ >> 6 & 31) | ((encoding_ >> 11 & 31) + 1) << 8);
    expect_operands(2);
    if (set) {
      add_source(op, operand(1), OperandType::kB32, 0, Extras());
    } else {
      op.dst = scalar_register(operand(0), 1);
      op.dwords = 1;
      op.dst_scalar = true;
    }
  }

  void bind(Op& op) {
    switch (row_->format) {
      case Format::kVector:
      case Format::kVectorCompareExec:
        bind_vector(op);
        break;
      case Format::kScalar:
        bind_scalar(op);
        break;
      case Format::kBranch:
        bind_branch(op);
        break;
      case Format::kScalarLoad:
        bind_scalar_load(op);
        break;
      case Format::kLds:
        bind_lds(op);
        break;
      case Format::kGlobal:
      case Format::kFlat:
      case Format::kScratch:
        bind_memory(op);
        break;
      case Format::kBuffer:
        bind_buffer(op);
        break;
      case Format::kLaneMove:
        bind_lane_move(op);
        break;
      case Format::kMatrix:
        bind_matrix(op);
        break;
      case Format::kWide:
        bind_wide(op);
        break;
      case Format::kBare:
        bind_bare(op);
        break;
    }
    const std::string_view m = asm_->mnemonic;
    code_->calls |= m == "s_swappc_b64" || m == "s_setpc_b64" || m == "s_call_b64";
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
      const bool matrix = op.row != nullptr && op.row->format == Format::kMatrix;
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
  HostIsa isa_;
  const Table& table_;
  Code* code_;
  Disassembler disassembler_;
  std::map<uint32_t, size_t> constants_;
  std::vector<Branch> branches_;
  // The instruction being bound.
  const AsmText* asm_ = nullptr;
  const Row* row_ = nullptr;
  uint32_t encoding_ = 0;
  uint64_t address_ = 0;
};

}  // namespace

std::shared_ptr<const Code> decode(const CodeObject& object, const KernelInfo& kernel,
                                   HostIsa isa) {
  auto code = std::make_shared<Code>();
  Decoder(object, kernel, isa, code.get()).run();
  return code;
}

}  // namespace wavefuzz::sim
