// Every device-usable function of quant/ in one kernel: that it compiles is the test.
#include "quant/float16.h"
#include "quant/fp8.h"
#include "quant/indexer_page.h"
#include "quant/mla_page.h"
#include "quant/paged_k.h"
#include "quant/paged_v.h"
#include "quant/scale.h"
#include "quant/ue8m0.h"
#include "quant/weight_preshuffle.h"

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))

namespace q = wavefuzz::quant;

// `fp8` is known only at run time, so that the format table itself must reach the device.
extern "C" __global__ void quant_device_test(const float* in, float* out, uint8_t* bytes,
                                             q::Fp8 fp8, q::CastPolicy policy, q::ScaleRule rule) {
  const uint32_t i = __builtin_amdgcn_workitem_id_x();
  const float x = in[i];
  const float scale = q::scale_from_amax(x, rule);
  const q::IndexerPage page = {64, 128, q::PageLayout::kShuffle};
  const q::PagedK k = {2, 128, 16, 1};
  const q::PagedV v = {2, 128, 16, 2, q::VLayout::kShuffled};
  const q::WeightPreshuffle w = {64, 128, 1};
  const q::MlaPage mla = {q::MlaEntry::kV4, 64, 448, 64};
  bytes[page.value_offset(i, 3)] = q::encode(fp8, x, policy);
  bytes[page.scale_offset(i)] = q::quantise(x, scale, rule);
  bytes[k.index(1, 1, i, 5)] = q::encode_stochastic(fp8, x, i, policy);
  bytes[v.index(1, 1, i, 5)] = q::fnuz_from_fn(q::encode(q::Fp8::kE4m3fn, x, q::kCastPyTorch));
  bytes[mla.scale_offset(i, 6)] = bytes[mla.nope_offset(i, 3)] + bytes[mla.rope_offset(i, 1)];
  bytes[w.index(i, 7)] = q::encode_ue8m0(q::round_up_to_power_of_two(x));
  out[i] = q::decode(fp8, bytes[0]) + q::decode_bf16(q::encode_bf16(x)) +
           q::decode_bf16(q::encode_bf16_half_away(x)) + q::decode_f16(q::encode_f16(x)) +
           q::decode_ue8m0(bytes[1]);
}
