// Where a non-finite value comes from: looks at the operands before, and at the results after,
// every instruction of floating-point arithmetic. For one launch that somebody wants to understand.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "gpu/sim/float_bits.h"
#include "gpu/sim/matrix.h"
#include "gpu/sim/mfma/sparse.h"
#include "gpu/sim/mfma/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

using Value = NonFinite::Value;
using Lanes = uint64_t;

// Lanes of one operand or result by what it holds there.
struct Found {
  Lanes nan = 0, plus = 0, minus = 0;
  Lanes of(Value value) const {
    return value == Value::kNan ? nan : value == Value::kPlusInfinity ? plus : minus;
  }
  Lanes any() const { return nan | plus | minus; }
  void add(unsigned lane, double x) {
    const Lanes bit = Lanes{1} << lane;
    if (x != x)
      nan |= bit;
    else if (x == __builtin_inf())
      plus |= bit;
    else if (x == -__builtin_inf())
      minus |= bit;
  }
  void add(const Found& other) {
    nan |= other.nan;
    plus |= other.plus;
    minus |= other.minus;
  }
};

double f16(uint32_t bits) { return as_float(f32_from_f16(bits & 0xffff)); }

// The values that a dword (or two) holds in one lane.
enum class Kind16 : uint8_t { kLow, kHigh, kBoth };
void look(OperandType type, Kind16 halves, const uint32_t* low, const uint32_t* high, unsigned lane,
          Found& found, std::vector<double>* values) {
  const auto take = [&](double x) {
    found.add(lane, x);
    if (values != nullptr) values->push_back(x);
  };
  switch (type) {
    case OperandType::kF32:
    case OperandType::kOldF32:
      take(as_float(low[lane]));
      break;
    case OperandType::kPackedF32:
      take(as_float(low[lane]));
      take(as_float(high[lane]));
      break;
    case OperandType::kF64:
    case OperandType::kOldF64:
      take(as_double(low[lane] | uint64_t(high[lane]) << 32));
      break;
    case OperandType::kF16:
    case OperandType::kPackedF16:
    case OperandType::kOldPackedF16:
      if (halves != Kind16::kHigh) take(f16(low[lane]));
      if (halves != Kind16::kLow) take(f16(low[lane] >> 16));
      break;
    default:
      if (values != nullptr) values->push_back(double(low[lane]));  // bits, whatever they mean
      break;
  }
}

std::optional<OperandType> result_type(const Row& row) {
  switch (row.result) {
    case ResultType::kF32:
      return OperandType::kF32;
    case ResultType::kF16:
      return OperandType::kF16;
    case ResultType::kF64:
      return OperandType::kF64;
    case ResultType::kPackedF16:
      return OperandType::kPackedF16;
    case ResultType::kPackedF32:
      return OperandType::kPackedF32;
    case ResultType::kBits:
      break;
  }
  return std::nullopt;
}

// An operand's dword in every lane, before sign modifiers: they make nothing finite.
void copy_lanes(const Wave& wave, Slot slot, uint32_t* to) {
  switch (slot.kind) {
    case sim::Kind::kVgpr:
      std::copy_n(wave.v[slot.index], kLanes, to);
      break;
    case sim::Kind::kConst:
      std::copy_n(wave.machine->code->constants[slot.index].lane, kLanes, to);
      break;
    case sim::Kind::kSgpr:
      std::fill_n(to, kLanes, wave.s[slot.index]);
      break;
    case sim::Kind::kMask:
      for (unsigned i = 0; i < kLanes; ++i) to[i] = wave.s64(slot.index) >> i & 1;
      break;
    case sim::Kind::kNone:
      std::fill_n(to, kLanes, 0);
      break;
  }
}

std::string_view name(Value value) {
  return value == Value::kNan ? "NaN" : value == Value::kPlusInfinity ? "+inf" : "-inf";
}

// `operands(lane)` says what the instruction worked on.
template <typename F>
void note(Wave& wave, const Op* op, Lanes active, const Found& sources, const Found& results,
          F operands) {
  Machine& m = *wave.machine;
  auto& list = m.result->non_finite;
  for (const Value value : {Value::kNan, Value::kPlusInfinity, Value::kMinusInfinity}) {
    if (std::ranges::find(list, value, &NonFinite::value) != list.end()) continue;
    // Infinities make NaNs, and finite operands make infinities. An operand that is already what
    // the result is, and that no instruction made, came in as bits.
    const Lanes before = value == Value::kNan ? sources.nan : sources.any();
    const Lanes made = results.of(value) & ~before & active;
    const Lanes came = sources.of(value) & active;
    if ((made | came) == 0) continue;
    NonFinite n;
    n.value = value;
    n.made = made != 0;
    const unsigned lane = unsigned(std::countr_zero(n.made ? made : came));
    n.pc = m.code->pc(op->index);
    n.instruction = m.code->texts[op->index];
    n.message = fmt::format(
        "first {}: {} pc {:#x} `{}`, group {},{},{} wave {} lane {}; operands {}", name(value),
        n.made ? "made by" : "not made by arithmetic; first used by", n.pc, n.instruction,
        m.group[0], m.group[1], m.group[2], wave.id, lane, operands(lane));
    list.push_back(std::move(n));
  }
}

std::string join(const std::vector<double>& values) {
  std::string text;
  for (const double x : values) text += fmt::format("{}{:.9g}", text.empty() ? "" : ", ", x);
  return text;
}

// Divisions scale, approximate and fix up: between v_div_scale and v_div_fixup, NaNs and infinities
// mean nothing. Returns whether this is such an instruction.
bool note_division(Wave& wave, const Op* op) {
  const std::string_view m = op->row->mnemonic;
  auto& dividing = wave.machine->dividing[wave.id];
  bool inside = m.starts_with("v_div_scale") || m.starts_with("v_div_fmas");
  for (unsigned k = 0; k < op->slots; ++k)
    inside |= op->src[k].kind == sim::Kind::kVgpr && dividing[op->src[k].index];
  inside &= !m.starts_with("v_div_fixup");
  for (unsigned d = 0; d < op->dwords; ++d) dividing[op->dst + d] = inside;
  return inside;
}

const Op* explain_vector(Wave& wave, const Op* op) {
  const Row& row = *op->row;
  if (note_division(wave, op)) return op->exec(wave, op);
  const bool fixup = row.mnemonic.starts_with("v_div_fixup");  // its first operand is approximate
  const OperandType type = *result_type(row);
  alignas(64) uint32_t lanes[kMaxSlots][kLanes];
  const unsigned slots = std::min<unsigned>(op->slots, kMaxSlots);
  for (unsigned k = 0; k < slots; ++k) copy_lanes(wave, op->src[k], lanes[k]);
  const Extras* extras = op->extras;
  if (extras != nullptr && extras->dpp) {
    uint32_t moved[kLanes];
    for (unsigned i = 0; i < kLanes; ++i) moved[i] = lanes[0][extras->dpp_source[i] % kLanes];
    std::copy_n(moved, kLanes, lanes[0]);
  }
  const Lanes active = wave.exec;
  const auto sources_at = [&](unsigned lane, Found& found, std::vector<double>* values) {
    unsigned slot = 0;
    for (unsigned k = 0; k < row.operand_count && slot < slots; ++k) {
      const OperandType t = row.operands[k];
      Kind16 halves = t == OperandType::kF16 ? Kind16::kLow : Kind16::kBoth;
      if (extras != nullptr && k < 4 && extras->part[k] == Part::kWord1) halves = Kind16::kHigh;
      const unsigned next = std::min(slot + dwords(t) - 1, slots - 1);
      if (!fixup || k != 0) look(t, halves, lanes[slot], lanes[next], lane, found, values);
      slot += dwords(t);
    }
  };
  Found sources, results;
  for (unsigned i = 0; i < kLanes; ++i)
    if (active >> i & 1) sources_at(i, sources, nullptr);
  const Op* next = op->exec(wave, op);
  if (next == op) return next;  // it starts anew
  const Kind16 halves = type == OperandType::kPackedF16                         ? Kind16::kBoth
                        : extras != nullptr && extras->dst_part == Part::kWord1 ? Kind16::kHigh
                                                                                : Kind16::kLow;
  for (unsigned i = 0; i < kLanes; ++i)
    if (active >> i & 1)
      look(type, halves, wave.v[op->dst], wave.v[op->dst + (op->dwords > 1)], i, results, nullptr);
  if (results.any() != 0 || sources.any() != 0)
    note(wave, op, active, sources, results, [&](unsigned lane) {
      std::vector<double> values;
      Found ignored;
      sources_at(lane, ignored, &values);
      return join(values);
    });
  return next;
}

// Elements of A or B that are not finite, in any lane.
unsigned count_specials(const Wave& wave, unsigned first, unsigned count, mfma::Element element) {
  const int width = mfma::bits(element);
  if (width < 8 || width > 32 || element == mfma::Element::kI8) return 0;
  const mfma::FloatFormat format = mfma::float_format(element);
  unsigned specials = 0;
  for (unsigned r = first; r < first + count; ++r)
    for (unsigned i = 0; i < kLanes; ++i)
      for (int bit = 0; bit < 32; bit += width) {
        const uint32_t code = wave.v[r][i] >> bit & (width == 32 ? ~0u : (1u << width) - 1);
        specials += mfma::decode(format, code).kind != mfma::Number::kFinite;
      }
  return specials;
}

// `a` and `b`: elements that are not finite; `c`: the first register of C, if any.
const Op* explain_product(Wave& wave, const Op* op, bool wide, unsigned count, unsigned a,
                          unsigned b, std::optional<unsigned> c) {
  const OperandType type = wide ? OperandType::kF64 : OperandType::kF32;
  const auto scan = [&](unsigned first) {
    Found found;
    for (unsigned r = 0; r < count; r += wide ? 2 : 1)
      for (unsigned i = 0; i < kLanes; ++i)
        look(type, Kind16::kLow, wave.v[first + r], wave.v[first + r + wide], i, found, nullptr);
    return found;
  };
  Found sources;
  if (c) sources = scan(*c);
  const Op* next = op->exec(wave, op);
  if (next == op) return next;
  Found results = scan(op->dst);
  // Which products a lane's element has is not followed: a special in A or B takes the blame.
  if (a + b != 0) {
    sources.nan |= results.nan;
    sources.plus |= results.plus;
    sources.minus |= results.minus;
  }
  note(wave, op, ~Lanes{0}, sources, results, [&](unsigned) {
    return fmt::format("{} non-finite elements in A, {} in B, {} of 64 lanes of C", a, b,
                       std::popcount(sources.any()));
  });
  return next;
}

const Op* explain_matrix(Wave& wave, const Op* op) {
  const mfma::Op& matrix = matrix_op(wave.machine->code->arch, op->row->mnemonic);
  if (matrix.tile.a == mfma::Element::kI8) return op->exec(wave, op);
  const MatrixFields fields = MatrixFields::load(*op);
  mfma::Modifiers modifiers;
  modifiers.cbsz = fields.cbsz;
  modifiers.blgp = fields.blgp;
  const unsigned a =
      matrix.f8f6f4 ? 0
                    : count_specials(wave, op->src[0].index,
                                     unsigned(mfma::a_registers(matrix, modifiers)), matrix.tile.a);
  const unsigned b =
      matrix.f8f6f4 ? 0
                    : count_specials(wave, op->src[1].index,
                                     unsigned(mfma::b_registers(matrix, modifiers)), matrix.tile.b);
  std::optional<unsigned> c;
  if (op->src[2].kind == sim::Kind::kVgpr) c = op->src[2].index;
  return explain_product(wave, op, matrix.tile.a == mfma::Element::kF64,
                         unsigned(mfma::d_registers(matrix)), a, b, c);
}

const Op* explain_sparse(Wave& wave, const Op* op) {
  const mfma::SparseOp& sparse = *mfma::find_sparse(wave.machine->code->arch, op->row->mnemonic);
  if (sparse.tile.a == mfma::Element::kI8) return op->exec(wave, op);
  return explain_product(wave, op, false, unsigned(mfma::d_registers(sparse)),
                         count_specials(wave, op->src[0].index,
                                        unsigned(mfma::a_registers(sparse)), sparse.tile.a),
                         count_specials(wave, op->src[1].index,
                                        unsigned(mfma::b_registers(sparse)), sparse.tile.b),
                         op->dst);
}

}  // namespace

const Op* Machine::explain(Wave& wave, const Op* op) {
  const bool skipped = wave.mode.skips_vectors() && !code->unskipped.empty() &&
                       code->unskipped[op->index] != nullptr;
  if (op->row != nullptr && result->non_finite.size() < 3 && !skipped) {
    if (op->row->format == Format::kSparse) return explain_sparse(wave, op);
    if (op->row->format == Format::kMatrix) return explain_matrix(wave, op);
    if (op->row->format == Format::kVector && result_type(*op->row) && wave.exec != 0)
      return explain_vector(wave, op);
    // What other instructions write is no part of a division any more.
    if (!op->dst_scalar)
      for (unsigned d = 0; d < op->dwords && op->dst + d < 512u; ++d)
        dividing[wave.id][op->dst + d] = false;
  }
  return op->exec(wave, op);
}

}  // namespace wavefuzz::sim
