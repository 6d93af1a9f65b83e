#include "gpu/sim/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "gpu/sim/bind.h"
#include "gpu/sim/matrix.h"
#include "gpu/sim/mfma/sparse.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

// --- Registers and constants ---------------------------------------------------------------------

std::string numbered(char letter, unsigned first, unsigned count) {
  return count == 1 ? fmt::format("{}{}", letter, first)
                    : fmt::format("{}[{}:{}]", letter, first, first + count - 1);
}
std::string vector_name(unsigned first, unsigned count) {
  return first < kAgpr0 ? numbered('v', first, count) : numbered('a', first - kAgpr0, count);
}
std::string scalar_name(unsigned first, unsigned count) {
  const auto part_of = [&](const char* name, unsigned low) {
    return count == 2 ? name : fmt::format("{}_{}", name, first == low ? "lo" : "hi");
  };
  switch (first) {
    case kFlatScratch:
    case kFlatScratch + 1:
      return part_of("flat_scratch", kFlatScratch);
    case kVcc:
    case kVcc + 1:
      return part_of("vcc", kVcc);
    case kExec:
    case kExec + 1:
      return part_of("exec", kExec);
    case kM0:
      return "m0";
    case kScc:
      return "src_scc";
    default:
      return numbered('s', first, count);
  }
}

struct Inline {
  uint64_t bits;
  const char* text;
};
constexpr Inline kInline16[] = {{0x3800, "0.5"},  {0xb800, "-0.5"}, {0x3c00, "1.0"},
                                {0xbc00, "-1.0"}, {0x4000, "2.0"},  {0xc000, "-2.0"},
                                {0x4400, "4.0"},  {0xc400, "-4.0"}, {0x3118, "0.15915494"}};
constexpr Inline kInline32[] = {
    {0x3f00'0000, "0.5"},  {0xbf00'0000, "-0.5"}, {0x3f80'0000, "1.0"},
    {0xbf80'0000, "-1.0"}, {0x4000'0000, "2.0"},  {0xc000'0000, "-2.0"},
    {0x4080'0000, "4.0"},  {0xc080'0000, "-4.0"}, {0x3e22'f983, "0.15915494"}};
constexpr Inline kInline64[] = {{0x3fe0'0000'0000'0000, "0.5"},
                                {0xbfe0'0000'0000'0000, "-0.5"},
                                {0x3ff0'0000'0000'0000, "1.0"},
                                {0xbff0'0000'0000'0000, "-1.0"},
                                {0x4000'0000'0000'0000, "2.0"},
                                {0xc000'0000'0000'0000, "-2.0"},
                                {0x4010'0000'0000'0000, "4.0"},
                                {0xc010'0000'0000'0000, "-4.0"},
                                {0x3fc4'5f30'6dc9'c882, "0.15915494309189532"}};

// A constant of that value: an inline one where there is one, else a literal.
template <size_t kCount>
std::string constant_name(uint64_t value, int64_t as_integer, const Inline (&floats)[kCount],
                          uint64_t literal) {
  if (as_integer >= -16 && as_integer <= 64) return fmt::format("{}", as_integer);
  for (const Inline& f : floats)
    if (value == f.bits) return f.text;
  return fmt::format("{:#x}", literal);
}
std::string constant32(uint32_t value) {
  return constant_name(value, int32_t(value), kInline32, value);
}
std::string constant16(uint32_t value) {
  return constant_name(value, int32_t(value), kInline16, value);
}
// An inline float of a 16-bit integer is an f32, and printed as the bits of an f16.
std::string constant_b16(uint32_t value) {
  for (size_t i = 0; i < std::size(kInline32); ++i)
    if (value == kInline32[i].bits) return fmt::format("{:#x}", kInline16[i].bits);
  return constant_name(value, int32_t(value), {{~uint64_t{0}, ""}}, value);
}
// An inline float of v_cvt_f32_bf16 is the high half of an f32.
std::string constant_bf16(uint32_t value) {
  for (const Inline& f : kInline32)
    if (value == f.bits >> 16) return f.text;
  return constant_b16(value);
}
std::string constant64(uint64_t value, OperandType type) {
  if (value == uint64_t{kSharedAperture} << 32) return "src_shared_base";
  if (value == (uint64_t{kSharedAperture} << 32 | 0xffff'ffff)) return "src_shared_limit";
  if (value == uint64_t{kPrivateAperture} << 32) return "src_private_base";
  if (value == (uint64_t{kPrivateAperture} << 32 | 0xffff'ffff)) return "src_private_limit";
  // A literal is the high half of an f64, the low half of an integer.
  return constant_name(value, int64_t(value), kInline64,
                       type == OperandType::kF64 ? value >> 32 : value & 0xffff'ffff);
}

// The control that gives these source lanes.
std::string dpp_control(const Extras& extras) {
  using Lanes = std::pair<std::array<uint8_t, kLanes>, uint64_t>;
  const auto lanes_of = [](const Extras& e) {
    Lanes lanes{{}, e.dpp_valid};
    std::copy_n(e.dpp_source, kLanes, lanes.first.begin());
    return lanes;
  };
  static const std::map<Lanes, std::string> controls = [&] {
    std::vector<std::string> all;
    for (unsigned i = 0; i < 256; ++i)
      all.push_back(
          fmt::format("quad_perm:[{},{},{},{}]", i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6 & 3));
    for (const char* name : {"row_shl", "row_shr", "row_ror"})
      for (unsigned i = 1; i < 16; ++i) all.push_back(fmt::format("{}:{}", name, i));
    for (unsigned i = 0; i < 16; ++i) all.push_back(fmt::format("row_newbcast:{}", i));
    for (const char* text : {"wave_shl:1", "wave_rol:1", "wave_shr:1", "wave_ror:1", "row_mirror",
                             "row_half_mirror", "row_bcast:15", "row_bcast:31"})
      all.push_back(text);
    std::map<Lanes, std::string> map;
    for (const std::string& control : all) {
      const std::string text = "v_mov_b32_dpp v0, v0 " + control;
      Extras e;
      if (bind_dpp(*parse_asm(text), &e)) map.emplace(lanes_of(e), control);
    }
    return map;
  }();
  const auto it = controls.find(lanes_of(extras));
  return it == controls.end() ? "(no control)" : it->second;
}

// Bit i: some lane of group i is in `lanes`, where lane n belongs to group(n).
template <typename F>
unsigned groups(uint64_t lanes, F group) {
  unsigned mask = 0;
  for (unsigned i = 0; i < kLanes; ++i) mask |= unsigned(lanes >> i & 1) << group(i);
  return mask;
}

std::string_view part_name(Part part) {
  static constexpr std::string_view kNames[] = {"DWORD",  "BYTE_0", "BYTE_1", "BYTE_2",
                                                "BYTE_3", "WORD_0", "WORD_1"};
  return kNames[size_t(part)];
}

std::string swizzle(uint32_t offset) {
  if (offset & 0x8000) {
    if ((offset & 0xff00) == 0x8000)
      return fmt::format("swizzle(QUAD_PERM,{},{},{},{})", offset & 3, offset >> 2 & 3,
                         offset >> 4 & 3, offset >> 6 & 3);
    return fmt::format("{}", offset);
  }
  const uint32_t and_ = offset & 31, or_ = offset >> 5 & 31, xor_ = offset >> 10 & 31;
  if (and_ == 31 && or_ == 0 && xor_ != 0 && (xor_ & (xor_ - 1)) == 0)
    return fmt::format("swizzle(SWAP,{})", xor_);
  if (and_ == 31 && or_ == 0 && xor_ != 0 && (xor_ & (xor_ + 1)) == 0)
    return fmt::format("swizzle(REVERSE,{})", xor_ + 1);
  const uint32_t group = 32 - and_;
  if (group > 1 && (group & (group - 1)) == 0 && or_ < group && xor_ == 0)
    return fmt::format("swizzle(BROADCAST,{},{})", group, or_);
  std::string mask;
  for (int i = 4; i >= 0; --i) {
    const unsigned a = and_ >> i & 1, o = or_ >> i & 1, x = xor_ >> i & 1;
    const unsigned p0 = o ^ x, p1 = (a | o) ^ x;  // what becomes of 0 and of 1
    mask += p0 == p1 ? (p0 ? '1' : '0') : p0 == 0 ? 'p' : 'i';
  }
  return fmt::format("swizzle(BITMASK_PERM,\"{}\")", mask);
}

bool has_short_constant(std::string_view mnemonic) {  // SOPK
  return mnemonic.starts_with("s_movk_") || mnemonic.starts_with("s_cmovk_") ||
         mnemonic.starts_with("s_cmpk_") || mnemonic.starts_with("s_addk_") ||
         mnemonic.starts_with("s_mulk_");
}
// The operand that is always a literal: the second one of v_fmamk, the third of v_fmaak.
bool is_literal_operand(std::string_view mnemonic, unsigned k) {
  return (mnemonic.starts_with("v_fmamk_") && k == 1) ||
         (mnemonic.starts_with("v_fmaak_") && k == 2);
}

class Printer {
 public:
  Printer(const Code& code, const Op& op) : code_(code), op_(op), row_(*op.row) {}

  std::string text() {
    mnemonic_ = row_.mnemonic;
    switch (row_.format) {
      case Format::kVector:
      case Format::kVectorCompareExec:
        vector();
        break;
      case Format::kScalar:
        scalar();
        break;
      case Format::kBranch:
        branch();
        break;
      case Format::kScalarLoad:
        scalar_load();
        break;
      case Format::kScalarStore:
        scalar_store();
        break;
      case Format::kLds:
        lds();
        break;
      case Format::kGlobal:
      case Format::kFlat:
      case Format::kScratch:
        memory();
        break;
      case Format::kBuffer:
        buffer();
        break;
      case Format::kLaneMove:
        lane_move();
        break;
      case Format::kMatrix:
        matrix();
        break;
      case Format::kSparse:
        sparse();
        break;
      case Format::kWide:
        wide();
        break;
      case Format::kBare:
        bare();
        break;
    }
    std::string text = mnemonic_;
    if (!operands_.empty()) text += fmt::format(" {}", fmt::join(operands_, ", "));
    return text + modifiers_;
  }

 private:
  template <typename... A>
  void modifier(fmt::format_string<A...> format, A&&... args) {
    modifiers_ += ' ';
    fmt::format_to(std::back_inserter(modifiers_), format, std::forward<A>(args)...);
  }
  void list(const char* name, const std::vector<unsigned>& values) {
    modifiers_ += fmt::format(" {}:[{}]", name, fmt::join(values, ","));
  }
  // A list modifier, left out where every value is the default.
  void list(const char* name, const std::vector<unsigned>& values, unsigned otherwise) {
    for (const unsigned value : values)
      if (value != otherwise) return list(name, values);
  }
  bool is_pk_mov() const { return row_.mnemonic == "v_pk_mov_b32"; }
  uint32_t constant(const Slot& slot) const { return code_.constants[slot.index].lane[0]; }
  void destination() {
    if (op_.dwords != 0)
      operands_.push_back(op_.dst_scalar ? scalar_name(op_.dst, op_.dwords)
                                         : vector_name(op_.dst, op_.dwords));
  }
  std::string registers(const Slot& slot, unsigned count) const {
    return slot.kind == Kind::kVgpr ? vector_name(slot.index, count)
                                    : scalar_name(slot.index, count);
  }
  void cache_bits() {
    const bool scalar = row_.format == Format::kScalarLoad || row_.format == Format::kScalarStore;
    const char* const names[] = {scalar ? " glc" : " sc0", " nt", " sc1"};
    for (unsigned i = 0; i < 3; ++i)
      if (op_.imm2 & (1 << i)) modifiers_ += names[i];
  }

  // A constant operand as it was before its sign modifiers were applied to it.
  std::string constant_source(const Slot& first, const Slot& last, OperandType type, unsigned k,
                              bool neg, bool abs) const {
    const std::string_view m = row_.mnemonic;
    const bool half = type == OperandType::kB16 || type == OperandType::kF16;
    const bool wide = type == OperandType::kF64 || (type == OperandType::kB64 && !is_pk_mov());
    uint64_t value = constant(first);
    if (wide) value |= uint64_t(constant(last)) << 32;
    const bool applied = op_.extras == nullptr || !op_.extras->rearranges;
    if (applied) {
      const uint64_t sign = half ? 0x8000u : wide ? uint64_t{1} << 63 : 0x8000'0000u;
      if (neg) value ^= sign;
      // What abs took away can only have been the sign of a small integer.
      const int64_t negative = wide ? int64_t(value | sign) : int32_t(uint32_t(value | sign));
      if (abs && negative >= -16 && negative < 0) value |= sign;
      const bool packed = type == OperandType::kPackedF16 || type == OperandType::kPackedF32;
      if (packed && first.modifiers & kNeg31) value ^= 0x8000'0000u;
      if (packed && first.modifiers & kNeg15) value ^= 0x8000u;
    }
    if (is_literal_operand(m, k)) return fmt::format("{:#x}", value);
    if (wide) return constant64(value, type);
    if (m == "v_cvt_f32_bf16") return constant_bf16(uint32_t(value));
    if (type == OperandType::kB16 && m != "v_ldexp_f16") return constant_b16(uint32_t(value));
    return half || type == OperandType::kPackedF16 ||
                   (op_.extras != nullptr && k < 4 && op_.extras->mix_half[k])
               ? constant16(uint32_t(value))
               : constant32(uint32_t(value));
  }

  // One source operand that starts at a slot, with its sign modifiers.
  std::string source(unsigned slot, OperandType type, unsigned k) const {
    const unsigned count = dwords(type);
    const Slot& first = op_.src[slot];
    const Slot& last = op_.src[slot + count - 1];
    if (first.kind == Kind::kMask) return scalar_name(first.index, 2);
    const bool packed = type == OperandType::kPackedB16 || type == OperandType::kPackedF16 ||
                        type == OperandType::kPackedF32;
    const bool half = type == OperandType::kB16 || type == OperandType::kF16;
    const bool neg = !packed && (last.modifiers & (half ? kNeg15 : kNeg31));
    const bool abs = !packed && (last.modifiers & (half ? kAbs15 : kAbs31));
    std::string text;
    if (first.kind == Kind::kConst) {
      text = constant_source(first, last, type, k, neg, abs);
    } else {
      // The dwords of a packed f32 may be swapped or doubled; pairs begin at an even register.
      const unsigned base =
          type == OperandType::kPackedF32 || is_pk_mov() ? first.index & ~1u : first.index;
      text = first.kind == Kind::kVgpr ? vector_name(base, count) : scalar_name(base, count);
    }
    if (abs) text = fmt::format("|{}|", text.starts_with('-') ? text.substr(1) : text);
    if (neg)
      text = first.kind == Kind::kConst && !abs && !text.starts_with("src_")
                 ? fmt::format("neg({})", text)
                 : fmt::format("-{}", text);
    if (op_.extras != nullptr && k < 4 && op_.extras->sext[k]) text = fmt::format("sext({})", text);
    return text;
  }

  void vector() {
    static const Extras kNone;
    const Extras& e = op_.extras != nullptr ? *op_.extras : kNone;
    destination();
    if (op_.has_mask) operands_.push_back(scalar_name(op_.mask, 2));
    std::vector<unsigned> op_sel, op_sel_hi, neg_lo, neg_hi;
    bool packed = false, mix = false, halves = false;
    unsigned slot = 0;
    for (unsigned k = 0; k < row_.operand_count; ++k) {
      const OperandType type = row_.operands[k];
      const Slot& s = op_.src[slot];
      if ((row_.param & kTableModifier) && k + 1u == row_.operand_count) {
        if (constant(s) != 0)
          modifier("bitop3:{}", constant(s) <= 10 ? fmt::format("{}", constant(s))
                                                  : fmt::format("{:#x}", constant(s)));
        break;
      }
      switch (type) {
        case OperandType::kVccBit:
        case OperandType::kLaneNumber:
        case OperandType::kOldB32:
        case OperandType::kOldF32:
        case OperandType::kOldF64:
        case OperandType::kOldPackedF16:
        case OperandType::kScc:
          break;
        case OperandType::kPackedF32: {
          const Slot& high = op_.src[slot + 1];
          const auto from_high = [](const Slot& part) {
            return unsigned(part.kind == Kind::kConst ? (part.modifiers & kRecordsHigh) != 0
                                                      : part.index & 1);
          };
          packed = true;
          op_sel.push_back(from_high(s));
          op_sel_hi.push_back(from_high(high));
          neg_lo.push_back((s.modifiers & kNeg31) != 0);
          neg_hi.push_back((high.modifiers & kNeg31) != 0);
          operands_.push_back(source(slot, type, k));
          break;
        }
        case OperandType::kPackedB16:
        case OperandType::kPackedF16:
          packed = true;
          op_sel.push_back(e.halves[k] & 1);
          op_sel_hi.push_back(e.halves[k] >> 1);
          neg_lo.push_back((s.modifiers & kNeg15) != 0);
          neg_hi.push_back((s.modifiers & kNeg31) != 0);
          operands_.push_back(source(slot, type, k));
          break;
        default:
          mix |= type == OperandType::kMixF32;
          halves |= type == OperandType::kB16 || type == OperandType::kF16;
          if (is_pk_mov())  // its one dword of each source
            op_sel.push_back(op_.src[slot + k].index & 1);
          else
            op_sel.push_back(!e.sdwa && k < 4 && e.part[k] == Part::kWord1);
          // Beside packed operands (v_dot2_f32_f16) the lists have the defaults here.
          op_sel_hi.push_back(packed || (k < 4 && e.mix_half[k]));
          neg_lo.push_back(0);
          neg_hi.push_back(0);
          operands_.push_back(source(slot, type, k));
      }
      slot += dwords(type);
    }
    if (e.sdwa) {
      mnemonic_ += "_sdwa";
    } else if (packed) {
      list("op_sel", op_sel, 0);
      list("op_sel_hi", op_sel_hi, 1);
      list("neg_lo", neg_lo, 0);
      list("neg_hi", neg_hi, 0);
    } else if (mix) {
      list("op_sel", op_sel, 0);
      list("op_sel_hi", op_sel_hi, 0);
    } else if (row_.param & kByteDestination) {
      const unsigned byte = unsigned(e.dst_part) - unsigned(Part::kByte0);
      list("op_sel", {0, 0, byte & 1, byte >> 1}, 0);
    } else if (is_pk_mov()) {
      list("op_sel", op_sel, 0);
    } else if (row_.preserves_half || halves) {
      op_sel.push_back(row_.preserves_half && e.dst_part == Part::kWord1);
      list("op_sel", op_sel, 0);
    }
    if (e.clamp || (row_.saturating != nullptr && op_.lanes == row_.saturating)) modifier("clamp");
    if (e.omod != 0) modifier("{}", e.omod == 1 ? "mul:2" : e.omod == 2 ? "mul:4" : "div:2");
    if (e.sdwa) {
      // v_cvt_f32_fp8 and v_cvt_f32_bf8 select a byte of their source only.
      const bool whole_result =
          mnemonic_.starts_with("v_cvt_f32_fp8") || mnemonic_.starts_with("v_cvt_f32_bf8");
      if (!row_.result_is_mask && op_.dwords == 1 && !whole_result)
        modifier("dst_sel:{} dst_unused:{}", part_name(e.dst_part),
                 e.dst_unused == Unused::kPreserve ? "UNUSED_PRESERVE"
                 : e.dst_unused == Unused::kSext   ? "UNUSED_SEXT"
                                                   : "UNUSED_PAD");
      for (unsigned k = 0; k < 2 && k < op_sel.size(); ++k)
        modifier("src{}_sel:{}", k, part_name(e.part[k]));
    }
    if (e.dpp) {
      mnemonic_ += "_dpp";
      modifier("{} row_mask:{:#x} bank_mask:{:#x}", dpp_control(e),
               groups(e.dpp_write, [](unsigned i) { return i / 16; }),
               groups(e.dpp_write, [](unsigned i) { return i % 16 / 4; }));
      if (e.bound_ctrl) modifier("bound_ctrl:1");
    }
  }

  void scalar() {
    destination();
    unsigned slot = 0;
    for (unsigned k = 0; k < row_.operand_count; ++k) {
      const OperandType type = row_.operands[k];
      if (type != OperandType::kScc && type != OperandType::kOldB32 &&
          type != OperandType::kOldF64) {
        const Slot& s = op_.src[slot];
        operands_.push_back(s.kind == Kind::kConst && has_short_constant(row_.mnemonic)
                                ? fmt::format("{:#x}", constant(s))
                                : source(slot, type, k));
      }
      slot += dwords(type);
    }
  }

  void branch() {
    if (row_.mnemonic == "s_call_b64") operands_.push_back(scalar_name(op_.dst, 2));
    const uint64_t from = code_.addresses[op_.index] + 4, to = code_.addresses[op_.target->index];
    operands_.push_back(fmt::format("{}", (to - from) / 4 & 0xffff));
  }

  static std::string signed_hex(int32_t x) {
    return x < 0 ? fmt::format("-{:#x}", -int64_t(x)) : fmt::format("{:#x}", x);
  }
  void scalar_load() {
    destination();
    scalar_address();
  }
  void scalar_store() {
    const unsigned data = (row_.param & kBytes) / 4 * (row_.operand_count != 0 ? 2 : 1);
    operands_.push_back(scalar_name(op_.src[2].index, data));
    scalar_address();
  }
  void scalar_address() {
    operands_.push_back(
        scalar_name(op_.src[0].index, row_.mnemonic.starts_with("s_buffer_") ? 4 : 2));
    if (op_.src[1].kind == Kind::kSgpr) {
      operands_.push_back(scalar_name(op_.src[1].index, 1));
      if (op_.imm != 0) modifier("offset:{}", signed_hex(op_.imm));
    } else {
      operands_.push_back(signed_hex(op_.imm));
    }
    cache_bits();
  }

  void lds() {
    destination();
    const uint32_t param = row_.param;
    const unsigned bytes = param & kBytes;
    const unsigned data = param == 0 ? 1 : (bytes + 3) / 4;
    for (unsigned k = 0; k < 3 && op_.src[k].kind != Kind::kNone; ++k)
      operands_.push_back(registers(op_.src[k], k == 0 ? 1 : data));
    if (param & kTwo) {
      const int32_t unit = int32_t(bytes) * (param & kFar ? 64 : 1);
      if (op_.imm != 0) modifier("offset0:{}", op_.imm / unit);
      if (op_.imm2 != 0) modifier("offset1:{}", op_.imm2 / unit);
    } else if (op_.imm != 0) {
      if (row_.mnemonic == "ds_swizzle_b32")
        modifier("offset:{}", swizzle(uint32_t(op_.imm)));
      else
        modifier("offset:{}", op_.imm);
    }
  }

  void memory() {
    const uint32_t param = row_.param;
    const unsigned data = ((param & kBytes) + 3) / 4;
    destination();
    operands_.push_back(op_.src[0].kind == Kind::kNone
                            ? "off"
                            : registers(op_.src[0], op_.src[1].kind == Kind::kNone ? 1 : 2));
    if (op_.src[3].kind != Kind::kNone)
      operands_.push_back(registers(op_.src[3], data * (row_.operand_count != 0 ? 2 : 1)));
    if (row_.format != Format::kFlat)
      operands_.push_back(op_.src[2].kind == Kind::kNone
                              ? "off"
                              : registers(op_.src[2], row_.format == Format::kScratch ? 1 : 2));
    if (op_.imm != 0) modifier("offset:{}", op_.imm);
    cache_bits();
  }

  void buffer() {
    const uint32_t param = row_.param;
    const unsigned data = ((param & kBytes) + 3) / 4 * (row_.operand_count != 0 ? 2 : 1);
    const bool to_lds = op_.flags & kLdsDestination;
    if (!to_lds)
      operands_.push_back(op_.src[3].kind != Kind::kNone ? registers(op_.src[3], data)
                                                         : vector_name(op_.dst, data));
    const unsigned address =
        unsigned((op_.flags & kIdxen) != 0) + unsigned((op_.flags & kOffen) != 0);
    operands_.push_back(address == 0 ? "off" : registers(op_.src[0], address));
    operands_.push_back(scalar_name(op_.src[2].index, 4));
    operands_.push_back(op_.src[4].kind == Kind::kSgpr ? scalar_name(op_.src[4].index, 1)
                                                       : constant32(constant(op_.src[4])));
    if (op_.flags & kIdxen) modifier("idxen");
    if (op_.flags & kOffen) modifier("offen");
    if (op_.imm != 0) modifier("offset:{}", op_.imm);
    cache_bits();
    if (to_lds) modifier("lds");
  }

  void wide() {
    destination();
    for (unsigned k = 0; k < row_.operand_count; ++k) {
      const Slot& slot = op_.src[k];
      operands_.push_back(slot.kind == Kind::kConst ? constant32(constant(slot))
                                                    : registers(slot, row_.param >> 8 * k & 0xff));
    }
  }
  void lane_move() {
    destination();
    for (unsigned k = 0; k < row_.operand_count; ++k)
      operands_.push_back(source(k, OperandType::kB32, k));
  }

  void matrix() {
    const mfma::Op& matrix = mfma::ops(code_.arch)[size_t(op_.imm2)];
    const MatrixFields fields = MatrixFields::load(op_);
    const mfma::Modifiers modifiers{fields.cbsz, fields.abid, fields.blgp, false, {}, {}};
    destination();
    operands_.push_back(registers(op_.src[0], unsigned(mfma::a_registers(matrix, modifiers))));
    operands_.push_back(registers(op_.src[1], unsigned(mfma::b_registers(matrix, modifiers))));
    const bool wide = matrix.tile.a == mfma::Element::kF64;
    if (op_.src[2].kind == Kind::kVgpr)
      operands_.push_back(registers(op_.src[2], op_.dwords));
    else
      operands_.push_back(
          wide ? constant64(constant(op_.src[2]) | uint64_t(constant(op_.src[3])) << 32,
                            OperandType::kF64)
               : constant32(constant(op_.src[2])));
    if (matrix.scaled) {
      for (unsigned k = 4; k < 6; ++k)
        operands_.push_back(op_.src[k].kind == Kind::kConst ? constant32(constant(op_.src[k]))
                                                            : registers(op_.src[k], 1));
      const unsigned a = fields.a_scale_byte, b = fields.b_scale_byte;
      list("op_sel", {a & 1, b & 1, 0});
      list("op_sel_hi", {a >> 1, b >> 1, 0});
    }
    if (fields.cbsz != 0) modifier("cbsz:{}", fields.cbsz);
    if (fields.abid != 0) modifier("abid:{}", fields.abid);
    if (fields.blgp != 0 && wide)
      list("neg", {fields.blgp & 1u, fields.blgp >> 1 & 1u, fields.blgp >> 2 & 1u});
    else if (fields.blgp != 0)
      modifier("blgp:{}", fields.blgp);
  }

  void sparse() {
    const mfma::SparseOp& sparse = mfma::sparse_ops(code_.arch)[size_t(op_.imm2)];
    const MatrixFields fields = MatrixFields::load(op_);
    destination();
    operands_.push_back(registers(op_.src[0], unsigned(mfma::a_registers(sparse))));
    operands_.push_back(registers(op_.src[1], unsigned(mfma::b_registers(sparse))));
    operands_.push_back(registers(op_.src[2], 1));
    if (fields.cbsz != 0) modifier("cbsz:{}", fields.cbsz);
    if (fields.abid != 0) modifier("abid:{}", fields.abid);
  }

  static std::string index_classes(int32_t classes) {
    static constexpr const char* kNames[] = {"SRC0", "SRC1", "SRC2", "DST"};
    std::string text;
    for (unsigned i = 0; i < 4; ++i)
      if (classes >> i & 1) text += fmt::format("{}{}", text.empty() ? "" : ",", kNames[i]);
    return classes > 15 ? fmt::format("{:#x}", classes) : fmt::format("gpr_idx({})", text);
  }
  std::string hwreg() const {
    static constexpr std::pair<int, const char*> kNames[] = {{1, "MODE"},
                                                             {2, "STATUS"},
                                                             {3, "TRAPSTS"},
                                                             {4, "HW_ID"},
                                                             {5, "GPR_ALLOC"},
                                                             {6, "LDS_ALLOC"},
                                                             {7, "IB_STS"},
                                                             {16, "TBA_LO"},
                                                             {17, "TBA_HI"},
                                                             {18, "TMA_LO"},
                                                             {19, "TMA_HI"},
                                                             {15, "SH_MEM_BASES"},
                                                             {20, "XCC_ID"},
                                                             {21, "SQ_PERF_SNAPSHOT_DATA"},
                                                             {22, "SQ_PERF_SNAPSHOT_DATA1"},
                                                             {23, "SQ_PERF_SNAPSHOT_PC_LO"},
                                                             {24, "SQ_PERF_SNAPSHOT_PC_HI"}};
    std::string name = fmt::format("{}", op_.imm);
    for (const auto& [number, text] : kNames)
      if (number == op_.imm) name = fmt::format("HW_REG_{}", text);
    const int first = op_.imm2 & 31, size = op_.imm2 >> 8;
    return first == 0 && size == 32 ? fmt::format("hwreg({})", name)
                                    : fmt::format("hwreg({}, {}, {})", name, first, size);
  }

  void bare() {
    const std::string_view m = row_.mnemonic;
    if (m == "s_waitcnt") {
      const int vm = op_.imm & 0xff, exp = op_.imm >> 8 & 0xff, lgkm = op_.imm >> 16 & 0xff;
      // Counters that are not waited for are left out, unless that leaves nothing.
      const bool none = vm == 63 && exp == 7 && lgkm == 15;
      if (none || vm != 63) modifier("vmcnt({})", vm);
      if (none || exp != 7) modifier("expcnt({})", exp);
      if (none || lgkm != 15) modifier("lgkmcnt({})", lgkm);
    } else if (m == "s_set_gpr_idx_on") {
      operands_ = {source(0, OperandType::kB32, 0), index_classes(op_.imm)};
    } else if (m == "s_set_gpr_idx_idx") {
      operands_ = {source(0, OperandType::kB32, 0)};
    } else if (m == "s_set_gpr_idx_mode") {
      operands_ = {index_classes(op_.imm)};
    } else if (m == "s_setreg_b32") {
      operands_ = {hwreg(), source(0, OperandType::kB32, 0)};
    } else if (m == "s_setreg_imm32_b32") {
      operands_ = {hwreg(), constant32(constant(op_.src[0]))};
    } else if (m == "s_getreg_b32") {
      destination();
      operands_.push_back(hwreg());
    } else if (m == "s_nop" || m == "s_sleep" || m == "s_setprio" || m == "s_sethalt" ||
               m == "s_trap" || m == "s_incperflevel" || m == "s_decperflevel" ||
               (m == "s_endpgm" && op_.imm != 0)) {
      operands_ = {m == "s_endpgm" ? fmt::format("{}", op_.imm) : constant32(uint32_t(op_.imm))};
    } else {
      cache_bits();
    }
  }

  const Code& code_;
  const Op& op_;
  const Row& row_;
  std::string mnemonic_;
  std::vector<std::string> operands_;
  std::string modifiers_;
};

}  // namespace

std::string print(const Code& code, const Op& op) { return Printer(code, op).text(); }

namespace {

// "[1,0]" at `at` as its digits.
std::string list_digits(const std::string& text, size_t at) {
  std::string digits;
  for (; at < text.size() && text[at] != ']'; ++at)
    if (text[at] == '0' || text[at] == '1') digits += text[at];
  return digits;
}

void drop_meaningless_op_sel(std::string& text) {
  const std::string_view name = " op_sel:[", high_name = " op_sel_hi:[";
  const size_t at = text.find(name), high = text.find(high_name);
  if (at == text.npos) return;
  std::string digits = list_digits(text, at + name.size());
  const std::string wide = high == text.npos ? "" : list_digits(text, high + high_name.size());
  std::string list;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i >= wide.size() || wide[i] == '0') digits[i] = '0';
    list += fmt::format("{}{}", i == 0 ? "" : ",", digits[i]);
  }
  const size_t end = text.find(']', at);
  if (end == text.npos) return;
  const bool none = digits.find('1') == digits.npos;
  text.replace(at, end + 1 - at, none ? "" : fmt::format("{}{}]", name, list));
}

// lit(0x...) as the inline constant of that value.
void drop_lit(std::string& text) {
  for (size_t at; (at = text.find("lit(0x")) != text.npos;) {
    const size_t end = text.find(')', at);
    if (end == text.npos) return;
    const auto value = uint32_t(std::stoull(text.substr(at + 4, end - at - 4), nullptr, 16));
    std::string constant = constant32(value);
    if (constant.starts_with("0x")) constant = constant16(value);
    text.replace(at, end + 1 - at, constant);
  }
}

}  // namespace

std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  while (!out.empty() && out.back() == ' ') out.pop_back();
  const size_t end = std::min(out.find(' '), out.size());
  const std::string_view mnemonic(out.data(), end);
  if (mnemonic.ends_with("_e32") || mnemonic.ends_with("_e64")) out.erase(end - 4, 4);
  if (out.starts_with("v_") && !out.starts_with("v_fma")) {
    // A 16-bit literal of an inline constant's value.
    for (size_t at = 0; (at = out.find(", 0x", at)) != out.npos; at += 2) {
      const size_t digits = at + 4, last = out.find_first_not_of("0123456789abcdef", digits);
      const std::string number = out.substr(digits, last - digits);
      if (number.size() <= 2 && std::stoul(number, nullptr, 16) <= 64)
        out.replace(at + 2, number.size() + 2, fmt::format("{}", std::stoul(number, nullptr, 16)));
    }
  }
  if (out.starts_with("s_sendmsg")) out.resize(std::min(out.find(' '), out.size()));
  if (out.starts_with("v_fma_mix")) drop_meaningless_op_sel(out);
  drop_lit(out);
  if (out.find(" row_mask:0x0") != out.npos || out.find(" bank_mask:0x0") != out.npos)
    for (const std::string_view mask : {" row_mask:0x", " bank_mask:0x"})
      if (const size_t at = out.find(mask); at != out.npos) out[at + mask.size()] = '0';
  for (size_t at = 0; (at = out.find("|-", at)) != out.npos; ++at)
    if (at + 2 < out.size() && out[at + 2] >= '0' && out[at + 2] <= '9') out.erase(at + 1, 1);
  return out;
}

}  // namespace wavefuzz::sim
