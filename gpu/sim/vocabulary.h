// The words in which instructions are defined. Included by the op files only, which are compiled
// once per host ISA into a namespace of that name.
//
// A vector instruction is one row whose meaning is a lambda over one lane:
//
//   vector("v_xad_u32", [](u32 a, u32 b, u32 c) { return (a ^ b) + c; }),
//
// The lambda's types say everything else: how many operands the text has, how wide they are, what a
// modifier means for them, whether denormals are flushed and NaNs are quieted.
//
//   u32 i32 u64 i64 u16 i16     integers and bit patterns; u16, i16 are the low half of a register
//   float double Half           arithmetic: inputs and result flushed as MODE says, a NaN result is
//                               the first NaN input quieted, or the default NaN
//   F32 F64 F16                 bits of a float, for an instruction with rules of its own
//   LaneBit VccBit              the lane's bit of a scalar pair, named in the text or always VCC
//   LaneNumber                  0..63
//   Pair16                      both parts of a packed operand, as bits
//   Old<T>                      the destination's former content
//   const Mode&                 the MODE register, last
//   const Unit&                 the model of the transcendental unit, last
// Results may also be bool (a bit per lane, as compares give) and WithBit<T> (value and carry-out).
#ifndef WAVEFUZZ_GPU_SIM_VOCABULARY_H_
#define WAVEFUZZ_GPU_SIM_VOCABULARY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "gpu/sim/float_bits.h"
#include "gpu/sim/micro_op.h"
#include "gpu/sim/poison.h"
#include "gpu/sim/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i8 = int8_t;
using i16 = int16_t;
using i32 = int32_t;
using i64 = int64_t;

struct Half {
  float value;
};
struct F16 {
  u32 bits;
};
struct F32 {
  u32 bits;
};
struct F64 {
  u64 bits;
};
struct LaneBit {
  u32 mask;
  explicit operator bool() const { return mask != 0; }
};
struct VccBit {
  u32 mask;
  explicit operator bool() const { return mask != 0; }
};
template <typename T>
struct Old {
  T value;
};
template <typename T>
struct WithBit {
  T value;
  bool bit;
};
struct Mix {
  float value;
};  // v_fma_mix source
struct Pair16 {
  u32 bits;
};  // both halves of a packed operand, as bits
struct LaneNumber {
  u32 value;
};
struct Unit {
  Transcendentals model;
  u32 seed;
};

// How a parameter type is read. kFlush: denormals go as MODE says.
template <typename T>
struct In;
#define SIM_IN(TYPE, OPERAND, EXPR)                                         \
  template <>                                                               \
  struct In<TYPE> {                                                         \
    static constexpr OperandType kOperand = OperandType::OPERAND;           \
    static constexpr unsigned kSlots = dwords(kOperand);                    \
    template <bool kFlush>                                                  \
    SIM_INLINE static TYPE get(const LaneArgs& a, unsigned k, unsigned i) { \
      (void)a;                                                              \
      (void)k;                                                              \
      (void)i;                                                              \
      return EXPR;                                                          \
    }                                                                       \
  };
SIM_INLINE u64 pair(const LaneArgs& a, unsigned k, unsigned i) {
  return a.src[k][i] | u64(a.src[k + 1][i]) << 32;
}
template <bool kFlush>
SIM_INLINE float in_f32(const LaneArgs& a, unsigned k, unsigned i) {
  const u32 bits = a.src[k][i];
  return as_float(kFlush ? flush32(bits, mask32(a.mode->flush_in_f32)) : bits);
}
template <bool kFlush>
SIM_INLINE float in_f16(const LaneArgs& a, unsigned k, unsigned i) {
  const u32 bits = a.src[k][i] & 0xffff;
  return as_float(f32_from_f16(kFlush ? flush16(bits, mask32(a.mode->flush_in_f16_f64)) : bits));
}
template <bool kFlush>
SIM_INLINE double in_f64(const LaneArgs& a, unsigned k, unsigned i) {
  const u64 bits = pair(a, k, i);
  return as_double(kFlush ? flush64(bits, mask64(a.mode->flush_in_f16_f64)) : bits);
}
SIM_IN(u32, kB32, a.src[k][i])
SIM_IN(i32, kB32, i32(a.src[k][i]))
SIM_IN(u16, kB16, u16(a.src[k][i]))
SIM_IN(i16, kB16, i16(a.src[k][i]))
SIM_IN(u64, kB64, pair(a, k, i))
SIM_IN(i64, kB64, i64(pair(a, k, i)))
SIM_IN(float, kF32, in_f32<kFlush>(a, k, i))
SIM_IN(double, kF64, in_f64<kFlush>(a, k, i))
SIM_IN(Half, kF16, Half{in_f16<kFlush>(a, k, i)})
SIM_IN(F16, kF16, F16{a.src[k][i] & 0xffff})
SIM_IN(F32, kF32, F32{a.src[k][i]})
SIM_IN(F64, kF64, F64{pair(a, k, i)})
SIM_IN(Mix, kMixF32, Mix{in_f32<kFlush>(a, k, i)})
SIM_IN(LaneNumber, kLaneNumber, LaneNumber{i})
SIM_IN(LaneBit, kLaneBit, LaneBit{a.src[k][i]})
SIM_IN(VccBit, kVccBit, VccBit{a.src[k][i]})
SIM_IN(Pair16, kPackedF16, Pair16{a.src[k][i]})
SIM_IN(Old<Half>, kOldPackedF16, Old<Half>{{in_f16<kFlush>(a, k, i)}})
SIM_IN(Old<u32>, kOldB32, Old<u32>{a.src[k][i]})
SIM_IN(Old<float>, kOldF32, Old<float>{in_f32<kFlush>(a, k, i)})
SIM_IN(Old<double>, kOldF64, Old<double>{in_f64<kFlush>(a, k, i)})
#undef SIM_IN

// The NaN that an arithmetic result takes from its inputs: the first one, quieted.
template <typename T>
SIM_INLINE void take_nan(u32& nan, const T& x) {
  if constexpr (std::is_same_v<T, float>) {
    if (is_nan32(as_bits(x))) nan = quiet32(as_bits(x));
  } else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, Mix> ||
                       std::is_same_v<T, Old<float>> || std::is_same_v<T, Old<Half>>) {
    take_nan(nan, x.value);
  }
}
template <typename T>
SIM_INLINE void take_nan(u64& nan, const T& x) {
  if constexpr (std::is_same_v<T, double>) {
    if (is_nan64(as_bits(x))) nan = quiet64(as_bits(x));
  } else if constexpr (std::is_same_v<T, Old<double>>) {
    take_nan(nan, x.value);
  }
}
template <typename N, typename T, typename... Rest>
SIM_INLINE void take_nans(N& nan, const T& first, const Rest&... rest) {
  if constexpr (sizeof...(Rest) > 0) take_nans(nan, rest...);
  take_nan(nan, first);
}

template <typename T>
struct Out;
template <>
struct Out<void> {
  static constexpr unsigned kDwords = 0;
  static constexpr ResultType kType = ResultType::kBits;
};
#define SIM_OUT_BITS(TYPE, EXPR)                                                     \
  template <>                                                                        \
  struct Out<TYPE> {                                                                 \
    static constexpr unsigned kDwords = 1;                                           \
    static constexpr ResultType kType = ResultType::kBits;                           \
    template <bool kFlush, typename... A>                                            \
    SIM_INLINE static void put(const LaneArgs& a, unsigned i, TYPE r, const A&...) { \
      a.dst[0][i] = EXPR;                                                            \
    }                                                                                \
  };
SIM_OUT_BITS(u32, r)
SIM_OUT_BITS(i32, u32(r))
SIM_OUT_BITS(u16, r)
SIM_OUT_BITS(i16, u16(r))
#undef SIM_OUT_BITS
template <>
struct Out<F16> {
  static constexpr unsigned kDwords = 1;
  static constexpr ResultType kType = ResultType::kF16;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, F16 r, const A&...) {
    a.dst[0][i] = r.bits;
  }
};
template <>
struct Out<F32> {
  static constexpr unsigned kDwords = 1;
  static constexpr ResultType kType = ResultType::kF32;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, F32 r, const A&...) {
    a.dst[0][i] = r.bits;
  }
};
template <>
struct Out<u64> {
  static constexpr unsigned kDwords = 2;
  static constexpr ResultType kType = ResultType::kBits;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, u64 r, const A&...) {
    a.dst[0][i] = u32(r);
    a.dst[1][i] = u32(r >> 32);
  }
};
template <>
struct Out<i64> : Out<u64> {};
template <>
struct Out<F64> {
  static constexpr unsigned kDwords = 2;
  static constexpr ResultType kType = ResultType::kF64;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, F64 r, const A&...) {
    a.dst[0][i] = u32(r.bits);
    a.dst[1][i] = u32(r.bits >> 32);
  }
};
template <>
struct Out<float> {
  static constexpr unsigned kDwords = 1;
  static constexpr ResultType kType = ResultType::kF32;
  template <bool kFlush, typename... A>
  SIM_INLINE static u32 bits(const LaneArgs& a, float r, const A&... args) {
    u32 nan = kNanF32;
    if constexpr (sizeof...(A) > 0) take_nans(nan, args...);
    u32 bits = as_bits(r);
    if (is_nan32(bits)) bits = nan;
    if (kFlush) bits = flush32(bits, mask32(a.mode->flush_out_f32));
    return bits;
  }
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, float r, const A&... args) {
    a.dst[0][i] = bits<kFlush>(a, r, args...);
  }
};
template <>
struct Out<Half> {
  static constexpr unsigned kDwords = 1;
  static constexpr ResultType kType = ResultType::kF16;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, Half r, const A&... args) {
    u32 nan = kNanF32;
    if constexpr (sizeof...(A) > 0) take_nans(nan, args...);
    u32 bits = as_bits(r.value);
    if (is_nan32(bits)) bits = nan;
    bits = f16_from_f32(bits, a.mode->round_f16_f64, a.mode->fp16_overflow);
    if (kFlush) bits = flush16(bits, mask32(a.mode->flush_out_f16_f64));
    a.dst[0][i] = bits;
  }
};
template <>
struct Out<double> {
  static constexpr unsigned kDwords = 2;
  static constexpr ResultType kType = ResultType::kF64;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, double r, const A&... args) {
    u64 nan = kNanF64;
    if constexpr (sizeof...(A) > 0) take_nans(nan, args...);
    u64 bits = as_bits(r);
    if (is_nan64(bits)) bits = nan;
    if (kFlush) bits = flush64(bits, mask64(a.mode->flush_out_f16_f64));
    a.dst[0][i] = u32(bits);
    a.dst[1][i] = u32(bits >> 32);
  }
};
template <>
struct Out<bool> {
  static constexpr unsigned kDwords = 0;
  static constexpr ResultType kType = ResultType::kBits;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, bool r, const A&...) {
    a.dst[0][i] = 0u - u32(r);
  }
};
template <typename T>
struct Out<WithBit<T>> {
  static constexpr unsigned kDwords = Out<T>::kDwords;
  static constexpr ResultType kType = Out<T>::kType;
  template <bool kFlush, typename... A>
  SIM_INLINE static void put(const LaneArgs& a, unsigned i, WithBit<T> r, const A&... args) {
    Out<T>::template put<kFlush>(a, i, r.value, args...);
    a.dst[kDwords][i] = 0u - u32(r.bit);
  }
};
template <typename R>
inline constexpr bool kIsHalf = std::is_same_v<R, u16> || std::is_same_v<R, i16> ||
                                std::is_same_v<R, F16> || std::is_same_v<R, Half>;
template <typename T>
inline constexpr bool kWithBit = false;
template <typename T>
inline constexpr bool kWithBit<WithBit<T>> = true;

// Whether a type's denormals obey MODE, and which rounding field it takes.
template <typename T>
inline constexpr bool kIsF32 = std::is_same_v<T, float>;
template <>
inline constexpr bool kIsF32<Old<float>> = true;
template <>
inline constexpr bool kIsF32<Mix> = true;
template <>
inline constexpr bool kIsF32<WithBit<float>> = true;
template <typename T>
inline constexpr bool kIsF16OrF64 = std::is_same_v<T, double> || std::is_same_v<T, Half> ||
                                    std::is_same_v<T, Old<double>> || std::is_same_v<T, Old<Half>>;
template <>
inline constexpr bool kIsF16OrF64<WithBit<double>> = true;

template <typename... T>
struct Types {};

// Splits the trailing context parameter from the operands.
template <typename F>
struct Signature : Signature<decltype(&F::operator())> {};
template <typename C, typename R, typename... A>
struct Signature<R (C::*)(A...) const> {
  using Result = R;
  using All = Types<A...>;
};

enum class Context { kNone, kMode, kUnit };
template <typename Done, typename... A>
struct Split;
template <typename... D>
struct Split<Types<D...>> {
  using Operands = Types<D...>;
  static constexpr Context kContext = Context::kNone;
};
template <typename... D>
struct Split<Types<D...>, const Mode&> {
  using Operands = Types<D...>;
  static constexpr Context kContext = Context::kMode;
};
template <typename... D>
struct Split<Types<D...>, const Unit&> {
  using Operands = Types<D...>;
  static constexpr Context kContext = Context::kUnit;
};
template <typename... D, typename T, typename... Rest>
requires(!std::is_reference_v<T>) struct Split<Types<D...>, T, Rest...>
    : Split<Types<D..., T>, Rest...> {
};
template <typename T>
struct SplitAll;
template <typename... A>
struct SplitAll<Types<A...>> : Split<Types<>, A...> {};

template <typename F, typename R, Context kContext, typename Operands>
struct Lanewise;
template <typename F, typename R, Context kContext, typename... A>
struct Lanewise<F, R, kContext, Types<A...>> {
  static constexpr bool kHasF32 = kIsF32<R> || (kIsF32<A> || ...);
  static constexpr bool kHasWide = kIsF16OrF64<R> || (kIsF16OrF64<A> || ...);

  template <typename... B>
  SIM_INLINE static R call(const LaneArgs& a, const B&... values) {
    if constexpr (kContext == Context::kMode)
      return F{}(values..., *a.mode);
    else if constexpr (kContext == Context::kUnit)
      return F{}(values..., Unit{a.transcendentals, a.ulp_seed});
    else
      return F{}(values...);
  }
  template <bool kFlush, size_t... I>
  [[gnu::flatten]] static void loop(const LaneArgs& a, std::index_sequence<I...>) {
    // Slot at which each operand starts.
    constexpr unsigned kWidth[] = {In<A>::kSlots..., 0};
    constexpr auto start = [](size_t n, const unsigned* width) {
      unsigned at = 0;
      for (size_t i = 0; i < n; ++i) at += width[i];
      return at;
    };
    constexpr unsigned kStart[] = {start(I, kWidth)..., 0};
    // A destination may be one of the sources, at the same lane: no dependence between lanes.
#pragma GCC ivdep
    for (unsigned i = 0; i < kLanes; ++i) {
      const auto body = [&](const A&... values) __attribute__((always_inline)) {
        Out<R>::template put<kFlush>(a, i, call(a, values...), values...);
      };
      body(In<A>::template get<kFlush>(a, kStart[I], i)...);
    }
  }
  static void run(const LaneArgs& args) {
    LaneArgs a = args;  // a local copy: its pointers cannot alias what the loop writes
    const Mode mode = *args.mode;
    a.mode = &mode;
    constexpr auto all = std::index_sequence_for<A...>{};
    if constexpr (kHasF32 || kHasWide) {
      const bool other_round = kHasWide && mode.round_f16_f64 != mode.round_f32;
      if (other_round) [[unlikely]]
        set_host_rounding(mode.round_f16_f64);
      if ((kHasF32 && mode.flushes_f32()) || (kHasWide && mode.flushes_f16_f64()))
        loop<true>(a, all);
      else
        loop<false>(a, all);
      if (other_round) [[unlikely]]
        set_host_rounding(mode.round_f32);
    } else {
      loop<false>(a, all);
    }
  }
  static constexpr void describe(Row& row) {
    unsigned n = 0;
    ((row.operands[n++] = In<A>::kOperand), ...);
    row.operand_count = uint8_t(n);
    row.result_dwords = uint8_t(Out<R>::kDwords);
    row.result = Out<R>::kType;
    row.result_is_mask = std::is_same_v<R, bool>;
    row.second_is_mask = kWithBit<R>;
    row.result_is_half = kIsHalf<R>;
  }
};

template <typename F>
struct LanewiseOf {
  using S = Signature<F>;
  using P = SplitAll<typename S::All>;
  using type = Lanewise<F, typename S::Result, P::kContext, typename P::Operands>;
};

// A vector instruction: the lambda is what one lane does.
template <typename F>
constexpr Row vector(std::string_view mnemonic, F) {
  using L = typename LanewiseOf<F>::type;
  Row row;
  row.mnemonic = mnemonic;
  row.format = Format::kVector;
  row.lanes = &L::run;
  L::describe(row);
  return row;
}
// The same, where clamp means integer saturation and `saturating` is the meaning with it.
template <typename F, typename G>
constexpr Row vector(std::string_view mnemonic, F f, G) {
  Row row = vector(mnemonic, f);
  row.saturating = &LanewiseOf<G>::type::run;
  return row;
}
// A 16-bit result that leaves the other half of its register alone (the VOP3-only ones of GFX9).
template <typename F>
constexpr Row vector_half(std::string_view mnemonic, F f) {
  return vector(mnemonic, f).half();
}

template <typename F, typename G>
constexpr Row vector_half(std::string_view mnemonic, F f, G g) {
  return vector(mnemonic, f, g).half();
}

// A packed 16-bit instruction: the lambda is what one half does.
template <typename F, typename R, Context kContext, typename Operands>
struct Packed16;
template <typename F, typename R, Context kContext, typename... A>
struct Packed16<F, R, kContext, Types<A...>> {
  using Whole = Lanewise<F, R, kContext, Types<A...>>;
  static void run(const LaneArgs& args) {
    alignas(64) u32 high_sources[sizeof...(A)][kLanes];
    alignas(64) u32 high_result[kLanes];
    LaneArgs high = args;
    for (size_t k = 0; k < sizeof...(A); ++k) {
      for (unsigned i = 0; i < kLanes; ++i) high_sources[k][i] = args.src[k][i] >> 16;
      high.src[k] = high_sources[k];
    }
    high.dst[0] = high_result;
    Whole::run(high);
    Whole::run(args);
    for (unsigned i = 0; i < kLanes; ++i)
      args.dst[0][i] = (args.dst[0][i] & 0xffff) | high_result[i] << 16;
  }
};
template <typename F>
constexpr Row packed16(std::string_view mnemonic, F f) {
  using S = Signature<F>;
  using P = SplitAll<typename S::All>;
  Row row = vector(mnemonic, f);
  row.lanes = &Packed16<F, typename S::Result, P::kContext, typename P::Operands>::run;
  for (unsigned k = 0; k < row.operand_count; ++k)
    row.operands[k] = row.operands[k] == OperandType::kF16            ? OperandType::kPackedF16
                      : row.operands[k] == OperandType::kOldPackedF16 ? OperandType::kOldPackedF16
                                                                      : OperandType::kPackedB16;
  row.result = row.result == ResultType::kF16 ? ResultType::kPackedF16 : ResultType::kBits;
  row.result_is_half = false;
  row.poison = poison_packed16;
  return row;
}
template <typename F, typename G>
constexpr Row packed16(std::string_view mnemonic, F f, G g) {
  Row row = packed16(mnemonic, f);
  row.saturating = packed16(mnemonic, g).lanes;
  return row;
}

// A packed f32 instruction on register pairs: the lambda is what one of the two does.
template <typename F, typename R, Context kContext, typename Operands>
struct Packed32;
template <typename F, typename R, Context kContext, typename... A>
struct Packed32<F, R, kContext, Types<A...>> {
  using Whole = Lanewise<F, R, kContext, Types<A...>>;
  static void run(const LaneArgs& args) {
    LaneArgs part = args;
    alignas(64) u32 low[kLanes];
    for (size_t k = 0; k < sizeof...(A); ++k) part.src[k] = args.src[2 * k];
    part.dst[0] = low;  // the low result may overwrite a source of the high one
    Whole::run(part);
    for (size_t k = 0; k < sizeof...(A); ++k) part.src[k] = args.src[2 * k + 1];
    part.dst[0] = args.dst[1];
    Whole::run(part);
    for (unsigned i = 0; i < kLanes; ++i) args.dst[0][i] = low[i];
  }
};
template <typename F>
constexpr Row packed32(std::string_view mnemonic, F f) {
  using S = Signature<F>;
  using P = SplitAll<typename S::All>;
  Row row = vector(mnemonic, f);
  row.lanes = &Packed32<F, typename S::Result, P::kContext, typename P::Operands>::run;
  for (unsigned k = 0; k < row.operand_count; ++k) row.operands[k] = OperandType::kPackedF32;
  row.result_dwords = 2;
  row.result = ResultType::kPackedF32;
  row.poison = poison_packed32;
  return row;
}

const Op* exec_vector(Wave& wave, const Op* op);
const Op* exec_vector_extras(Wave& wave, const Op* op);
const Op* exec_vector_indexed(Wave& wave, const Op* op);

// The lists that the op files define; table.cc joins them.
std::span<const Row> salu_rows();
std::span<const Row> branch_rows();
void come_in_now(Wave& w, PendingLoad& load);
const Op* compare_scalar(Wave& w, const Op* op);
const Op* compare_vector(Wave& w, const Op* op);
std::span<const Row> wait_rows();
std::span<const Row> smem_rows();
std::span<const Row> vop_int_rows();
std::span<const Row> vop_float_rows();
std::span<const Row> vop_convert_rows();
std::span<const Row> vop_compare_rows();
std::span<const Row> vop_math_rows();
std::span<const Row> scalef32_rows();
std::span<const Row> wide_rows();
std::span<const Row> cross_lane_rows();
std::span<const Row> ds_rows();
std::span<const Row> global_rows();
std::span<const Row> buffer_rows();

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA

#endif  // WAVEFUZZ_GPU_SIM_VOCABULARY_H_
