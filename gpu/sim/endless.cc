#include "gpu/sim/endless.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace wavefuzz::sim {
namespace {

constexpr uint64_t kChunk = 4096;
constexpr size_t kMostChunks = 4096;
constexpr uint32_t kMostTries = 48, kMostRetries = 4;

void copy_loads(Loads& to, const Loads& from) {
  to.vm = from.vm;
  to.lds = from.lds;
  std::copy(std::begin(from.unordered), std::end(from.unordered), to.unordered);
  to.unordered_count = from.unordered_count;
  std::copy(std::begin(from.free), std::end(from.free), to.free);
  to.free_count = from.free_count;
}

// Bits of a bitmap where bytes of a and b differ.
void mark_differing(std::vector<uint64_t>& marks, const std::byte* a, const std::byte* b,
                    uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; ++i)
    if (a[i] != b[i]) marks[i / 64] |= uint64_t{1} << (i % 64);
}

void add_words(std::vector<uint64_t>& to, const std::vector<uint64_t>& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] |= from[i];
}
bool words_within(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i] & ~b[i]) return false;
  return true;
}

}  // namespace

template <typename F>
void LoopWatch::each_register(F f) const {
  for (unsigned r = 0; r < m_.code->vgprs; ++r) f(r);
  for (unsigned r = 0; r < m_.code->agprs; ++r) f(kAgpr0 + r);
}

LoopWatch::LoopWatch(Machine& machine, bool alone)
    : m_(machine), alone_(alone), may_try_(machine.shared == nullptr) {
  seen_.assign(m_.wave_count, std::vector<uint32_t>(m_.code->ops.size()));
  take(base_);
}

// --- Past states ---------------------------------------------------------------------------------

void LoopWatch::take(Past& past) {
  past.round = round_;
  past.chunks.clear();
  past.reads = false;
  past.all_chunks = true;
  while (past.waves.size() < m_.wave_count) past.waves.emplace_back(new Wave);
  for (size_t i = 0; i < m_.wave_count; ++i) {
    Wave& from = *m_.waves[i];
    Wave& to = *past.waves[i];
    each_register([&](unsigned r) {
      std::memcpy(to.v[r], from.v[r], sizeof(to.v[r]));
      to.v_poison[r] = from.v_poison[r];
      to.v_poison[r].partial = 0;
      to.v_origin[r] = from.v_origin[r];
    });
    std::copy(std::begin(from.s), std::end(from.s), to.s);
    std::copy(std::begin(from.s_poison), std::end(from.s_poison), to.s_poison);
    std::copy(std::begin(from.s_origin), std::end(from.s_origin), to.s_origin);
    to.mode = from.mode;
    to.gpr_index = from.gpr_index;
    to.state = from.state;
    to.next = from.next;
    copy_loads(to.loads, from.loads);
    from.loads.each(
        [&](const PendingLoad& p) { to.loads.buffers[p.data - from.loads.buffers] = *p.data; });
  }
  past.lds.assign(m_.lds.begin(), m_.lds.begin() + m_.lds_bytes);
  past.lds_defined.assign(m_.lds_defined.begin(), m_.lds_defined.begin() + m_.lds_bytes / 64 + 1);
  if (m_.scratch_size == 0) return;
  const auto count = ptrdiff_t(m_.wave_count);
  past.scratch.assign(m_.scratch_bytes.begin(), m_.scratch_bytes.begin() + count);
  past.scratch_defined.assign(m_.scratch_bits.begin(), m_.scratch_bits.begin() + count);
}

// Of a past without loads under way.
void LoopWatch::restore(const Past& past) {
  for (size_t i = 0; i < m_.wave_count; ++i) {
    const Wave& from = *past.waves[i];
    Wave& to = *m_.waves[i];
    each_register([&](unsigned r) {
      std::memcpy(to.v[r], from.v[r], sizeof(to.v[r]));
      to.v_poison[r] = from.v_poison[r];
      to.v_poison[r].partial = 0;
      to.v_origin[r] = from.v_origin[r];
    });
    std::copy(std::begin(from.s), std::end(from.s), to.s);
    std::copy(std::begin(from.s_poison), std::end(from.s_poison), to.s_poison);
    std::copy(std::begin(from.s_origin), std::end(from.s_origin), to.s_origin);
    to.exec_changed();
    to.mode = from.mode;
    to.gpr_index = from.gpr_index;
    to.state = from.state;
    to.next = from.next;
    copy_loads(to.loads, from.loads);
    if (m_.scratch_size == 0) continue;
    std::copy(past.scratch[i].begin(), past.scratch[i].end(), m_.scratch_bytes[i].begin());
    std::copy(past.scratch_defined[i].begin(), past.scratch_defined[i].end(),
              m_.scratch_bits[i].begin());
  }
  std::copy(past.lds.begin(), past.lds.end(), m_.lds.begin());
  std::copy(past.lds_defined.begin(), past.lds_defined.end(), m_.lds_defined.begin());
  for (const auto& [address, chunk] : past.chunks) {
    std::memcpy(chunk.span->data + chunk.offset, chunk.data.data(), chunk.data.size());
    if (chunk.span->initialised != nullptr)
      std::copy(chunk.initialised.begin(), chunk.initialised.end(),
                chunk.span->initialised + chunk.offset / 64);
  }
}

void LoopWatch::keep(Past& past, const Span& span, uint64_t chunk) {
  if (!past.all_chunks) return;
  const auto [it, added] = past.chunks.try_emplace(span.address + chunk * kChunk);
  if (!added) return;
  Chunk& c = it->second;
  c.span = &span;
  c.offset = chunk * kChunk;
  const uint64_t bytes = std::min(kChunk, span.size - c.offset);
  c.data.assign(span.data + c.offset, span.data + c.offset + bytes);
  if (span.initialised != nullptr)
    c.initialised.assign(span.initialised + c.offset / 64,
                         span.initialised + c.offset / 64 + (bytes + 63) / 64);
}

bool LoopWatch::memory_as(const Past& past) {
  return std::all_of(past.chunks.begin(), past.chunks.end(), [](const auto& entry) {
    const Chunk& c = entry.second;
    return std::memcmp(c.span->data + c.offset, c.data.data(), c.data.size()) == 0 &&
           (c.span->initialised == nullptr ||
            std::equal(c.initialised.begin(), c.initialised.end(),
                       c.span->initialised + c.offset / 64));
  });
}

void LoopWatch::touch(const Span& span, uint64_t offset, uint64_t bytes) {
  if (span.access == Access::kRead) return;
  const Row& row = *op_->row;
  const bool vector = row.format == Format::kGlobal || row.format == Format::kFlat ||
                      row.format == Format::kBuffer;
  const bool only_stores = vector && (row.param & kStore) != 0;
  for (Past* past : {&base_, &start_}) {
    if (past == &start_ && !trying_) continue;
    past->reads |= !only_stores;
    for (uint64_t chunk = offset / kChunk; chunk <= (offset + bytes - 1) / kChunk; ++chunk)
      if (may_try_) keep(*past, span, chunk);
  }
  // The start of a try must be whole, to be restored: the try ends here.
  if (base_.chunks.size() > kMostChunks) base_.all_chunks = false;
  if (trying_ && start_.chunks.size() > kMostChunks) failed_ = true;
}

// --- What of a group is as it was ------------------------------------------------------------------

bool LoopWatch::same_place(const Past& past) const {
  for (size_t i = 0; i < m_.wave_count; ++i) {
    const Wave &now = *m_.waves[i], &then = *past.waves[i];
    if (now.state != then.state || now.next != then.next || now.gpr_index != then.gpr_index ||
        now.s64(kExec) != then.s64(kExec) || now.s64_poison(kExec) != then.s64_poison(kExec) ||
        now.mode.bits != then.mode.bits)
      return false;
  }
  return true;
}

bool LoopWatch::loading() const {
  bool any = false;
  for (size_t i = 0; i < m_.wave_count; ++i)
    m_.waves[i]->loads.each([&](const PendingLoad&) { any = true; });
  return any;
}

bool LoopWatch::same_loads(const Past& past) const {
  const auto same = [&](const Wave& now, const Wave& then, const PendingLoad& a,
                        const PendingLoad& b) {
    if (a.op != b.op || a.lanes != b.lanes || a.failed != b.failed || a.lds_base != b.lds_base ||
        a.param != b.param || a.dst != b.dst || a.target != b.target ||
        a.overlapped != b.overlapped || a.done != b.done)
      return false;
    const Loaded& x = now.loads.buffers[a.data - now.loads.buffers];
    const Loaded& y = then.loads.buffers[b.data - now.loads.buffers];
    return std::memcmp(x.dword, y.dword, sizeof(x.dword)) == 0 &&
           x.any_undefined == y.any_undefined &&
           std::memcmp(x.undefined, y.undefined, sizeof(x.undefined)) == 0;
  };
  for (size_t i = 0; i < m_.wave_count; ++i) {
    const Wave &now = *m_.waves[i], &then = *past.waves[i];
    for (auto queue : {&Loads::vm, &Loads::lds}) {
      const LoadQueue &a = now.loads.*queue, &b = then.loads.*queue;
      if (a.tail - a.head != b.tail - b.head) return false;
      for (uint32_t k = 0; k < a.tail - a.head; ++k) {
        const PendingLoad& p = a.ring[(a.head + k) % LoadQueue::kSize];
        const PendingLoad& q = b.ring[(b.head + k) % LoadQueue::kSize];
        if (a.issued - p.number != b.issued - q.number || !same(now, then, p, q)) return false;
      }
    }
    if (now.loads.unordered_count != then.loads.unordered_count) return false;
    for (uint32_t k = 0; k < now.loads.unordered_count; ++k)
      if (!same(now, then, now.loads.unordered[k], then.loads.unordered[k])) return false;
  }
  return true;
}

bool LoopWatch::same_state(const Past& past) const {
  for (size_t i = 0; i < m_.wave_count; ++i) {
    const Wave &now = *m_.waves[i], &then = *past.waves[i];
    if (std::memcmp(now.s, then.s, sizeof(now.s)) != 0 ||
        std::memcmp(now.s_poison, then.s_poison, sizeof(now.s_poison)) != 0)
      return false;
    bool same = true;
    each_register([&](unsigned r) {
      same = same && std::memcmp(now.v[r], then.v[r], sizeof(now.v[r])) == 0 &&
             std::ranges::equal(now.v_poison[r].byte, then.v_poison[r].byte);
    });
    if (!same) return false;
    if (m_.scratch_size != 0 &&
        (m_.scratch_bytes[i] != past.scratch[i] || m_.scratch_bits[i] != past.scratch_defined[i]))
      return false;
  }
  return std::equal(past.lds.begin(), past.lds.end(), m_.lds.begin()) &&
         std::equal(past.lds_defined.begin(), past.lds_defined.end(), m_.lds_defined.begin()) &&
         same_loads(past);
}

bool LoopWatch::reads_clock() const {
  for (size_t w = 0; w < seen_.size(); ++w)
    for (size_t i = 0; i < seen_[w].size(); ++i) {
      const Row* row = seen_[w][i] > since_ ? m_.code->ops[i].row : nullptr;
      if (row != nullptr && (row->mnemonic == "s_memtime" || row->mnemonic == "s_memrealtime"))
        return true;
    }
  return false;
}

LoopWatch::State LoopWatch::come_back(const Past& past) {
  since_ = past.round;
  if (reads_clock()) return State::kWaits;
  if (!past.reads) return State::kEndless;
  if (!alone_) return State::kWaits;
  return past.all_chunks && memory_as(past) ? State::kEndless : State::kUnknown;
}

// --- Marks ---------------------------------------------------------------------------------------

LoopWatch::Marks LoopWatch::none() const {
  Marks marks;
  marks.v.resize(m_.wave_count * 512);
  marks.s.resize(m_.wave_count * kScalars);
  marks.lds.resize(m_.lds_bytes / 64 + 1);
  if (m_.scratch_size != 0)
    for (size_t i = 0; i < m_.wave_count; ++i) marks.scratch.emplace_back(m_.scratch_bits[i].size());
  return marks;
}

void LoopWatch::Marks::add(const Marks& other) {
  for (size_t i = 0; i < v.size(); ++i)
    for (unsigned b = 0; b < 4; ++b) v[i].byte[b] |= other.v[i].byte[b];
  for (size_t i = 0; i < s.size(); ++i) s[i] |= other.s[i];
  add_words(lds, other.lds);
  for (size_t i = 0; i < scratch.size(); ++i) add_words(scratch[i], other.scratch[i]);
}

bool LoopWatch::Marks::within(const Marks& other) const {
  for (size_t i = 0; i < v.size(); ++i)
    for (unsigned b = 0; b < 4; ++b)
      if (v[i].byte[b] & ~other.v[i].byte[b]) return false;
  for (size_t i = 0; i < s.size(); ++i)
    if (s[i] & ~other.s[i]) return false;
  if (!words_within(lds, other.lds)) return false;
  for (size_t i = 0; i < scratch.size(); ++i)
    if (!words_within(scratch[i], other.scratch[i])) return false;
  return true;
}

LoopWatch::Marks LoopWatch::changed(const Past& past) const {
  Marks marks = none();
  for (size_t i = 0; i < m_.wave_count; ++i) {
    const Wave &now = *m_.waves[i], &then = *past.waves[i];
    each_register([&](unsigned r) {
      if (std::memcmp(now.v[r], then.v[r], sizeof(now.v[r])) == 0) return;
      for (unsigned lane = 0; lane < kLanes; ++lane)
        for (unsigned b = 0; b < 4; ++b)
          if ((now.v[r][lane] ^ then.v[r][lane]) >> 8 * b & 0xff)
            marks.v[i * 512 + r].byte[b] |= uint64_t{1} << lane;
    });
    for (unsigned k = 0; k < kScalars; ++k) marks.s[i * kScalars + k] = now.s[k] ^ then.s[k];
    if (m_.scratch_size != 0)
      mark_differing(marks.scratch[i], m_.scratch_bytes[i].data(), past.scratch[i].data(),
                     m_.scratch_size * kLanes);
  }
  mark_differing(marks.lds, m_.lds.data(), past.lds.data(), m_.lds_bytes);
  return marks;
}

LoopWatch::Marks LoopWatch::undefined() const {
  Marks marks = none();
  for (size_t i = 0; i < m_.wave_count; ++i) {
    each_register([&](unsigned r) {
      marks.v[i * 512 + r] = m_.waves[i]->v_poison[r];
      marks.v[i * 512 + r].partial = 0;
    });
    std::copy_n(m_.waves[i]->s_poison, kScalars, marks.s.begin() + ptrdiff_t(i * kScalars));
    if (m_.scratch_size == 0) continue;
    for (size_t k = 0; k < marks.scratch[i].size(); ++k) marks.scratch[i][k] = ~m_.scratch_bits[i][k];
  }
  for (size_t k = 0; k < marks.lds.size(); ++k) marks.lds[k] = ~m_.lds_defined[k];
  return marks;
}

void LoopWatch::set_undefined(const Marks& marks) {
  for (size_t i = 0; i < m_.wave_count; ++i) {
    Wave& w = *m_.waves[i];
    each_register([&](unsigned r) {
      w.v_poison[r] = marks.v[i * 512 + r];
      w.v_origin[r] = kNeverWritten;
    });
    std::copy_n(marks.s.begin() + ptrdiff_t(i * kScalars), kScalars, w.s_poison);
    std::fill_n(w.s_origin, kScalars, kNeverWritten);
    if (m_.scratch_size == 0) continue;
    for (size_t k = 0; k < marks.scratch[i].size(); ++k) m_.scratch_bits[i][k] = ~marks.scratch[i][k];
  }
  for (size_t k = 0; k < marks.lds.size(); ++k) m_.lds_defined[k] = ~marks.lds[k];
}

// --- Rounds --------------------------------------------------------------------------------------

void LoopWatch::poisoned(std::string_view what) {
  failed_ |= trying_ && what != "a store to global memory";
}

// What has changed since the base may be anything from here on: does a turn of the loop notice?
bool LoopWatch::begin_try() {
  if (!may_try_ || tries_ == kMostTries || loading()) return false;
  ++tries_;
  period_ = round_ - base_.round;
  retries_ = 0;
  take(start_);
  marks_ = changed(base_);
  marks_.add(undefined());
  set_undefined(marks_);
  left_ = period_;
  trying_ = true;
  failed_ = false;
  return true;
}

void LoopWatch::undo() {
  restore(start_);
  round_ = start_.round + 1;
}

void LoopWatch::give_up() {
  undo();
  trying_ = failed_ = false;
}

LoopWatch::State LoopWatch::end_try() {
  if (!same_place(start_) || loading()) {
    give_up();
    return State::kUnknown;
  }
  Marks spread = changed(start_);
  spread.add(undefined());
  if (spread.within(marks_)) {
    const State state = come_back(start_);
    if (state == State::kUnknown) give_up();
    return state;
  }
  if (++retries_ > kMostRetries) {
    give_up();
    return State::kUnknown;
  }
  // It has spread: once more, with all of that.
  undo();
  start_.chunks.clear();
  start_.reads = false;
  marks_.add(spread);
  set_undefined(marks_);
  left_ = period_;
  return State::kUnknown;
}

LoopWatch::State LoopWatch::end_round() {
  if (trying_ && failed_) {
    give_up();
    return State::kUnknown;
  }
  if (trying_) {
    ++round_;
    return --left_ == 0 ? end_try() : State::kUnknown;
  }
  bool tries = false;
  if (round_ != base_.round && same_place(base_)) {
    if (same_state(base_)) {
      if (const State state = come_back(base_); state != State::kUnknown) return state;
    } else if (std::has_single_bit(++candidates_)) {
      tries = begin_try();
    }
  }
  if (!tries && round_ - base_.round >= window_) {
    window_ *= 2;
    candidates_ = 0;
    take(base_);
  }
  ++round_;
  return State::kUnknown;
}

LoopWatch::Loop LoopWatch::loop(const Wave& wave) const {
  Loop loop;
  for (const Op& op : m_.code->ops) {
    if (seen_[wave.id][op.index] <= since_) continue;
    if (loop.first == nullptr) loop.first = &op;
    loop.last = &op;
    if (op.target != nullptr && op.target <= &op && seen_[wave.id][op.target->index] > since_)
      loop.branch = &op;
  }
  if (loop.branch == nullptr) loop.branch = loop.last;
  return loop;
}

}  // namespace wavefuzz::sim
