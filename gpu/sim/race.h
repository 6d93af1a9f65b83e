// Who touched which bytes since the last barrier: data races between the waves of a group (LDS and
// global memory) and between groups (global memory).
//
// Only s_barrier orders the waves of a group, and nothing the groups of a launch. Atomic operations
// do not race with each other; a group that has executed one on global memory is taken to be
// synchronised with the groups before it (the last group of a split adds the parts up). Writes of
// what a byte holds already are no race.
//
// Compilers load ahead of the branch or the select that drops what they loaded, so a read is a race
// where its value is used. What a racing read brings is undefined as other data is (poison.h), with
// the read as its origin. Where the read comes first in this run, only another run can tell: the
// write leaves an UnsettledRead, and with LaunchConfig::unsettled_reads that read brings undefined
// data.
#ifndef WAVEFUZZ_GPU_SIM_RACE_H_
#define WAVEFUZZ_GPU_SIM_RACE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace wavefuzz::sim {

// The LDS, in granules of the narrowest access that the program has. A granule's tag is the epoch,
// the number of the group's stretch between two barriers, above a bit for each wave that made such
// an access in it; it counts while the epoch is the present one. `op` is the last of these
// accesses.
struct LdsAccesses {
  std::vector<uint32_t> tag, op;

  bool by_others(uint64_t granule, uint32_t epoch_tag, uint32_t me) const {
    const uint32_t waves = tag[granule] ^ epoch_tag;
    return waves >> 16 == 0 && (waves & ~me) != 0;
  }
};
struct LdsShadow {
  LdsAccesses writes, atomics, reads;
  uint16_t epoch = 0;
  unsigned granule_shift = 2;  // 1 << granule_shift bytes

  void resize(uint32_t bytes) {
    const size_t count = (bytes >> granule_shift) + 17;
    if (writes.tag.size() >= count) return;
    for (LdsAccesses* list : {&writes, &atomics, &reads}) {
      list->tag.resize(count);
      list->op.resize(count);
    }
  }
  void next_epoch() {
    if (++epoch != 0) return;
    for (LdsAccesses* list : {&writes, &atomics, &reads})
      std::fill(list->tag.begin(), list->tag.end(), 0);
    epoch = 1;
  }
};

enum class LdsAccessKind : uint8_t { kRead, kWrite, kAtomic };

// A dword of an island: its last writer and readers.
struct GlobalAccess {
  uint32_t group = 0;  // 1 + its number, of all launches on this memory
  uint16_t epoch = 0;
  uint8_t wave = 0;
  uint8_t bytes = 0;  // bit i: byte i of the dword
  uint32_t op = 0;
};
inline constexpr uint8_t kSeveralWaves = 0xff;  // GlobalAccess::wave
struct GlobalShadow {
  GlobalAccess write, read;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_RACE_H_
