// Global memory as islands: each buffer stands alone in a 48-bit address space, far from the
// others.
#ifndef WAVEFUZZ_GPU_SIM_MEMORY_H_
#define WAVEFUZZ_GPU_SIM_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/sim/arch.h"

namespace wavefuzz::sim {

enum class Access : uint8_t { kRead, kWrite, kReadWrite };

struct IslandSpec {
  std::string name;
  uint64_t bytes = 0;  // at least 1
  Access access = Access::kReadWrite;
  // The base address is congruent to phase modulo alignment (a power of two, at most 1 GiB).
  uint64_t alignment = 4096;
  uint64_t phase = 0;
  bool watch_races = true;  // false: who of several writers wins is not the kernel's business
};

// Offsets of an island, in bytes: [begin, end).
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool operator==(const ByteRange&) const = default;
};

class Memory;
struct GlobalShadow;

// What is left of this process's address space does not hold an island.
class AddressSpaceError : public Error {
  using Error::Error;
};

// One buffer. Its size costs address space only: a page is committed when it is touched.
// Every byte starts uninitialised; the host's writes and a kernel's stores initialise it.
class Island {
 public:
  ~Island();
  Island(const Island&) = delete;
  Island& operator=(const Island&) = delete;

  const std::string& name() const { return name_; }
  uint64_t address() const { return address_; }  // the GPU's
  uint64_t size() const { return size_; }
  Access access() const { return access_; }

  // Host writes. They throw Error when [offset, offset + bytes) does not lie in the island.
  void write(uint64_t offset, std::span<const std::byte> bytes);
  void fill(uint64_t offset, uint64_t bytes, std::byte value);
  // Poisons bytes again, for gaps between rows.
  void set_uninitialised(uint64_t offset, uint64_t bytes);
  // Initialises the range and hands it over to be written in place.
  std::span<std::byte> writable(uint64_t offset, uint64_t bytes);
  template <typename T>
  void write_values(uint64_t offset, std::span<const T> values) {
    write(offset, std::as_bytes(values));
  }

  // The content; an uninitialised byte reads 0 unless something has written there before.
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  bool initialised(uint64_t offset, uint64_t bytes) const;
  // What kernels have stored to since the island was made or clear_written() was called, in order,
  // adjacent ranges merged. Costs time in proportion to what was written.
  std::vector<ByteRange> written_ranges() const;
  void clear_written();

 private:
  friend class Memory;
  friend struct Machine;  // the simulator's loads and stores

  Island() = default;
  uint64_t shadow_bytes() const;
  void check_range(const char* what, uint64_t offset, uint64_t bytes) const;
  void touch(uint64_t offset, uint64_t bytes);

  std::string name_;
  uint64_t address_ = 0;
  uint64_t size_ = 0;
  Access access_ = Access::kReadWrite;
  bool watch_races_ = true;
  std::byte* data_ = nullptr;
  uint64_t* initialised_ = nullptr;  // a bit per byte
  uint64_t* written_ = nullptr;      // a bit per byte
  uint8_t* dirty_ = nullptr;         // a byte per 4 KiB chunk: 1 once listed
  std::vector<uint32_t> dirty_list_;
  uint64_t kept_chunks_ = 0;        // cleared by reset() since pages were last given back
  GlobalShadow* shadow_ = nullptr;  // one per dword, reserved when races are first looked for
  uint64_t capacity_ = 0;           // bytes that data_ can hold
};

// What a kernel can reach. One Memory serves one thread at a time.
//
// A code object's own writable data (__device__ variables) is part of it: the first launch of one of
// the object's kernels finds the object's initial values, later ones what those before have left,
// as a runtime has it between loading and unloading the object. reset() brings the initial values
// back. All of it counts as initialised, and races on it are not looked for.
class Memory {
 public:
  Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // The reference holds until reset(). Throws Error when the spec is invalid, AddressSpaceError
  // when address space runs out.
  Island& add(const IslandSpec& spec);
  // Null when there is none of that name.
  Island* find(std::string_view name);
  const std::vector<std::unique_ptr<Island>>& islands() const { return islands_; }

  // The island that holds [address, address + bytes), or null.
  Island* containing(uint64_t address, uint64_t bytes) const;
  // The island nearest to an address, or null when there is none.
  const Island* nearest(uint64_t address) const;

  // Forgets every island, and what kernels wrote to their code objects' own data. Their pages are
  // kept for the next ones: only what was touched is cleared. Those above kMostSpare give their
  // address space back, so that many threads can each have some.
  void reset();

 private:
  friend struct Machine;
  // Numbers for the groups of a launch, for race detection: the first of `count`, never used
  // before.
  uint32_t take_group_numbers(uint64_t count);
  // Islands above this size are not watched: their shadows would use up the address space.
  static constexpr uint64_t kMostWatched = uint64_t{1} << 38;
  static constexpr uint64_t kMostSpare = uint64_t{1} << 34;
  // Those that were not used for longest go first: buffers come in all sizes, and each spare keeps
  // some pages.
  static constexpr ptrdiff_t kMostSpares = 32;
  void reserve_shadow(Island& island);
  // The present content of a writable segment of the object.
  std::byte* object_data(const std::shared_ptr<const void>& object, uint64_t address,
                         std::span<const std::byte> initial);

  struct ObjectData {
    std::shared_ptr<const void> object;
    uint64_t address;
    std::vector<std::byte> bytes;
    bool current;  // false: reset() was called
  };
  static constexpr size_t kMostObjectData = 64;  // kept over a reset()
  std::vector<ObjectData> object_data_;
  std::vector<std::unique_ptr<Island>> islands_;  // by address
  std::vector<std::unique_ptr<Island>> spare_;    // last used last
  uint64_t next_address_;
  uint32_t next_group_ = 1;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_MEMORY_H_
