// Operands of an instruction's text to a micro-op's slots.
#include "gpu/sim/bind.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gpu/sim/decode.h"
#include "gpu/sim/float_bits.h"
#include "gpu/sim/matrix.h"
#include "gpu/sim/mfma/sparse.h"
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

uint16_t vector_register(const AsmOperand& o, unsigned dwords) {
  if (!is_register(o) || o.count != dwords) throw Mismatch();
  return uint16_t(o.first + (o.kind == AsmKind::kAgpr ? kAgpr0 : 0));
}
uint16_t scalar_register(const AsmOperand& o, unsigned dwords) {
  if (o.kind != AsmKind::kScalar || o.count != dwords) throw Mismatch();
  return o.first;
}

Part part(std::string_view text) {
  static constexpr std::pair<std::string_view, Part> kParts[] = {
      {"DWORD", Part::kDword},  {"BYTE_0", Part::kByte0}, {"BYTE_1", Part::kByte1},
      {"BYTE_2", Part::kByte2}, {"BYTE_3", Part::kByte3}, {"WORD_0", Part::kWord0},
      {"WORD_1", Part::kWord1}};
  for (const auto& [name, value] : kParts)
    if (text == name) return value;
  throw Mismatch();
}

// For instructions that write scalars without telling the wave that EXEC has changed.
void not_exec(const Op& op) {
  if (op.dst + op.dwords > kExec) throw Mismatch();
}

// Whether an s_setreg reaches MODE's VSKIP.
bool writes_vskip(const Op& op) {
  const unsigned first = unsigned(op.imm2) & 31, size = unsigned(op.imm2) >> 8;
  return op.imm == kHwregMode && first <= Mode::kVskipBit && Mode::kVskipBit < first + size;
}

int32_t cache_bits(const AsmText& text) {
  // Without operands, as in buffer_inv, the parser takes the first for one.
  const auto has = [&](std::string_view name) {
    return text.has(name) || (!text.operands.empty() && text.operands[0].word == name);
  };
  return (has("sc0") || has("glc") ? kSc0 : 0) | (has("nt") ? kNt : 0) | (has("sc1") ? kSc1 : 0);
}

}  // namespace

Binder::Binder(HostIsa isa, Code* code, std::string where)
    : isa_(isa), code_(code), where_(std::move(where)) {}

// --- Operands ----------------------------------------------------------------------------------

const AsmOperand& Binder::operand(size_t k) const {
  if (k >= asm_->operands.size()) throw Mismatch();
  return asm_->operands[k];
}
void Binder::expect_operands(size_t count) const {
  if (asm_->operands.size() != count) throw Mismatch();
}
// A modifier that a family does not know could change what the instruction means.
void Binder::expect_modifiers(std::initializer_list<std::string_view> known) const {
  for (const AsmModifier& modifier : asm_->modifiers)
    if (std::find(known.begin(), known.end(), modifier.name) == known.end()) throw Mismatch();
}
Slot Binder::constant(uint32_t value) {
  const auto [it, added] = constants_.emplace(value, code_->constants.size());
  if (added) {
    if (it->second > UINT16_MAX) throw Error(where_ + ": more than 65536 distinct constants");
    Lanes lanes;
    std::fill_n(lanes.lane, kLanes, value);
    code_->constants.push_back(lanes);
  }
  return {Kind::kConst, 0, uint16_t(it->second)};
}

// The 64 bits that a constant operand stands for.
uint64_t Binder::constant_value(const AsmOperand& o, OperandType type, bool half) const {
  switch (o.kind) {
    case AsmKind::kAperture:
      if (type != OperandType::kB64 && type != OperandType::kF64)
        throw Mismatch();  // what their 32-bit reads give is not documented
      return uint64_t(o.value);
    case AsmKind::kFloat:
      if (row_->mnemonic == "v_cvt_f32_bf16") return as_bits(float(o.real)) >> 16;
      return float_constant(o.real, type, half);
    case AsmKind::kInteger: {
      if (!o.hex) return uint64_t(o.value);
      // LLVM prints an inline float of a 16-bit integer as the bits of an f16. It is an f32.
      if (type == OperandType::kB16 && row_->mnemonic != "v_ldexp_f16" &&
          (encoding_ >> 31 != 0 || (encoding_ & 511) != 255))
        for (const double x : {0.5, 1.0, 2.0, 4.0, -0.5, -1.0, -2.0, -4.0, 0.15915494309189532})
          if (float_constant(x, OperandType::kF16, true) == uint64_t(o.value))
            return float_constant(x, OperandType::kF32, false);
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
void Binder::add_source(const AsmOperand& o, OperandType type, unsigned k, const Extras& extras) {
  const unsigned count = dwords(type);
  if (op_.slots + count > kMaxSlots) throw Mismatch();
  const bool is_pk_mov = row_->mnemonic == "v_pk_mov_b32";
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
    const uint64_t value =
        constant_value(o, is_pk_mov ? OperandType::kPackedF32 : type, extras.mix_half[k]);
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
  const auto selects = [&](const char* name, bool otherwise) {
    const AsmModifier* m = asm_->find(name);
    return m != nullptr && k < m->list.size() ? m->list[k] != 0 : otherwise;
  };
  if (is_pk_mov) {
    if (slots[0].kind == Kind::kConst && selects("op_sel", false)) throw Mismatch();
    // One dword of each source; the body takes it from where the default has it.
    slots[k] = slots[selects("op_sel", false)];
  } else if (type == OperandType::kPackedF32) {
    Slot both[2] = {slots[0], slots[1]};
    if (both[1].kind == Kind::kConst) {
      // The high dword of a constant is 0; nobody needs it for the low result.
      if (selects("op_sel", false)) throw Mismatch();
      both[1].modifiers = kRecordsHigh;
    }
    slots[0] = both[selects("op_sel", false)];
    slots[1] = both[selects("op_sel_hi", true)];
    if (list("neg_lo")) slots[0].modifiers |= kNeg31;
    if (list("neg_hi")) slots[1].modifiers |= kNeg31;
  } else if (is_packed16(type)) {
    if (o.neg || o.abs) throw Mismatch();  // DPP has bits for them that no document explains
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
      const uint8_t applied = slots[d].modifiers;
      slots[d] = constant(value);
      slots[d].modifiers = applied;  // of a constant it is a record, for print()
    }
    op_.src[op_.slots++] = slots[d];
  }
}

// --- Vector instructions -----------------------------------------------------------------------

void Binder::bind_vector() {
  Extras e;
  bool wanted = false;
  const AsmModifier* op_sel = asm_->find("op_sel");
  const AsmModifier* op_sel_hi = asm_->find("op_sel_hi");
  const auto selected = [](const AsmModifier* m, size_t k, bool otherwise) {
    return m != nullptr && k < m->list.size() ? m->list[k] != 0 : otherwise;
  };
  expect_modifiers({"op_sel",    "op_sel_hi",   "neg_lo",   "neg_hi",     "clamp",
                    "mul",       "div",         "bitop3",   "dst_sel",    "dst_unused",
                    "src0_sel",  "src1_sel",    "row_mask", "bank_mask",  "bound_ctrl",
                    "quad_perm", "row_shl",     "row_shr",  "row_ror",    "wave_shl",
                    "wave_rol",  "wave_shr",    "wave_ror", "row_mirror", "row_half_mirror",
                    "row_bcast", "row_newbcast"});
  size_t printed = 0;
  for (unsigned k = 0; k < row_->operand_count; ++k)
    if (!is_implicit(row_->operands[k])) ++printed;
  if (row_->param & kTableModifier) --printed;

  // Lists that say something of an operand which has no halves.
  const bool has_mix = row_->operands[0] == OperandType::kMixF32;
  const auto takes = [&](std::string_view list, size_t k) {
    const OperandType type = k < row_->operand_count ? row_->operands[k] : OperandType::kB32;
    if (type == OperandType::kPackedF16 || type == OperandType::kPackedF32) return true;
    if (list.starts_with("neg")) return false;
    if (type == OperandType::kPackedB16 || type == OperandType::kMixF32) return true;
    if (list == "op_sel_hi") return false;
    if ((row_->param & (kByteSource | kWordSource)) != 0 && k < 2) return true;
    if (row_->param & kByteDestination) return k == 2 || k == 3;
    return is_half(type) || (row_->preserves_half && k == printed) ||
           (row_->mnemonic == "v_pk_mov_b32" && k < printed);
  };
  for (const char* name : {"op_sel", "op_sel_hi", "neg_lo", "neg_hi"}) {
    const AsmModifier* m = asm_->find(name);
    if (m == nullptr) continue;
    const int64_t otherwise = name == std::string_view("op_sel_hi") && !has_mix;
    for (size_t k = 0; k < m->list.size(); ++k)
      if (m->list[k] != otherwise && !takes(name, k)) throw Mismatch();
  }

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
    e.sdwa = true;
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
      const size_t at = asm_->operands.size() >= printed ? asm_->operands.size() - printed + k : 0;
      if (at < asm_->operands.size()) e.sext[k] = asm_->operands[at].sext;
      e.rearranges |= e.part[k] != Part::kDword || e.sext[k];
    }
    wanted = true;
  }
  if (asm_->dpp) {
    if (!bind_dpp(*asm_, &e)) throw Mismatch();
    wanted = true;
  }
  op_.lanes = row_->lanes;
  if (asm_->has("clamp")) {
    if (row_->saturating != nullptr) {
      op_.lanes = row_->saturating;
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
  op_.dwords = row_->result_dwords;
  if (op_.dwords != 0) op_.dst = vector_register(operand(at++), op_.dwords);
  if (row_->result_is_mask || row_->second_is_mask) {
    op_.has_mask = true;
    op_.mask = scalar_register(operand(at++), 2);
    op_.writes_exec = op_.mask == kExec || row_->format == Format::kVectorCompareExec;
  }
  // Sources.
  for (unsigned k = 0; k < row_->operand_count; ++k) {
    const OperandType type = row_->operands[k];
    if ((row_->param & kTableModifier) && k + 1u == row_->operand_count) {
      op_.src[op_.slots++] = constant(uint32_t(asm_->number("bitop3", 0)));
      continue;
    }
    switch (type) {
      case OperandType::kVccBit:
        op_.src[op_.slots++] = {Kind::kMask, 0, kVcc};
        break;
      case OperandType::kLaneNumber:
        op_.src[op_.slots++] = {};
        break;
      case OperandType::kOldB32:
      case OperandType::kOldF32:
      case OperandType::kOldF64:
      case OperandType::kOldPackedF16:
        for (unsigned d = 0; d < dwords(type); ++d)
          op_.src[op_.slots++] = {Kind::kVgpr, 0, uint16_t(op_.dst + d)};
        break;
      default:
        add_source(operand(at++), type, k, e);
    }
  }
  expect_operands(at);
  if (wanted) {
    op_.exec = table(isa_).vector_extras;
    code_->extras.push_back(std::make_unique<Extras>(e));
    op_.extras = code_->extras.back().get();
  } else {
    op_.exec = table(isa_).vector;
  }
}

// --- Other formats -----------------------------------------------------------------------------

void Binder::bind_scalar() {
  expect_modifiers({});
  size_t at = 0;
  op_.exec = row_->exec;
  op_.dst_scalar = true;
  op_.dwords = row_->result_dwords;
  if (op_.dwords != 0) {
    op_.dst = scalar_register(operand(at++), op_.dwords);
    op_.writes_exec = op_.dst <= kExec + 1 && op_.dst + op_.dwords > kExec;
    const std::string_view m = row_->mnemonic;  // the rest has no eye on EXEC
    if (m == "s_getpc_b64" || m == "s_swappc_b64" || m.starts_with("s_mem")) not_exec(op_);
  }
  for (unsigned k = 0; k < row_->operand_count; ++k) {
    const OperandType type = row_->operands[k];
    if (type == OperandType::kScc)
      op_.src[op_.slots++] = {Kind::kSgpr, 0, kScc};
    else if (type == OperandType::kOldB32 || type == OperandType::kOldF64)
      for (unsigned d = 0; d < dwords(type); ++d)
        op_.src[op_.slots++] = {Kind::kSgpr, 0, uint16_t(op_.dst + d)};
    else
      add_source(operand(at++), type, k, Extras());
  }
  for (const Slot& slot : op_.src)
    if (slot.kind == Kind::kVgpr) throw Mismatch();
  // s_addk and the like print the destination once, s_cmpk its source first: nothing is left
  // over.
  expect_operands(at);
}

void Binder::bind_branch() {
  expect_modifiers({});
  size_t at = 0;
  op_.exec = row_->exec;
  if (asm_->operands.size() == 2) {
    op_.dst = scalar_register(operand(at++), 2);
    op_.dwords = 2;
    op_.dst_scalar = true;
    not_exec(op_);
  }
  const AsmOperand& o = operand(at++);
  if (o.kind != AsmKind::kInteger) throw Mismatch();
  branch_ = address_ + 4 + uint64_t(int64_t(int16_t(o.value)) * 4);
  expect_operands(at);
}

void Binder::bind_scalar_load() {
  expect_modifiers({"offset", "glc"});
  op_.exec = row_->exec;
  op_.dwords = row_->result_dwords;
  op_.dst_scalar = true;
  op_.dst = scalar_register(operand(0), op_.dwords);
  not_exec(op_);
  const unsigned base = row_->mnemonic.starts_with("s_buffer_") ? 4 : 2;
  op_.src[0] = {Kind::kSgpr, 0, scalar_register(operand(1), base)};
  op_.imm2 = cache_bits(*asm_);
  bind_scalar_offset();
}

// Data, base, offset. The data registers of an atomic with glc take the old content.
void Binder::bind_scalar_store() {
  expect_modifiers({"offset", "glc"});
  op_.exec = row_->exec;
  const unsigned dwords = (row_->param & kBytes) / 4;
  const unsigned data = dwords * (row_->operand_count != 0 ? 2 : 1);
  const unsigned base = row_->mnemonic.starts_with("s_buffer_") ? 4 : 2;
  op_.src[0] = {Kind::kSgpr, 0, scalar_register(operand(1), base)};
  op_.src[2] = {Kind::kSgpr, 0, scalar_register(operand(0), data)};
  op_.imm2 = cache_bits(*asm_);
  if ((row_->param & kAtomic) != 0 && (op_.imm2 & kSc0) != 0) {
    op_.dst = op_.src[2].index;
    op_.dwords = uint8_t(dwords);
    op_.dst_scalar = true;
    not_exec(op_);
  }
  bind_scalar_offset();
}

// The third and last operand of scalar memory instructions.
void Binder::bind_scalar_offset() {
  expect_operands(3);
  const AsmOperand& offset = operand(2);
  if (offset.kind == AsmKind::kScalar) {
    op_.src[1] = {Kind::kSgpr, 0, scalar_register(offset, 1)};
    op_.imm = int32_t(asm_->number("offset", 0));
  } else if (offset.kind == AsmKind::kInteger) {
    op_.imm = int32_t(offset.value);
  } else {
    throw Mismatch();
  }
}

void Binder::bind_lds() {
  expect_modifiers({"offset", "offset0", "offset1"});
  op_.exec = row_->exec;
  const uint32_t param = row_->param;
  const unsigned bytes = param & kBytes;
  const unsigned data_dwords = (bytes + 3) / 4;
  size_t at = 0;
  if (param == 0) {  // ds_bpermute and its like: a register, then the row's operands
    op_.dwords = 1;
    op_.dst = vector_register(operand(at++), 1);
    for (unsigned k = 0; k < row_->operand_count; ++k)
      op_.src[k] = {Kind::kVgpr, 0, vector_register(operand(at++), 1)};
    // The offset has several spellings; the encoding has one.
    op_.imm = int32_t(encoding_ & 0xffff);
    expect_operands(at);
    return;
  }
  const unsigned accesses = param & kTwo ? 2 : 1;
  if ((param & kLoad) || (param & kReturns)) {
    op_.dwords = uint8_t(data_dwords * accesses);
    op_.dst = vector_register(operand(at++), op_.dwords);
  }
  op_.src[0] = {Kind::kVgpr, 0, vector_register(operand(at++), 1)};
  for (unsigned k = 1; at < asm_->operands.size() && k < 3; ++k)
    op_.src[k] = {Kind::kVgpr, 0, vector_register(operand(at++), data_dwords)};
  expect_operands(at);
  if (param & kTwo) {
    const int32_t unit = int32_t(bytes) * (param & kFar ? 64 : 1);
    op_.imm = int32_t(asm_->number("offset0", 0)) * unit;
    op_.imm2 = int32_t(asm_->number("offset1", 0)) * unit;
  } else {
    op_.imm = int32_t(asm_->number("offset", 0));
  }
}

// Data registers of a load, store or atomic; `result` and `data` say which the instruction has.
void Binder::bind_memory() {
  expect_modifiers({"offset", "sc0", "sc1", "nt"});
  op_.exec = row_->exec;
  const uint32_t param = row_->param;
  const unsigned dwords = ((param & kBytes) + 3) / 4;
  const bool compares = row_->operand_count != 0;
  const bool global = row_->format == Format::kGlobal, scratch = row_->format == Format::kScratch;
  op_.imm = int32_t(asm_->number("offset", 0));
  op_.imm2 = cache_bits(*asm_);
  op_.flags = compares;
  size_t at = 0;
  const bool result = (param & kLoad) ? !(param & kToLds) : (param & kAtomic) && asm_->has("sc0");
  if (result) {
    op_.dwords = uint8_t(dwords);
    op_.dst = vector_register(operand(at++), dwords);
  }
  const AsmOperand& address = operand(at++);
  if (address.kind != AsmKind::kOff) {
    const unsigned width = scratch ? 1 : address.count;
    const uint16_t reg = vector_register(address, width);
    op_.src[0] = {Kind::kVgpr, 0, reg};
    if (width == 2) op_.src[1] = {Kind::kVgpr, 0, uint16_t(reg + 1)};
    if (width > 2) throw Mismatch();
  } else if (!scratch) {
    throw Mismatch();
  }
  if (param & (kStore | kAtomic))
    op_.src[3] = {Kind::kVgpr, 0, vector_register(operand(at++), dwords * (compares ? 2 : 1))};
  if (global || scratch) {
    const AsmOperand& base = operand(at++);
    if (base.kind != AsmKind::kOff)
      op_.src[2] = {Kind::kSgpr, 0, scalar_register(base, scratch ? 1 : 2)};
  }
  expect_operands(at);
}

void Binder::bind_buffer() {
  expect_modifiers({"idxen", "offen", "offset", "lds", "sc0", "sc1", "nt"});
  op_.exec = row_->exec;
  const uint32_t param = row_->param;
  const unsigned dwords = ((param & kBytes) + 3) / 4;
  const bool to_lds = asm_->has("lds");
  if (to_lds && !(param & kLoad)) throw Mismatch();
  op_.flags = uint8_t((asm_->has("idxen") ? kIdxen : 0) | (asm_->has("offen") ? kOffen : 0) |
                      (to_lds ? kLdsDestination : 0));
  op_.imm2 = cache_bits(*asm_);
  op_.imm = int32_t(asm_->number("offset", 0));
  size_t at = 0;
  if (!to_lds) {
    const unsigned width = dwords * (row_->operand_count != 0 ? 2 : 1);
    const uint16_t data = vector_register(operand(at++), width);
    if (param & (kStore | kAtomic)) op_.src[3] = {Kind::kVgpr, 0, data};
    if ((param & kLoad) || ((param & kAtomic) && asm_->has("sc0"))) {
      op_.dst = data;
      op_.dwords = uint8_t(dwords);
    }
  }
  const unsigned address =
      unsigned((op_.flags & kIdxen) != 0) + unsigned((op_.flags & kOffen) != 0);
  // The address operand is left out of the text only when it has no registers and data goes to
  // LDS.
  if (address == 0) {
    if (operand(at).kind == AsmKind::kOff) ++at;
  } else {
    const uint16_t reg = vector_register(operand(at++), address);
    for (unsigned k = 0; k < address; ++k) op_.src[k] = {Kind::kVgpr, 0, uint16_t(reg + k)};
  }
  op_.src[2] = {Kind::kSgpr, 0, scalar_register(operand(at++), 4)};
  const AsmOperand& soffset = operand(at++);
  op_.src[4] = soffset.kind == AsmKind::kScalar
                   ? Slot{Kind::kSgpr, 0, scalar_register(soffset, 1)}
                   : constant(uint32_t(constant_value(soffset, OperandType::kB32, false)));
  expect_operands(at);
}

void Binder::bind_lane_move() {
  expect_modifiers({});
  op_.exec = row_->exec;
  const AsmOperand& dst = operand(0);
  op_.dwords = 1;
  if (is_register(dst)) {
    op_.dst = vector_register(dst, 1);
  } else {
    op_.dst = scalar_register(dst, 1);
    op_.dst_scalar = true;
    not_exec(op_);
  }
  for (unsigned k = 0; k < row_->operand_count; ++k)
    add_source(operand(k + 1), OperandType::kB32, k, Extras());
  expect_operands(row_->operand_count + 1u);
  // Which operands are VGPRs.
  const std::string_view m = row_->mnemonic;
  const bool writes_lane = m == "v_writelane_b32", reads_first = m == "v_readfirstlane_b32";
  if (op_.dst_scalar != (m == "v_readlane_b32" || reads_first)) throw Mismatch();
  if (!reads_first && (op_.src[0].kind == Kind::kVgpr) == writes_lane) throw Mismatch();
  if (op_.src[1].kind == Kind::kVgpr) throw Mismatch();
}

// Sources of any width; scalars and constants only where it is one dword.
void Binder::bind_wide() {
  expect_modifiers({});
  op_.exec = row_->exec;
  op_.dwords = row_->result_dwords;
  op_.dst = vector_register(operand(0), op_.dwords);
  for (unsigned k = 0; k < row_->operand_count; ++k) {
    const AsmOperand& o = operand(k + 1);
    const unsigned width = row_->param >> 8 * k & 0xff;
    if (o.neg || o.abs) throw Mismatch();
    op_.src[k] = is_register(o) ? Slot{Kind::kVgpr, 0, vector_register(o, width)}
                 : width != 1   ? throw Mismatch()
                 : o.kind == AsmKind::kScalar
                     ? Slot{Kind::kSgpr, 0, scalar_register(o, 1)}
                     : constant(uint32_t(constant_value(o, OperandType::kB32, false)));
  }
  expect_operands(row_->operand_count + 1u);
}

void Binder::bind_matrix() {
  expect_modifiers({"cbsz", "abid", "blgp", "neg", "op_sel", "op_sel_hi"});
  op_.exec = row_->exec;
  const mfma::Op& matrix = matrix_op(code_->arch, asm_->mnemonic);
  const auto ops = mfma::ops(code_->arch);
  op_.imm2 = int32_t(&matrix - ops.data());
  MatrixFields fields;
  fields.cbsz = uint8_t(asm_->number("cbsz", 0));
  fields.abid = uint8_t(asm_->number("abid", 0));
  fields.blgp = uint8_t(asm_->number("blgp", 0));
  if (const AsmModifier* neg = asm_->find("neg"))  // f64: how LLVM prints blgp there
    for (size_t i = 0; i < neg->list.size(); ++i) fields.blgp |= uint8_t((neg->list[i] != 0) << i);
  mfma::Modifiers modifiers{fields.cbsz, fields.abid, fields.blgp, false, {}, {}};
  static constexpr uint32_t kSomeScale[kLanes] = {};  // the registers are known when it runs
  if (matrix.scaled) modifiers.a_scale.lanes = modifiers.b_scale.lanes = kSomeScale;
  if (mfma::illegal(matrix, modifiers) != nullptr) throw Mismatch();
  op_.dwords = uint8_t(mfma::d_registers(matrix));
  op_.dst = vector_register(operand(0), op_.dwords);
  const unsigned widths[2] = {unsigned(mfma::a_registers(matrix, modifiers)),
                              unsigned(mfma::b_registers(matrix, modifiers))};
  for (unsigned k = 0; k < 2; ++k)
    op_.src[k] = {Kind::kVgpr, 0, vector_register(operand(k + 1), widths[k])};
  const AsmOperand& c = operand(3);
  if (is_register(c)) {
    op_.src[2] = {Kind::kVgpr, 0, vector_register(c, op_.dwords)};
  } else {
    const bool wide = matrix.tile.a == mfma::Element::kF64;
    const uint64_t value = constant_value(c, wide ? OperandType::kF64 : OperandType::kF32, false);
    op_.src[2] = constant(uint32_t(value));
    op_.src[3] = constant(uint32_t(value >> 32));
  }
  if (matrix.scaled) {
    // The byte of an operand's scale: bit 0 in op_sel, bit 1 in op_sel_hi.
    const auto bit = [&](const char* name, unsigned k) {
      const AsmModifier* m = asm_->find(name);
      return uint8_t(m != nullptr && k < m->list.size() && m->list[k] != 0);
    };
    for (unsigned k = 0; k < 2; ++k)
      op_.src[4 + k] = {Kind::kVgpr, 0, vector_register(operand(4 + k), 1)};
    fields.a_scale_byte = uint8_t(bit("op_sel", 0) | bit("op_sel_hi", 0) << 1);
    fields.b_scale_byte = uint8_t(bit("op_sel", 1) | bit("op_sel_hi", 1) << 1);
  }
  fields.store(op_);
  expect_operands(matrix.scaled ? 6u : 4u);
}

void Binder::bind_sparse() {
  expect_modifiers({"cbsz", "abid"});
  op_.exec = row_->exec;
  const mfma::SparseOp& sparse = *mfma::find_sparse(code_->arch, asm_->mnemonic);
  op_.imm2 = int32_t(&sparse - mfma::sparse_ops(code_->arch).data());
  MatrixFields fields;
  fields.cbsz = uint8_t(asm_->number("cbsz", 0));
  fields.abid = uint8_t(asm_->number("abid", 0));
  if (mfma::first_index_bit(sparse, fields.cbsz, fields.abid) < 0) throw Mismatch();
  fields.store(op_);
  op_.dwords = uint8_t(mfma::d_registers(sparse));
  op_.dst = vector_register(operand(0), op_.dwords);
  const unsigned widths[3] = {unsigned(mfma::a_registers(sparse)),
                              unsigned(mfma::b_registers(sparse)), 1};
  for (unsigned k = 0; k < 3; ++k)
    op_.src[k] = {Kind::kVgpr, 0, vector_register(operand(k + 1), widths[k])};
  expect_operands(4);
}

void Binder::bind_bare() {
  op_.exec = row_->exec;
  if (asm_->mnemonic.starts_with("s_set_gpr_idx")) {
    code_->indexes_vgprs = true;
    // Operand classes: the second source byte of s_set_gpr_idx_on, the immediate of ..._mode.
    const bool on = asm_->mnemonic.ends_with("_on");
    op_.imm = int32_t(on ? encoding_ >> 8 & 0xff : encoding_ & 0xffff);
    if (on || asm_->mnemonic.ends_with("_idx"))
      add_source(operand(0), OperandType::kB32, 0, Extras());
    return;
  }
  if (asm_->mnemonic == "s_waitcnt") {
    // vmcnt lies in two parts.
    const uint32_t vmcnt = (encoding_ & 15) | (encoding_ >> 14 & 3) << 4;
    op_.imm = int32_t(vmcnt | (encoding_ >> 4 & 7) << 8 | (encoding_ >> 8 & 15) << 16);
    return;
  }
  // s_setreg and s_getreg: register, first bit and size as the encoding has them.
  const bool set = asm_->mnemonic.starts_with("s_setreg"),
             get = asm_->mnemonic.starts_with("s_getreg");
  if (!set && !get) {
    op_.imm = int32_t(encoding_ & 0xffff);
    op_.imm2 = cache_bits(*asm_);
    return;
  }
  op_.imm = int32_t(encoding_ & 63);
  op_.imm2 = int32_t((encoding_ >> 6 & 31) | ((encoding_ >> 11 & 31) + 1) << 8);
  expect_operands(2);
  if (set) {
    add_source(operand(1), OperandType::kB32, 0, Extras());
  } else {
    op_.dst = scalar_register(operand(0), 1);
    op_.dwords = 1;
    op_.dst_scalar = true;
    not_exec(op_);
  }
}

namespace {

// Compares of two values in an order; class, constant and NaN tests are none.
CompareType compare_type(std::string_view mnemonic) {
  const auto ends = [&](std::string_view suffix) { return mnemonic.ends_with(suffix); };
  if (!mnemonic.starts_with("s_cmp") && !mnemonic.starts_with("v_cmp")) return CompareType::kNone;
  for (const std::string_view other : {"_class_", "_f_", "_t_", "_tru_", "_o_", "_u_"})
    if (mnemonic.find(other) != std::string_view::npos) return CompareType::kNone;
  if (ends("_i16")) return CompareType::kI16;
  if (ends("_u16")) return CompareType::kU16;
  if (ends("_i32")) return CompareType::kI32;
  if (ends("_u32")) return CompareType::kU32;
  if (ends("_i64")) return CompareType::kI64;
  if (ends("_u64")) return CompareType::kU64;
  if (ends("_f16")) return CompareType::kF16;
  if (ends("_f32")) return CompareType::kF32;
  if (ends("_f64")) return CompareType::kF64;
  return CompareType::kNone;
}

}  // namespace

std::optional<Binder::Bound> Binder::bind(const AsmText& text, uint32_t encoding,
                                          uint64_t address) {
  row_ = find_row(isa_, code_->arch, text.mnemonic);
  if (row_ == nullptr) return std::nullopt;
  asm_ = &text;
  encoding_ = encoding;
  address_ = address;
  op_ = Op();
  branch_.reset();
  try {
    bind_operands();
  } catch (const Mismatch&) {
    return std::nullopt;
  }
  op_.row = row_;
  op_.compare = compare_type(row_->mnemonic);
  if (op_.compare != CompareType::kNone) {
    op_.inner = op_.exec;
    op_.exec =
        row_->format == Format::kScalar ? table(isa_).compare_scalar : table(isa_).compare_vector;
  }
  if (row_->fidelity != Fidelity::kExact) {
    op_.inner = op_.exec;
    op_.exec = &exec_inexact;
  }
  return Bound{op_, branch_};
}

void Binder::bind_operands() {
  switch (row_->format) {
    case Format::kVector:
    case Format::kVectorCompareExec:
      bind_vector();
      break;
    case Format::kScalar:
      bind_scalar();
      break;
    case Format::kBranch:
      bind_branch();
      break;
    case Format::kScalarLoad:
      bind_scalar_load();
      break;
    case Format::kScalarStore:
      bind_scalar_store();
      break;
    case Format::kLds:
      bind_lds();
      break;
    case Format::kGlobal:
    case Format::kFlat:
    case Format::kScratch:
      bind_memory();
      break;
    case Format::kBuffer:
      bind_buffer();
      break;
    case Format::kLaneMove:
      bind_lane_move();
      break;
    case Format::kMatrix:
      bind_matrix();
      break;
    case Format::kSparse:
      bind_sparse();
      break;
    case Format::kWide:
      bind_wide();
      break;
    case Format::kBare:
      bind_bare();
      break;
  }
  const std::string_view m = asm_->mnemonic;
  code_->calls |= m == "s_swappc_b64" || m == "s_setpc_b64" || m == "s_call_b64";
  code_->skips_vectors |= m == "s_setvskip" || (m.starts_with("s_setreg") && writes_vskip(op_));
}

}  // namespace wavefuzz::sim
