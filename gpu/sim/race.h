// Who touched which bytes since the last barrier: data races between the waves of a group (LDS and
// global memory) and between groups (global memory).
//
// Only s_barrier orders the waves of a group, and nothing the groups of a launch. Atomic operations
// do not race with each other; a group that has executed one on global memory is taken to be
// synchronised with the groups before it (the last group of a split adds the parts up). Writes of
// what a byte holds already are no race.
#ifndef WAVEFUZZ_GPU_SIM_RACE_H_
#define WAVEFUZZ_GPU_SIM_RACE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace wavefuzz::sim {

// The LDS, in granules of the narrowest access that the program has. An entry counts while its
// epoch, the number of the group's stretch between two barriers, is the present one.
struct LdsAccess {
  uint32_t op;  // the last of these accesses
  uint16_t epoch;
  uint16_t waves;  // a bit for each
};
struct LdsShadow {
  std::vector<LdsAccess> writes, atomics, reads;
  uint16_t epoch = 0;
  unsigned granule_shift = 2;  // 1 << granule_shift bytes

  void resize(uint32_t bytes) {
    const size_t count = (bytes >> granule_shift) + 17;
    if (writes.size() >= count) return;
    writes.resize(count);
    atomics.resize(count);
    reads.resize(count);
  }
  void next_epoch() {
    if (++epoch != 0) return;
    for (auto* list : {&writes, &atomics, &reads})
      std::fill(list->begin(), list->end(), LdsAccess{});
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
