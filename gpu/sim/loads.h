// Loads under way: issued, and not come in yet.
//
// A load reads memory when it is issued. Its registers keep their old content, and are poison,
// until an s_waitcnt says that it must have come in (the latest moment the hardware may choose) or,
// under a schedule seed, some time before. An instruction that uses them earlier is a finding, and
// works on the old content. Counters: ISA manual, "Manually inserted wait states", s_waitcnt.
#ifndef WAVEFUZZ_GPU_SIM_LOADS_H_
#define WAVEFUZZ_GPU_SIM_LOADS_H_

#include <cstdint>

#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

// Marks of an origin (see Wave::v_origin): the load that it names has not come in; what it read,
// another wave or group writes in no order with it (race.h); the instruction's result is not exact
// (LaunchConfig::follow_inexact).
inline constexpr uint32_t kInFlight = 0x8000'0000;
inline constexpr uint32_t kRaced = 0x4000'0000;
inline constexpr uint32_t kInexact = 0x2000'0000;

// In memory: nobody has stored what is undefined there; of a load: no other than itself.
inline constexpr uint32_t kOwnOrigin = 0xffff'fffe;

// What the counters can hold. At their limit the hardware waits before it issues another.
inline constexpr unsigned kMaxVmcnt = 63;
inline constexpr unsigned kMaxLgkmcnt = 15;

// What a load brought: dwords per lane, and per byte of the access the lanes where it is undefined.
// A scalar load's dword d is at dword[d / 64][d % 64], its undefined bits 64 places on.
struct Loaded {
  alignas(64) uint32_t dword[4][kLanes];
  uint64_t undefined[16];
  bool any_undefined;
  uint32_t origin;  // of what is undefined; kOwnOrigin: the load itself
};

enum class LoadTarget : uint8_t { kVgprs, kSgprs, kLds };

struct PendingLoad {
  const Op* op;
  Loaded* data;
  uint64_t lanes;
  uint64_t failed;    // of those: lanes that reached no memory
  uint64_t lds_base;  // kLds
  uint32_t number;    // of the instruction in its counter
  uint32_t param;     // MemoryParam
  uint16_t dst;
  LoadTarget target;
  bool overlapped;  // a later load goes to the same registers
  bool done;        // came in out of its turn
};

// Loads of one counter that come in in order.
struct LoadQueue {
  static constexpr unsigned kSize = 64;
  PendingLoad ring[kSize];
  uint32_t head = 0, tail = 0;  // [head, tail) modulo kSize
  uint32_t issued = 0;          // instructions that count, stores too

  bool empty() const { return head == tail; }
  PendingLoad& front() { return ring[head % kSize]; }
};

// Of one wave.
struct Loads {
  LoadQueue vm;   // VMCNT: global, buffer, scratch, flat
  LoadQueue lds;  // LGKMCNT, in order: LDS and lane permutes
  // LGKMCNT, in any order: scalar loads, and LDS by flat addresses. Only lgkmcnt(0) waits for them.
  static constexpr unsigned kMaxUnordered = 32;
  PendingLoad unordered[kMaxUnordered];
  uint32_t unordered_count = 0;

  // Buffers are taken from the top of a stack, so that the ones in use stay in the cache.
  static constexpr unsigned kBuffers = 2 * LoadQueue::kSize + kMaxUnordered + 2;
  Loaded buffers[kBuffers];
  Loaded* free[kBuffers];
  uint32_t free_count = 0;

  void clear() {
    vm.head = vm.tail = vm.issued = 0;
    lds.head = lds.tail = lds.issued = 0;
    unordered_count = 0;
    free_count = kBuffers;
    for (unsigned i = 0; i < kBuffers; ++i) free[i] = &buffers[kBuffers - 1 - i];
  }
  // The next load's buffer; free_count keeps it until the load is queued.
  Loaded& buffer() { return *free[free_count - 1]; }

  // Calls f for every load under way, oldest first within its counter.
  template <typename F>
  void each(F f) {
    for (LoadQueue* q : {&vm, &lds})
      for (uint32_t i = q->head; i != q->tail; ++i) f(q->ring[i % LoadQueue::kSize]);
    for (uint32_t i = 0; i < unordered_count; ++i) f(unordered[i]);
  }
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_LOADS_H_
