// Waiting: s_waitcnt lets loads come in; barriers and ends hand the wave back to the scheduler.
#include <algorithm>

#include "gpu/sim/lane_memory.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {
namespace {

// Whether the lanes' registers are still as the load left them. If not, an instruction has written
// one in the meantime, and the load now destroys its result.
bool untouched(const Wave& w, const PendingLoad& p) {
  const unsigned dwords = ((p.param & kBytes) + 3) / 4;
  const ByteSpan bytes = written_bytes(p.param);
  u64 all = p.lanes;
  for (unsigned d = 0; d < dwords; ++d)
    for (unsigned b = bytes.first; b < bytes.end; ++b) all &= w.v_poison[p.dst + d].byte[b];
  return all == p.lanes;
}

// The load came in before the instructions that have written its registers since: what they wrote
// stays.
[[gnu::noinline]] void finish_beneath(Wave& w, PendingLoad& p) {
  const unsigned dwords = ((p.param & kBytes) + 3) / 4;
  const ByteSpan bytes = written_bytes(p.param);
  u32 written[4][kLanes];
  VgprPoison poison[4];
  for (unsigned d = 0; d < dwords; ++d) {
    std::copy_n(w.v[p.dst + d], kLanes, written[d]);
    poison[d] = w.v_poison[p.dst + d];
  }
  finish_load(w, p.op, p.dst, p.param, p.lanes, p.failed, *p.data);
  for (unsigned d = 0; d < dwords; ++d) {
    for (unsigned b = bytes.first; b < bytes.end; ++b) {
      const u64 stays = p.lanes & ~poison[d].byte[b];
      w.v_poison[p.dst + d].byte[b] &= ~stays;
      for_lanes(stays, [&](unsigned i) {
        const u32 mask = 0xffu << 8 * b;
        u32& v = w.v[p.dst + d][i];
        v = (v & ~mask) | (written[d][i] & mask);
      });
    }
  }
}

void finish_scalar(Wave& w, const PendingLoad& p) {
  bool written = false;
  for (unsigned d = 0; d < p.op->dwords; ++d) {
    written |= w.s_poison[p.dst + d] != ~0u;
    w.s[p.dst + d] = p.data->dword[0][d];
    w.s_poison[p.dst + d] = p.data->dword[1][d];
    w.s_origin[p.dst + d] = p.op->index;
  }
  if (written) [[unlikely]]
    w.machine->report_overwritten(w, p, 0);
}

void finish(Wave& w, PendingLoad& p) {
  switch (p.target) {
    case LoadTarget::kVgprs:
      if (!untouched(w, p)) [[unlikely]] {
        w.machine->report_overwritten(w, p, p.lanes);
        if (w.machine->config->late_loads == LateLoads::kNewContent) {
          finish_beneath(w, p);
          break;
        }
      }
      finish_load(w, p.op, p.dst, p.param, p.lanes, p.failed, *p.data);
      break;
    case LoadTarget::kSgprs:
      finish_scalar(w, p);
      break;
    case LoadTarget::kLds:
      finish_to_lds(w, p);
      break;
  }
  w.loads.free[w.loads.free_count++] = p.data;
}

// A load has come in over registers that another one still has to fill: marks them again.
void mark_again(Wave& w) {
  w.loads.each([&](const PendingLoad& p) {
    if (p.done) return;
    if (p.target == LoadTarget::kVgprs) mark_in_flight(w, p.op, p.dst, p.param, p.lanes);
    if (p.target == LoadTarget::kSgprs)
      for (unsigned d = 0; d < p.op->dwords; ++d) {
        w.s_poison[p.dst + d] = ~0u;
        w.s_origin[p.dst + d] = kInFlight | p.op->index;
      }
  });
}

void come_in_all(Wave& w) {
  come_in(w, w.loads.vm, w.loads.vm.issued);
  come_in(w, w.loads.lds, w.loads.lds.issued);
  come_in_unordered(w);
}

// imm: vmcnt | expcnt << 8 | lgkmcnt << 16, at their maximum where the text names none.
const Op* s_waitcnt(Wave& w, const Op* op) {
  Loads& l = w.loads;
  const u32 vm = u32(op->imm) & 0xff, lgkm = u32(op->imm) >> 16;
  if (vm != kMaxVmcnt && !l.vm.empty()) come_in(w, l.vm, l.vm.issued - vm);
  if (lgkm != kMaxLgkmcnt && !l.lds.empty()) come_in(w, l.lds, l.lds.issued - lgkm);
  if (lgkm == 0 && l.unordered_count != 0) come_in_unordered(w);
  return op + 1;
}

const Op* s_endpgm(Wave& w, const Op* op) {
  come_in_all(w);
  w.state = WaveState::kEnded;
  w.next = op;
  return nullptr;
}
const Op* s_barrier(Wave& w, const Op* op) {
  w.state = WaveState::kAtBarrier;
  w.next = op + 1;
  return nullptr;
}

constexpr Row bare(std::string_view mnemonic, ExecFn exec) {
  Row row;
  row.mnemonic = mnemonic;
  row.exec = exec;
  return row;
}
constexpr Row kRows[] = {
    bare("s_waitcnt", &s_waitcnt),
    bare("s_endpgm", &s_endpgm),
    bare("s_endpgm_saved", &s_endpgm),
    bare("s_barrier", &s_barrier),
};

}  // namespace

void come_in(Wave& w, LoadQueue& queue, u32 number) {
  while (!queue.empty() && i32(queue.front().number - number) <= 0) {
    PendingLoad& p = queue.front();
    ++queue.head;
    if (p.done) continue;
    finish(w, p);
    if (p.overlapped) [[unlikely]]
      mark_again(w);
  }
}

void come_in_unordered(Wave& w) {
  bool overlapped = false;
  for (u32 i = 0; i < w.loads.unordered_count; ++i) {
    if (w.loads.unordered[i].done) continue;
    finish(w, w.loads.unordered[i]);
    overlapped |= w.loads.unordered[i].overlapped;
  }
  w.loads.unordered_count = 0;
  if (overlapped) mark_again(w);
}

void come_in_now(Wave& w, PendingLoad& load) {
  load.done = true;
  finish(w, load);
  if (load.overlapped) mark_again(w);
}

void come_in_early(Wave& w) {
  Machine& m = *w.machine;
  const u32 dice = m.random();
  if ((dice & 3) != 0) return;  // mostly late, as memory is
  LoadQueue& queue = dice & 4 ? w.loads.vm : w.loads.lds;
  const u32 behind = dice >> 8 & 7;
  if (!queue.empty()) come_in(w, queue, queue.issued - behind);
  if (dice & 8) come_in_unordered(w);
}

void note_overlap(Wave& w, const PendingLoad& load) {
  const auto end = [](const PendingLoad& p) {
    return p.dst + (p.target == LoadTarget::kSgprs ? p.op->dwords : ((p.param & kBytes) + 3) / 4);
  };
  w.loads.each([&](PendingLoad& p) {
    if (&p != &load && p.target == load.target && p.dst < end(load) && load.dst < end(p))
      p.overlapped = true;
  });
}

std::span<const Row> wait_rows() { return kRows; }

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
