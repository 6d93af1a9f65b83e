#include "gpu/sim/bind.h"

namespace wavefuzz::sim {

// Source lane of every lane (ISA manual, DPP controls of GFX9).
bool bind_dpp(const AsmText& text, Extras* extras) {
  Extras& e = *extras;
  e.dpp = true;
  e.bound_ctrl = text.has("bound_ctrl");
  const int64_t rows = text.number("row_mask", 15), banks = text.number("bank_mask", 15);
  e.dpp_write = 0;
  for (unsigned i = 0; i < kLanes; ++i) {
    if ((rows >> (i / 16) & 1) && (banks >> (i % 16 / 4) & 1)) e.dpp_write |= uint64_t{1} << i;
    const int row = int(i) / 16 * 16, in_row = int(i) % 16;
    int from = -1;
    const auto n = [&](const char* name) { return int(text.number(name, 0)); };
    if (const AsmModifier* quad = text.find("quad_perm")) {
      if (quad->list.size() != 4) return false;
      from = int(i & ~3u) + int(quad->list[i & 3] & 3);
    } else if (text.has("row_shl")) {
      from = in_row + n("row_shl") < 16 ? int(i) + n("row_shl") : -1;
    } else if (text.has("row_shr")) {
      from = in_row - n("row_shr") >= 0 ? int(i) - n("row_shr") : -1;
    } else if (text.has("row_ror")) {
      from = row + ((in_row - n("row_ror")) & 15);
    } else if (text.has("wave_shl")) {
      from = i + 1 < kLanes ? int(i) + 1 : -1;
    } else if (text.has("wave_rol")) {
      from = int(i + 1) & 63;
    } else if (text.has("wave_shr")) {
      from = int(i) - 1;
    } else if (text.has("wave_ror")) {
      from = (int(i) - 1) & 63;
    } else if (text.has("row_mirror")) {
      from = row + 15 - in_row;
    } else if (text.has("row_half_mirror")) {
      from = int(i & ~7u) + 7 - int(i & 7);
    } else if (text.has("row_bcast")) {
      const int lanes = n("row_bcast");
      from = lanes == 15 ? row - 1 : i >= 32 ? 31 : -1;
    } else if (text.has("row_newbcast")) {
      from = row + n("row_newbcast");
    } else {
      return false;
    }
    if (from >= 0) {
      e.dpp_valid |= uint64_t{1} << i;
      e.dpp_source[i] = uint8_t(from);
    }
  }
  return true;
}

}  // namespace wavefuzz::sim
