// Buffer memory through a descriptor (V#). Range checks are architecture: out of range, loads give
// 0 and stores are dropped, without a finding. An address that passes the check and still misses
// every island is one.
#include "gpu/sim/atomics.h"
#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

constexpr char kGlobalStore[] = "a value stored to global memory";

// Operands: src[0] VGPR index or offset, src[1] VGPR offset when both are on, src[2] SGPR
// descriptor, src[3] data, src[4] scalar offset, imm byte offset, flags BufferFlag.

struct Descriptor {
  u64 base;
  u32 stride;
  u32 records;
  bool swizzle;
  bool add_tid;
  u32 index_stride;
  u32 element_bytes;
};
SIM_INLINE Descriptor descriptor(const Wave& w, unsigned s) {
  Descriptor d;
  d.base = w.s[s] | u64(w.s[s + 1] & 0xffff) << 32;
  d.stride = w.s[s + 1] >> 16 & 0x3fff;
  d.swizzle = w.s[s + 1] >> 31;
  d.records = w.s[s + 2];
  d.add_tid = w.s[s + 3] >> 23 & 1;
  d.index_stride = 8u << (w.s[s + 3] >> 21 & 3);
  d.element_bytes = 2u << (w.s[s + 3] >> 19 & 3);
  return d;
}

struct Lanes64 {
  u64 address[kLanes];
  u64 in_range[4];  // per dword of the access
};

const Op* buffer(Wave& w, const Op* op) {
  count_vm(w);
  if (w.exec == 0) return op + 1;
  Machine& m = *w.machine;
  const u32 param = op->row->param;
  const unsigned bytes = param & kBytes;
  const unsigned dwords = (bytes + 3) / 4;
  const unsigned s = op->src[2].index;
  const bool idxen = op->flags & kIdxen, offen = op->flags & kOffen;

  // Poison in an operand of the address drops the lanes concerned.
  u64 poison = 0;
  u32 origin = kNeverWritten;
  for (unsigned d = 0; d < 4; ++d)
    if (w.s_poison[s + d]) {
      poison = ~0ull;
      origin = w.s_origin[s + d];
    }
  u32 soffset = 0;
  if (op->src[4].kind == Kind::kSgpr) {
    soffset = w.s[op->src[4].index];
    if (w.s_poison[op->src[4].index]) {
      poison = ~0ull;
      origin = w.s_origin[op->src[4].index];
    }
  } else if (op->src[4].kind == Kind::kConst) {
    soffset = m.code->constants[op->src[4].index].lane[0];
  }
  for (unsigned k = 0; k < 2; ++k)
    if (op->src[k].kind == Kind::kVgpr && w.v_poison[op->src[k].index].any()) {
      poison |= w.v_poison[op->src[k].index].any();
      origin = w.v_origin[op->src[k].index];
    }
  const u64 lanes = drop_poisoned(w, op, w.exec, poison, origin);

  const Descriptor v = descriptor(w, s);
  const unsigned offset_reg = op->src[idxen && offen ? 1 : 0].index;
  Lanes64 a;
  for (u64& r : a.in_range) r = 0;
  for (unsigned i = 0; i < kLanes; ++i) {
    const u32 offset = (offen ? w.v[offset_reg][i] : 0) + u32(op->imm);
    const u32 index = (idxen ? w.v[op->src[0].index][i] : 0) + (v.add_tid ? i : 0);
    u64 position = offset + u64(index) * v.stride;
    if (v.swizzle && v.stride != 0) {
      const u32 index_high = index / v.index_stride, index_low = index % v.index_stride;
      const u32 offset_high = offset / v.element_bytes, offset_low = offset % v.element_bytes;
      position =
          (u64(index_high) * v.stride + u64(offset_high) * v.element_bytes) * v.index_stride +
          u64(index_low) * v.element_bytes + offset_low;
    }
    a.address[i] = v.base + soffset + position;
    for (unsigned d = 0; d < dwords; ++d) {
      bool in;
      if (v.add_tid && !idxen)
        in = true;
      else if (idxen && v.stride != 0)
        in = index < v.records;
      else
        in = position + soffset + (param & kAtomic ? bytes : 4 * d + (bytes < 4 ? bytes : 4)) <=
             v.records;
      a.in_range[d] |= u64(in) << i;
    }
  }

  // Dword by dword: a wide access may be in range for its first dwords only.
  const u64 fully = [&] {
    u64 all = lanes;
    for (unsigned d = 0; d < dwords; ++d) all &= a.in_range[d];
    return all;
  }();
  const u64 partly = lanes & a.in_range[0] & ~fully;

  if (param & kStore) {
    Stored data;
    alignas(64) u32 shifted[kLanes];
    const unsigned reg = op->src[3].index;
    prepare_store(w, op, reg, param, w.exec, data, shifted);
    if (data.any_undefined) [[unlikely]]
      if (settle_stored(w, op, kGlobalStore, undefined_lanes(data, bytes) & (fully | partly),
                        data.origin))
        prepare_store(w, op, reg, param, w.exec, data, shifted);
    const auto poisoned = [&](u64 which, unsigned n) {
      if (!data.any_undefined) return;
      if (const u64 undefined = undefined_lanes(data, n) & which)
        m.report_poison(w, op, kGlobalStore, undefined, data.origin);
    };
    poisoned(fully, bytes);
    with_size(bytes, [&](auto size) {
      constexpr unsigned kSize = decltype(size)::value;
      for_spans(w, op, fully, a.address, kSize, &data, nullptr, [&](const Span& span, u64 which) {
        store_lanes<kSize>(m, span, which, a.address, data);
      });
    });
    for (unsigned d = 0; partly != 0 && d < dwords; ++d) {
      u64 address[kLanes];
      for (unsigned i = 0; i < kLanes; ++i) address[i] = a.address[i] + 4 * d;
      Stored one = data;
      one.dword[0] = data.dword[d];
      for (unsigned b = 0; b < 4; ++b) one.undefined[b] = data.undefined[4 * d + b];
      for_spans(w, op, partly & a.in_range[d], address, 4, &one, nullptr,
                [&](const Span& span, u64 which) {
                  for_lanes(which, [&](unsigned i) { store_lane<4>(m, span, i, address[i], one); });
                });
    }
    return op + 1;
  }

  Loaded& l = load_buffer(w);
  for (unsigned d = 0; d < dwords; ++d)
    for (unsigned i = 0; i < kLanes; ++i) l.dword[d][i] = 0;
  u64 failed = w.exec & ~lanes;
  if (param & kAtomic) {
    const unsigned data = op->src[3].index;
    const bool compares = op->row->operand_count != 0;
    AtomicData ad{};
    for (unsigned d = 0; d < dwords; ++d) {
      ad.data[d] = w.v[data + d];
      ad.undefined |= w.v_poison[data + d].any();
      if (compares) {
        ad.compare[d] = w.v[data + dwords + d];
        ad.undefined |= w.v_poison[data + dwords + d].any();
      }
    }
    if (const u64 undefined = ad.undefined & fully) {
      m.report_poison(w, op, kGlobalStore, undefined, w.v_origin[data]);
      if (Machine::taken_for_defined(w.v_origin[data])) ad.undefined = 0;
    }
    const u64 served = for_spans(
        w, op, fully, a.address, bytes, nullptr, nullptr, [&](const Span& span, u64 which) {
          for_lanes(which,
                    [&](unsigned i) { atomic_lane(m, span, op, i, a.address[i], bytes, ad, l); });
        });
    failed |= fully & ~served;
    if (op->dwords != 0) defer_vm(w, op, op->dst, param, w.exec, failed);
    return op + 1;
  }
  with_size(bytes, [&](auto size) {
    constexpr unsigned kSize = decltype(size)::value;
    const u64 served = for_spans(
        w, op, fully, a.address, kSize, nullptr, &l,
        [&](const Span& span, u64 which) { load_lanes<kSize>(span, which, a.address, l); });
    failed |= fully & ~served;
  });
  for (unsigned d = 0; partly != 0 && d < dwords; ++d) {
    u64 address[kLanes];
    Loaded one;
    clear(one);
    for (unsigned i = 0; i < kLanes; ++i) address[i] = a.address[i] + 4 * d;
    const u64 wanted = partly & a.in_range[d];
    const u64 served =
        for_spans(w, op, wanted, address, 4, nullptr, &one, [&](const Span& span, u64 which) {
          for_lanes(which, [&](unsigned i) { load_lane<4>(span, i, address[i], one); });
        });
    for_lanes(served, [&](unsigned i) { l.dword[d][i] = one.dword[0][i]; });
    l.any_undefined |= one.any_undefined;
    if (one.origin != kOwnOrigin) l.origin = one.origin;
    for (unsigned b = 0; b < 4; ++b) l.undefined[4 * d + b] |= one.undefined[b];
    failed |= wanted & ~served;
  }
  if (op->flags & kLdsDestination)
    defer_to_lds(w, op, w.exec, bytes, failed);
  else
    defer_vm(w, op, op->dst, param, w.exec, failed);
  return op + 1;
}

constexpr Row memory(std::string_view name, u32 param) {
  Row row;
  row.mnemonic = name;
  row.format = Format::kBuffer;
  row.exec = &buffer;
  row.param = param;
  return row;
}
constexpr Row atomic(std::string_view name, AtomicFn function, u32 bytes, bool compares = false) {
  Row row = memory(name, bytes | kAtomic);
  row.atomic = function;
  row.operand_count = compares ? 1 : 0;
  return row;
}

constexpr Row kRows[] = {
    memory("buffer_load_ubyte", 1 | kLoad),
    memory("buffer_load_sbyte", 1 | kLoad | kSigned),
    memory("buffer_load_ushort", 2 | kLoad),
    memory("buffer_load_sshort", 2 | kLoad | kSigned),
    memory("buffer_load_dword", 4 | kLoad),
    memory("buffer_load_dwordx2", 8 | kLoad),
    memory("buffer_load_dwordx3", 12 | kLoad),
    memory("buffer_load_dwordx4", 16 | kLoad),
    memory("buffer_load_ubyte_d16", 1 | kLoad | kHalf),
    memory("buffer_load_ubyte_d16_hi", 1 | kLoad | kHighHalf),
    memory("buffer_load_sbyte_d16", 1 | kLoad | kHalf | kSigned),
    memory("buffer_load_sbyte_d16_hi", 1 | kLoad | kHighHalf | kSigned),
    memory("buffer_load_short_d16", 2 | kLoad | kHalf),
    memory("buffer_load_short_d16_hi", 2 | kLoad | kHighHalf),
    memory("buffer_store_byte", 1 | kStore),
    memory("buffer_store_byte_d16_hi", 1 | kStore | kHighHalf),
    memory("buffer_store_short", 2 | kStore),
    memory("buffer_store_short_d16_hi", 2 | kStore | kHighHalf),
    memory("buffer_store_dword", 4 | kStore),
    memory("buffer_store_dwordx2", 8 | kStore),
    memory("buffer_store_dwordx3", 12 | kStore),
    memory("buffer_store_dwordx4", 16 | kStore),
    atomic("buffer_atomic_swap", &atomics::swap<u32>, 4),
    atomic("buffer_atomic_cmpswap", &atomics::cmpswap<u32>, 4, true),
    atomic("buffer_atomic_add", &atomics::add<u32>, 4),
    atomic("buffer_atomic_sub", &atomics::sub<u32>, 4),
    atomic("buffer_atomic_smin", &atomics::min<i32>, 4),
    atomic("buffer_atomic_umin", &atomics::min<u32>, 4),
    atomic("buffer_atomic_smax", &atomics::max<i32>, 4),
    atomic("buffer_atomic_umax", &atomics::max<u32>, 4),
    atomic("buffer_atomic_and", &atomics::and_<u32>, 4),
    atomic("buffer_atomic_or", &atomics::or_<u32>, 4),
    atomic("buffer_atomic_xor", &atomics::xor_<u32>, 4),
    atomic("buffer_atomic_inc", &atomics::inc<u32>, 4),
    atomic("buffer_atomic_dec", &atomics::dec<u32>, 4),
    atomic("buffer_atomic_swap_x2", &atomics::swap<u64>, 8),
    atomic("buffer_atomic_cmpswap_x2", &atomics::cmpswap<u64>, 8, true),
    atomic("buffer_atomic_add_x2", &atomics::add<u64>, 8),
    atomic("buffer_atomic_sub_x2", &atomics::sub<u64>, 8),
    atomic("buffer_atomic_smin_x2", &atomics::min<i64>, 8),
    atomic("buffer_atomic_umin_x2", &atomics::min<u64>, 8),
    atomic("buffer_atomic_smax_x2", &atomics::max<i64>, 8),
    atomic("buffer_atomic_umax_x2", &atomics::max<u64>, 8),
    atomic("buffer_atomic_and_x2", &atomics::and_<u64>, 8),
    atomic("buffer_atomic_or_x2", &atomics::or_<u64>, 8),
    atomic("buffer_atomic_xor_x2", &atomics::xor_<u64>, 8),
    atomic("buffer_atomic_inc_x2", &atomics::inc<u64>, 8),
    atomic("buffer_atomic_dec_x2", &atomics::dec<u64>, 8),
    atomic("buffer_atomic_add_f32", &atomics::add<float>, 4),
    atomic("buffer_atomic_add_f64", &atomics::add<double>, 8),
    atomic("buffer_atomic_min_f64", &atomics::min<double>, 8),
    atomic("buffer_atomic_max_f64", &atomics::max<double>, 8),
    atomic("buffer_atomic_pk_add_f16", &atomics::pk_add_f16, 4),
    atomic("buffer_atomic_pk_add_bf16", &atomics::pk_add_bf16, 4).on(kGfx950Only),
};

}  // namespace

std::span<const Row> buffer_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
