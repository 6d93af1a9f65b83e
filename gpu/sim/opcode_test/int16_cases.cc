// 16-bit integers, single and packed.
#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {

void add_int16_cases(Cases& cases) {
  const auto v = [&](const char* name, Type result, std::vector<Type> sources, Want want) {
    return VectorCase{name, result, std::move(sources), std::move(want)};
  };
  const std::vector<Type> two = {kB16, kB16}, three = {kB16, kB16, kB16};
  const std::vector<Type> pk2 = {kPk16, kPk16}, pk3 = {kPk16, kPk16, kPk16};
  const auto median = [](auto a, auto b, auto c) {
    decltype(a) x[] = {a, b, c};
    std::sort(x, x + 3);
    return x[1];
  };
  const VectorCase list[] = {
      v("v_add_u16", kB16, two,
        [](Lane& x) {
          return unsigned_result(x, i128(x.a) + i128(x.b), 16);
        }).clamps(),
      v("v_sub_u16", kB16, two,
        [](Lane& x) {
          return unsigned_result(x, i128(x.a) - i128(x.b), 16);
        }).clamps(),
      v("v_subrev_u16", kB16, two,
        [](Lane& x) {
          return unsigned_result(x, i128(x.b) - i128(x.a), 16);
        }).clamps(),
      v("v_add_i16", kB16, two, [](Lane& x) { return signed_result(x, s16(x.a) + s16(x.b), 16); })
          .half()
          .clamps(),
      v("v_sub_i16", kB16, two, [](Lane& x) { return signed_result(x, s16(x.a) - s16(x.b), 16); })
          .half()
          .clamps(),
      v("v_mul_lo_u16", kB16, two, [](u64 a, u64 b) { return a * b; }),
      v("v_lshlrev_b16", kB16, two, [](u64 a, u64 b) { return b << a % 16; }),
      v("v_lshrrev_b16", kB16, two, [](u64 a, u64 b) { return b >> a % 16; }),
      v("v_ashrrev_i16", kB16, two, [](u64 a, u64 b) { return s16(b) >> a % 16; }),
      v("v_mad_u16", kB16, three,
        [](Lane& x) { return unsigned_result(x, i128(x.a * x.b + x.c), 16); })
          .half()
          .clamps(),
      v("v_mad_i16", kB16, three,
        [](Lane& x) { return signed_result(x, s16(x.a) * s16(x.b) + s16(x.c), 16); })
          .half()
          .clamps(),
      v("v_mad_legacy_u16", kB16, three,
        [](Lane& x) {
          return unsigned_result(x, i128(x.a * x.b + x.c), 16);
        }).clamps(),
      v("v_mad_legacy_i16", kB16, three,
        [](Lane& x) {
          return signed_result(x, s16(x.a) * s16(x.b) + s16(x.c), 16);
        }).clamps(),
      v("v_min_u16", kB16, two, [](u64 a, u64 b) { return std::min(a, b); }),
      v("v_max_u16", kB16, two, [](u64 a, u64 b) { return std::max(a, b); }),
      v("v_min_i16", kB16, two, [](u64 a, u64 b) { return std::min(s16(a), s16(b)); }),
      v("v_max_i16", kB16, two, [](u64 a, u64 b) { return std::max(s16(a), s16(b)); }),
      v("v_min3_u16", kB16, three,
        [](u64 a, u64 b, u64 c) {
          return std::min({a, b, c});
        }).half(),
      v("v_max3_u16", kB16, three,
        [](u64 a, u64 b, u64 c) {
          return std::max({a, b, c});
        }).half(),
      v("v_min3_i16", kB16, three,
        [](u64 a, u64 b, u64 c) {
          return std::min({s16(a), s16(b), s16(c)});
        }).half(),
      v("v_max3_i16", kB16, three,
        [](u64 a, u64 b, u64 c) {
          return std::max({s16(a), s16(b), s16(c)});
        }).half(),
      v("v_med3_u16", kB16, three, [=](u64 a, u64 b, u64 c) { return median(a, b, c); }).half(),
      v("v_med3_i16", kB16, three,
        [=](u64 a, u64 b, u64 c) {
          return median(s16(a), s16(b), s16(c));
        }).half(),
      v("v_sat_pk_u8_i16", kB32, {kB32},
        [](u64 a) { return within(s16(a), 0, 255) | within(s16(a >> 16), 0, 255) << 8; }),

      v("v_pk_add_u16", kPk16, pk2,
        [](Lane& x) {
          return halves([&](u64 a, u64 b, u64) { return unsigned_result(x, i128(a + b), 16); }, x.a,
                        x.b);
        }).clamps(),
      v("v_pk_sub_u16", kPk16, pk2,
        [](Lane& x) {
          return halves(
              [&](u64 a, u64 b, u64) { return unsigned_result(x, i128(a) - i128(b), 16); }, x.a,
              x.b);
        }).clamps(),
      v("v_pk_add_i16", kPk16, pk2,
        [](Lane& x) {
          return halves([&](u64 a, u64 b, u64) { return signed_result(x, s16(a) + s16(b), 16); },
                        x.a, x.b);
        }).clamps(),
      v("v_pk_sub_i16", kPk16, pk2,
        [](Lane& x) {
          return halves([&](u64 a, u64 b, u64) { return signed_result(x, s16(a) - s16(b), 16); },
                        x.a, x.b);
        }).clamps(),
      v("v_pk_mul_lo_u16", kPk16, pk2,
        [](u64 a, u64 b) { return halves([](u64 x, u64 y, u64) { return x * y; }, a, b); }),
      v("v_pk_mad_u16", kPk16, pk3,
        [](Lane& x) {
          return halves(
              [&](u64 a, u64 b, u64 c) { return unsigned_result(x, i128(a * b + c), 16); }, x.a,
              x.b, x.c);
        }).clamps(),
      v("v_pk_mad_i16", kPk16, pk3,
        [](Lane& x) {
          return halves(
              [&](u64 a, u64 b, u64 c) { return signed_result(x, s16(a) * s16(b) + s16(c), 16); },
              x.a, x.b, x.c);
        }).clamps(),
      v("v_pk_lshlrev_b16", kPk16, pk2,
        [](u64 a, u64 b) { return halves([](u64 n, u64 x, u64) { return x << n % 16; }, a, b); }),
      v("v_pk_lshrrev_b16", kPk16, pk2,
        [](u64 a, u64 b) { return halves([](u64 n, u64 x, u64) { return x >> n % 16; }, a, b); }),
      v("v_pk_ashrrev_i16", kPk16, pk2,
        [](u64 a, u64 b) {
          return halves([](u64 n, u64 x, u64) { return u64(s16(x) >> n % 16); }, a, b);
        }),
      v("v_pk_min_u16", kPk16, pk2,
        [](u64 a, u64 b) {
          return halves([](u64 x, u64 y, u64) { return std::min(x, y); }, a, b);
        }),
      v("v_pk_max_u16", kPk16, pk2,
        [](u64 a, u64 b) {
          return halves([](u64 x, u64 y, u64) { return std::max(x, y); }, a, b);
        }),
      v("v_pk_min_i16", kPk16, pk2,
        [](u64 a, u64 b) {
          return halves([](u64 x, u64 y, u64) { return u64(std::min(s16(x), s16(y))); }, a, b);
        }),
      v("v_pk_max_i16", kPk16, pk2,
        [](u64 a, u64 b) {
          return halves([](u64 x, u64 y, u64) { return u64(std::max(s16(x), s16(y))); }, a, b);
        }),
  };
  for (const VectorCase& c : list) cases.push_back(vector_case(c));
}

}  // namespace wavefuzz::sim::opcode
