#include "gpu/sim/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>

#include "gpu/sim/race.h"

namespace wavefuzz::sim {
namespace {

constexpr uint64_t kChunk = 4096;
// Islands start well above what a 32-bit or sign-extended 32-bit address can reach, and a red zone
// keeps any offset error below 4 GiB from landing in a neighbour.
constexpr uint64_t kFirstAddress = 0x0100'0000'0000;
constexpr uint64_t kEndAddress = 0x7000'0000'0000;
constexpr uint64_t kRedZone = uint64_t{1} << 32;
// After this much cleared memory pages are given back: a buffer whose every case touches other
// addresses, as sparse caches do, would else keep what all of them have touched, race shadows of
// eight times the size included.
constexpr uint64_t kClearLimit = 1 << 20;

uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

void* reserve(uint64_t bytes, const std::string& name) {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    throw AddressSpaceError(
        fmt::format("island {}: cannot reserve {} bytes of address space", name, bytes));
  }
  return p;
}

void release(void* p, uint64_t bytes) {
  if (p != nullptr) munmap(p, bytes);
}

// Sets (or clears) bits [begin, end) of a bitmap.
void set_bits(uint64_t* bits, uint64_t begin, uint64_t end, bool value) {
  while (begin < end) {
    if (begin % 64 == 0 && end - begin >= 64) {
      const uint64_t words = (end - begin) / 64;
      std::memset(bits + begin / 64, value ? 0xff : 0, words * 8);
      begin += words * 64;
      continue;
    }
    const uint64_t stop = std::min(end, begin / 64 * 64 + 64);
    const uint64_t mask = (~0ull >> (64 - (stop - begin))) << (begin % 64);
    if (value)
      bits[begin / 64] |= mask;
    else
      bits[begin / 64] &= ~mask;
    begin = stop;
  }
}

}  // namespace

Island::~Island() {
  release(data_, capacity_);
  release(initialised_, capacity_ / 8);
  release(written_, capacity_ / 8);
  release(dirty_, capacity_ / kChunk);
  release(shadow_, shadow_bytes());
}

uint64_t Island::shadow_bytes() const { return capacity_ / 4 * sizeof(GlobalShadow); }

void Island::check_range(const char* what, uint64_t offset, uint64_t bytes) const {
  if (offset > size_ || bytes > size_ - offset)
    throw Error(fmt::format("island {}: {} of {} bytes at offset {} does not fit its {} bytes",
                            name_, what, bytes, offset, size_));
}

void Island::touch(uint64_t offset, uint64_t bytes) {
  if (bytes == 0) return;
  for (uint64_t chunk = offset / kChunk; chunk <= (offset + bytes - 1) / kChunk; ++chunk) {
    if (!dirty_[chunk]) {
      dirty_[chunk] = 1;
      dirty_list_.push_back(uint32_t(chunk));
    }
  }
}

std::span<std::byte> Island::writable(uint64_t offset, uint64_t bytes) {
  check_range("write", offset, bytes);
  touch(offset, bytes);
  set_bits(initialised_, offset, offset + bytes, true);
  return {data_ + offset, bytes};
}

void Island::write(uint64_t offset, std::span<const std::byte> bytes) {
  const std::span<std::byte> to = writable(offset, bytes.size());
  if (!bytes.empty()) std::memcpy(to.data(), bytes.data(), bytes.size());
}

void Island::fill(uint64_t offset, uint64_t bytes, std::byte value) {
  const std::span<std::byte> to = writable(offset, bytes);
  if (bytes != 0) std::memset(to.data(), int(value), bytes);
}

void Island::set_uninitialised(uint64_t offset, uint64_t bytes) {
  check_range("poisoning", offset, bytes);
  set_bits(initialised_, offset, offset + bytes, false);
}

bool Island::initialised(uint64_t offset, uint64_t bytes) const {
  check_range("query", offset, bytes);
  for (uint64_t at = offset; at < offset + bytes;) {
    const uint64_t stop = std::min(offset + bytes, at / 64 * 64 + 64);
    const uint64_t mask = (~0ull >> (64 - (stop - at))) << (at % 64);
    if ((initialised_[at / 64] & mask) != mask) return false;
    at = stop;
  }
  return true;
}

std::vector<ByteRange> Island::written_ranges() const {
  std::vector<uint32_t> chunks = dirty_list_;
  std::sort(chunks.begin(), chunks.end());
  std::vector<ByteRange> ranges;
  for (const uint32_t chunk : chunks) {
    for (uint64_t word = chunk * (kChunk / 64); word < (chunk + uint64_t{1}) * (kChunk / 64);
         ++word) {
      uint64_t bits = written_[word];
      while (bits != 0) {
        const unsigned first = std::countr_zero(bits);
        const unsigned count = std::countr_one(bits >> first);
        const uint64_t begin = word * 64 + first;
        if (!ranges.empty() && ranges.back().end == begin)
          ranges.back().end += count;
        else
          ranges.push_back({begin, begin + count});
        bits = first + count == 64 ? 0 : bits & (~0ull << (first + count));
      }
    }
  }
  return ranges;
}

void Island::clear_written() {
  for (const uint32_t chunk : dirty_list_)
    std::memset(written_ + chunk * (kChunk / 64), 0, kChunk / 8);
}

Memory::Memory() : next_address_(kFirstAddress) {}

uint32_t Memory::take_group_numbers(uint64_t count) {
  if (next_group_ + count > ~uint32_t{0}) {
    // Start again, with nothing left of the old numbers.
    for (auto* list : {&islands_, &spare_})
      for (auto& island : *list)
        if (island->shadow_ != nullptr)
          madvise(island->shadow_, island->shadow_bytes(), MADV_DONTNEED);
    next_group_ = 1;
  }
  const uint32_t first = next_group_;
  next_group_ += uint32_t(count);
  return first;
}

void Memory::reserve_shadow(Island& island) {
  if (island.shadow_ == nullptr && island.capacity_ <= kMostWatched)
    island.shadow_ = static_cast<GlobalShadow*>(reserve(island.shadow_bytes(), island.name_));
}

Island& Memory::add(const IslandSpec& spec) {
  if (spec.bytes == 0) throw Error(fmt::format("island {}: bytes is 0", spec.name));
  if (!std::has_single_bit(spec.alignment) || spec.alignment > uint64_t{1} << 30)
    throw Error(fmt::format("island {}: alignment {} is not a power of two of at most 1 GiB",
                            spec.name, spec.alignment));
  if (spec.phase >= spec.alignment)
    throw Error(fmt::format("island {}: phase {} is not below the alignment {}", spec.name,
                            spec.phase, spec.alignment));
  const uint64_t address = round_up(next_address_, spec.alignment) + spec.phase;
  if (spec.bytes > kEndAddress || address > kEndAddress - spec.bytes)
    throw Error(
        fmt::format("island {}: {} bytes do not fit the address space", spec.name, spec.bytes));

  const uint64_t capacity = round_up(spec.bytes, kChunk);
  // The smallest spare that fits; a much larger one would keep its pages from better use.
  auto best = spare_.end();
  for (auto it = spare_.begin(); it != spare_.end(); ++it)
    if ((*it)->capacity_ >= capacity && (*it)->capacity_ / 4 <= capacity + kChunk &&
        (best == spare_.end() || (*it)->capacity_ < (*best)->capacity_))
      best = it;
  std::unique_ptr<Island> island;
  if (best != spare_.end()) {
    island = std::move(*best);
    spare_.erase(best);
  } else {
    island.reset(new Island);
    island->capacity_ = capacity;
    island->data_ = static_cast<std::byte*>(reserve(capacity, spec.name));
    island->initialised_ = static_cast<uint64_t*>(reserve(capacity / 8, spec.name));
    island->written_ = static_cast<uint64_t*>(reserve(capacity / 8, spec.name));
    island->dirty_ = static_cast<uint8_t*>(reserve(capacity / kChunk, spec.name));
  }
  island->name_ = spec.name;
  island->address_ = address;
  island->size_ = spec.bytes;
  island->access_ = spec.access;
  island->watch_races_ = spec.watch_races;
  next_address_ = round_up(address + spec.bytes, kChunk) + kRedZone;
  islands_.push_back(std::move(island));
  return *islands_.back();
}

std::byte* Memory::object_data(const std::shared_ptr<const void>& object, uint64_t address,
                               std::span<const std::byte> initial) {
  const auto it = std::ranges::find_if(object_data_, [&](const ObjectData& data) {
    return data.object == object && data.address == address;
  });
  if (it == object_data_.end()) {
    object_data_.push_back({object, address, {initial.begin(), initial.end()}, true});
    return object_data_.back().bytes.data();
  }
  if (!it->current) std::ranges::copy(initial, it->bytes.begin());
  it->current = true;
  return it->bytes.data();
}

Island* Memory::find(std::string_view name) {
  for (const auto& island : islands_)
    if (island->name_ == name) return island.get();
  return nullptr;
}

Island* Memory::containing(uint64_t address, uint64_t bytes) const {
  for (const auto& island : islands_)
    if (address - island->address_ < island->size_ &&
        bytes <= island->size_ - (address - island->address_))
      return island.get();
  return nullptr;
}

const Island* Memory::nearest(uint64_t address) const {
  const Island* best = nullptr;
  uint64_t best_distance = ~0ull;
  for (const auto& island : islands_) {
    const uint64_t end = island->address_ + island->size_;
    const uint64_t distance = address < island->address_ ? island->address_ - address
                              : address >= end           ? address - end
                                                         : 0;
    if (distance < best_distance) {
      best = island.get();
      best_distance = distance;
    }
  }
  return best;
}

void Memory::reset() {
  for (auto& island : islands_) {
    if (island->capacity_ > kMostSpare) continue;
    island->kept_chunks_ += island->dirty_list_.size();
    if (island->kept_chunks_ * kChunk > kClearLimit) {
      island->kept_chunks_ = 0;
      madvise(island->data_, island->capacity_, MADV_DONTNEED);
      madvise(island->initialised_, island->capacity_ / 8, MADV_DONTNEED);
      madvise(island->written_, island->capacity_ / 8, MADV_DONTNEED);
      madvise(island->dirty_, island->capacity_ / kChunk, MADV_DONTNEED);
      if (island->shadow_ != nullptr)
        madvise(island->shadow_, island->shadow_bytes(), MADV_DONTNEED);
    } else {
      for (const uint64_t chunk : island->dirty_list_) {
        std::memset(island->data_ + chunk * kChunk, 0, kChunk);
        std::memset(island->initialised_ + chunk * (kChunk / 64), 0, kChunk / 8);
        std::memset(island->written_ + chunk * (kChunk / 64), 0, kChunk / 8);
        island->dirty_[chunk] = 0;
      }
    }
    island->dirty_list_.clear();
    spare_.push_back(std::move(island));
  }
  islands_.clear();
  if (std::ssize(spare_) > kMostSpares) spare_.erase(spare_.begin(), spare_.end() - kMostSpares);
  next_address_ = kFirstAddress;
  if (object_data_.size() > kMostObjectData) object_data_.clear();
  for (ObjectData& data : object_data_) data.current = false;
}

}  // namespace wavefuzz::sim
