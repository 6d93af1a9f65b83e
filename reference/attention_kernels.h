// What an instruction-set build of the attention reference's inner loops offers to attention.cc. As
// in quant/bulk_kernels.h, files compiled with -mavx... call nothing that is shared.
//
// Rows lie in lanes: a panel is 16 query rows, and everything that belongs to a key is 16 numbers.
#ifndef WAVEFUZZ_REFERENCE_ATTENTION_KERNELS_H_
#define WAVEFUZZ_REFERENCE_ATTENTION_KERNELS_H_

#include <cstdint>

namespace wavefuzz::reference::internal {

inline constexpr uint32_t kLanes = 16;    // rows of a panel
inline constexpr uint32_t kBlock64 = 8;   // columns that a f64 product makes at a time
inline constexpr uint32_t kBlock32 = 16;  // the same in f32

// c[j, lane] += sum_k a(j, k) b[k, lane]
struct Product64 {
  const double* a;
  uint32_t blocks, depth;
  bool by_rows;     // a is [blocks * kBlock64, depth]; else [blocks, depth, kBlock64]
  const double* b;  // [depth, kLanes]
  double* c;        // [blocks * kBlock64, kLanes]
};
struct Product32 {
  const float* a;
  uint32_t blocks, depth;
  bool by_rows;
  const float* b;
  float* c;
};

// Copies of some rows of K, or of V, as the products want them.
struct Copy {
  const float* from;
  uint64_t stride;  // elements from a row to the next
  uint32_t rows, columns;
  bool by_rows;  // to [rows, columns]; else to [columns / kBlock up, rows, kBlock], zeros behind
  double* wide;
  float* magnitude;     // |values|; null: not wanted, nor the two below
  const double* scale;  // [rows]; null: 1
  double* sum;          // [columns] += scale * values; null: not wanted
  double* most;         // the largest |scale * value| so far; null: not wanted
};

// Coefficients of attention_error.h, a row to a lane.
struct PanelError {
  double dot[kLanes], dot_likely[kLanes];
  double scaled[kLanes], argument[kLanes];
  double constant[kLanes];  // with what the largest |t| adds
  double pv[kLanes], pv_likely[kLanes];
};

// Some keys and a panel.
struct Scores {
  uint32_t keys;
  uint32_t first_key;                  // index of the first of them
  const double* k_scale;               // [keys]
  double scale[kLanes];                // per row
  double first[kLanes], last[kLanes];  // keys that each row sees
  double* t;                           // [keys, kLanes] in: dot products; out: scores, -inf unseen
  double maximum[kLanes];              // out: largest t; -inf if none is seen
  double largest[kLanes];              // out: largest |t|; 0 if none is seen
};

struct Weights {
  uint32_t keys;
  const double* t;                  // [keys, kLanes]
  const float* magnitude;           // [keys, kLanes] sum_d |q_d k_id|
  const double *k_scale, *v_scale;  // [keys], magnitudes of k_scale
  double maximum[kLanes];           // finite
  PanelError error;
  bool bounds;
  double* p;                               // [keys, kLanes] out: exp(t - maximum) v_scale
  float* w;                                // [keys, kLanes] out: p's part of the bound
  double sum[kLanes];                      // out: sum of exp(t - maximum)
  double off[kLanes], off_likely[kLanes];  // out: sum of exp(t - maximum) E
  float share[kLanes];                     // in, out: largest likely / hard weight so far
};

// The values x >= 0 of a format that P is cast to.
struct Grid {
  double smallest;  // smallest normal number
  double step;      // distance of the values from 1 to 2
  double largest;
  bool truncate;  // towards zero; else to nearest even
};

// A tile of keys and a panel under a cast of P, for the hard or the likely bound.
struct CastTile {
  uint32_t keys;
  const double* t;         // [keys, kLanes] as in Weights
  const float* magnitude;  // [keys, kLanes]
  const double* k_scale;   // [keys] magnitudes
  const double* p;         // [keys, kLanes] before the cast
  Grid grid;
  bool flips;
  double maximum[kLanes];  // finite
  double dot[kLanes], scaled[kLanes], argument[kLanes], constant[kLanes];
  // From cast_range: between what the largest score's and the largest |p|'s computed values are.
  double highest[kLanes], lowest[kLanes], amax_high[kLanes], amax_low[kLanes];
  // To cast_weights: relative errors of what is cast, of the tile as a whole, of the sum.
  double scale[kLanes], of_code[kLanes], of_tile[kLanes], pv[kLanes];
  float* w;  // [keys, kLanes] the bound's weights
};

struct CastValues {
  uint32_t keys;
  Grid grid;
  double scale[kLanes];
  double* p;  // [keys, kLanes] in: weights; out: what their codes stand for
};

struct Kernels {
  void (*copy)(const Copy&);
  void (*product64)(const Product64&);
  void (*product32)(const Product32&);
  void (*scores)(Scores&);
  void (*weights)(Weights&);
  void (*cast_range)(CastTile&);
  void (*cast_weights)(const CastTile&);
  void (*cast_values)(const CastValues&);
};

extern const Kernels kAttentionSse2;
extern const Kernels kAttentionAvx2;
extern const Kernels kAttentionAvx512;

}  // namespace wavefuzz::reference::internal

#endif  // WAVEFUZZ_REFERENCE_ATTENTION_KERNELS_H_
