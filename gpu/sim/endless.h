// Whether a group that has spent its budget of instructions will ever end.
//
// It never will where everything that decides its way comes back as it was. Two ways to see that:
// all waves, LDS and scratch memory are at the end of a round what they were at the end of an
// earlier one; or, where a loop counts or sums up as it goes, what differs between two such rounds
// is marked undefined, and a turn of the loop later has reached no branch, no EXEC and no address
// and has spread no further. What the loop reads of memory that may be written must be as it was,
// and no other group may be left to write it: on hardware that group runs at the same time.
#ifndef WAVEFUZZ_GPU_SIM_ENDLESS_H_
#define WAVEFUZZ_GPU_SIM_ENDLESS_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gpu/sim/wave.h"

namespace wavefuzz::sim {

class LoopWatch {
 public:
  enum class State : uint8_t {
    kUnknown,
    kEndless,
    kWaits,  // for memory that another group may still write, or for the clock, which stands still
  };
  // Instructions of a wave that it goes round and round in.
  struct Loop {
    const Op* first = nullptr;
    const Op* last = nullptr;
    const Op* branch = nullptr;  // back; the last one where there is none
  };

  // `alone`: no other group of the launch has yet to run.
  LoopWatch(Machine& machine, bool alone);

  // The machine's side. Before an instruction; before it touches memory; when undefined data reach
  // something that must be defined.
  void before(const Wave& wave, const Op* op) {
    op_ = op;
    seen_[wave.id][op->index] = round_;
  }
  void touch(const Span& span, uint64_t offset, uint64_t bytes);
  void poisoned(std::string_view what);
  // A range so wide must be looked at lane by lane.
  static constexpr uint64_t kWidest = 1 << 16;

  // A try came to nothing: the round is over, and undone.
  bool failed() const { return failed_; }
  // All waves have had their turn.
  State end_round();
  Loop loop(const Wave& wave) const;

 private:
  struct Chunk {
    const Span* span;
    uint64_t offset, bytes;
    std::vector<std::byte> data;
    std::vector<uint64_t> initialised;
  };
  // The group at the end of a round, and what memory held then that was touched since.
  struct Past {
    uint32_t round = 0;
    std::vector<std::unique_ptr<Wave>> waves;
    std::vector<std::vector<std::byte>> scratch;
    std::vector<std::vector<uint64_t>> scratch_defined;
    std::vector<std::byte> lds;
    std::vector<uint64_t> lds_defined;
    std::unordered_map<uint64_t, Chunk> chunks;  // by address
    bool reads = false;                          // memory that may be written
    bool all_chunks = true;                      // none was left out
  };
  // Bits and bytes of a group: those that differ, or are undefined.
  struct Marks {
    std::vector<VgprPoison> v;  // 512 of each wave
    std::vector<uint32_t> s;    // kScalars of each wave
    std::vector<uint64_t> lds;
    std::vector<std::vector<uint64_t>> scratch;

    void add(const Marks& other);
    bool within(const Marks& other) const;
  };

  void take(Past& past);
  void restore(const Past& past);
  static void keep(Past& past, const Span& span, uint64_t chunk);
  static bool memory_as(const Past& past);
  bool same_place(const Past& past) const;
  bool same_loads(const Past& past) const;
  bool same_state(const Past& past) const;
  bool loading() const;
  bool reads_clock() const;
  Marks none() const;
  Marks changed(const Past& past) const;
  Marks undefined() const;
  void set_undefined(const Marks& marks);
  // What a state that has come back means.
  State come_back(const Past& past);

  bool begin_try();
  State end_try();
  void undo();
  void give_up();

  template <typename F>
  void each_register(F f) const;

  Machine& m_;
  const bool alone_;
  const bool may_try_;
  uint32_t round_ = 1;
  uint32_t window_ = 1;
  uint32_t candidates_ = 0, tries_ = 0;
  const Op* op_ = nullptr;
  std::vector<std::vector<uint32_t>> seen_;  // the last round of each wave and instruction
  Past base_, start_;
  bool trying_ = false, failed_ = false;
  uint32_t period_ = 0, left_ = 0, retries_ = 0;
  uint32_t since_ = 0;  // the round that came back
  Marks marks_;         // while trying: what may be anything
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_ENDLESS_H_
