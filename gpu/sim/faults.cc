#include "gpu/sim/faults.h"

#include <elf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>

#include "gpu/sim/launch.h"

// Of the sanitizers' run time, where there is one.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*)());

namespace wavefuzz::sim {
namespace {

struct Range {
  size_t offset, bytes;
};

// Where the parts of an undamaged object are.
struct Regions {
  std::vector<Range> headers, notes, descriptors, symbols, code;
};

template <typename T>
std::vector<T> table(const std::vector<std::byte>& file, size_t offset, size_t count) {
  std::vector<T> entries(count);
  if (offset + count * sizeof(T) <= file.size())
    std::memcpy(entries.data(), file.data() + offset, count * sizeof(T));
  return entries;
}

Regions regions(const std::vector<std::byte>& file) {
  Regions r;
  const auto header = table<Elf64_Ehdr>(file, 0, 1)[0];
  r.headers.push_back({0, sizeof(Elf64_Ehdr)});
  r.headers.push_back({header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)});
  r.headers.push_back({header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)});
  for (const auto& section : table<Elf64_Shdr>(file, header.e_shoff, header.e_shnum)) {
    const Range range{section.sh_offset, section.sh_size};
    if (section.sh_type == SHT_NOBITS || range.bytes == 0) continue;
    if (section.sh_type == SHT_NOTE)
      r.notes.push_back(range);
    else if (section.sh_flags & SHF_EXECINSTR)
      r.code.push_back(range);
    else if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_ALLOC))
      r.descriptors.push_back(range);
    else if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM ||
             section.sh_type == SHT_STRTAB)
      r.symbols.push_back(range);
  }
  return r;
}

struct Fault {
  std::string path;
  bool cut = false;
  size_t offset = 0;  // of the byte, or the length kept
  unsigned value = 0;

  std::string text() const {
    return cut ? fmt::format("{}:cut:{}", path, offset)
               : fmt::format("{}:{:#x}:{:#04x}", path, offset, value);
  }
};

std::optional<Fault> parse_fault(const std::string& text) {
  const size_t second = text.rfind(':'), first = text.rfind(':', second - 1);
  if (second == text.npos || first == text.npos) return std::nullopt;
  Fault fault;
  fault.path = text.substr(0, first);
  const std::string middle = text.substr(first + 1, second - first - 1);
  fault.cut = middle == "cut";
  const unsigned long last = std::strtoul(text.c_str() + second + 1, nullptr, 0);
  fault.offset = fault.cut ? last : std::strtoul(middle.c_str(), nullptr, 0);
  fault.value = fault.cut ? 0 : unsigned(last);
  return fault;
}

// The fault under way, for a crash to tell.
char g_current[1024];

void tell() {
  [[maybe_unused]] ssize_t n = write(STDERR_FILENO, g_current, std::strlen(g_current));
}
void tell_and_die(int signal) {
  tell();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}
void watch_for_crashes() {
  static const bool done = [] {
    if (__sanitizer_set_death_callback != nullptr)
      __sanitizer_set_death_callback(&tell);
    else
      for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
        std::signal(signal, &tell_and_die);
    return true;
  }();
  (void)done;
}

// Pointers in every 8-byte slot of the arguments, small numbers in the others.
std::vector<std::byte> arguments(const KernelInfo& kernel, const Island& in, const Island& out) {
  std::vector<std::byte> bytes(std::max(kernel.explicit_bytes(), kernel.kernarg_bytes));
  const auto put = [&](size_t offset, uint64_t value, size_t size) {
    if (offset + size <= bytes.size()) std::memcpy(bytes.data() + offset, &value, size);
  };
  if (kernel.args.empty())
    for (size_t at = 0; at + 8 <= bytes.size(); at += 16)
      put(at, at == 0 ? out.address() : in.address(), 8);
  bool first = true;
  for (const KernelArg& arg : kernel.args) {
    if (arg.hidden()) continue;
    if (arg.size == 8) put(arg.offset, first ? out.address() : in.address(), 8);
    if (arg.size < 8) put(arg.offset, 16, arg.size);
    first = first && arg.size != 8;
  }
  return bytes;
}

void run_all(const std::string& name, std::vector<std::byte> file, FaultCounts& counts) {
  try {
    const CodeObject object = CodeObject::parse(std::move(file), name);
    for (const KernelInfo& kernel : object.kernels()) {
      const Program program(object, kernel.symbol);
      Memory memory;
      Island& out = memory.add({"out", 1 << 16});
      Island& in = memory.add({"in", 1 << 16, Access::kRead});
      in.write(0, std::vector<std::byte>(1 << 16, std::byte{1}));
      LaunchConfig config;
      config.group_size = {std::clamp(kernel.max_workgroup_size, 1u, 128u), 1, 1};
      config.instruction_budget = 5'000;
      config.kernarg = arguments(kernel, in, out);
      const RunResult result = run(program, memory, config);
      switch (result.status) {
        case RunResult::Status::kCompleted:
          ++counts.completed;
          break;
        case RunResult::Status::kFaulted:
          if (result.findings.empty()) throw std::logic_error("faulted without a finding");
          ++counts.faulted;
          break;
        case RunResult::Status::kTooLarge:
          if (result.too_large.empty()) throw std::logic_error("too large, but for what?");
          ++counts.too_large;
          break;
        case RunResult::Status::kUnsupported:
          if (result.unsupported_what.empty()) throw std::logic_error("unsupported, but what?");
          ++counts.unsupported;
          break;
      }
    }
  } catch (const Error& e) {
    const std::string what = e.what();
    if (what.empty() || what.find('\n') != what.npos)
      throw std::logic_error("not one clear line: " + what);
    ++counts.refused;
  }
}

}  // namespace

FaultCounts inject_faults(const std::vector<std::string>& paths, size_t count, uint64_t seed) {
  watch_for_crashes();
  std::map<std::string, std::vector<std::byte>> files;
  const auto read = [&](const std::string& path) -> const std::vector<std::byte>& {
    std::vector<std::byte>& file = files[path];
    if (file.empty()) {
      std::ifstream in(path, std::ios::binary);
      const std::vector<char> raw{std::istreambuf_iterator<char>(in), {}};
      const auto bytes = std::as_bytes(std::span(raw));
      file.assign(bytes.begin(), bytes.end());
      if (file.size() < sizeof(Elf64_Ehdr)) throw std::runtime_error(path + ": cannot be read");
    }
    return file;
  };
  FaultCounts counts;
  const auto inject = [&](const Fault& fault) {
    *fmt::format_to_n(g_current, sizeof(g_current) - 1, "\nWAVEFUZZ_FAULT={}\n", fault.text()).out =
        '\0';
    std::vector<std::byte> file = read(fault.path);
    if (fault.cut)
      file.resize(std::min(fault.offset, file.size()));
    else if (fault.offset < file.size())
      file[fault.offset] = std::byte(fault.value);
    try {
      run_all(fault.path, std::move(file), counts);
    } catch (const std::exception& e) {
      throw std::runtime_error(fmt::format("{}: WAVEFUZZ_FAULT={}", e.what(), fault.text()));
    }
  };
  if (const char* one = std::getenv("WAVEFUZZ_FAULT")) {
    if (const auto fault = parse_fault(one)) inject(*fault);
    return counts;
  }
  if (const char* other = std::getenv("WAVEFUZZ_FAULT_SEED"))
    seed = std::strtoull(other, nullptr, 0);
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return size_t(random() % n); };
  for (size_t i = 0; i < count; ++i) {
    Fault fault;
    fault.path = paths[below(paths.size())];
    const std::vector<std::byte>& file = read(fault.path);
    const Regions r = regions(file);
    const std::vector<Range>* const parts[] = {&r.headers, &r.notes, &r.descriptors, &r.symbols,
                                               &r.code};
    const size_t part = below(6);  // the last one: the file is cut
    fault.cut = part == 5 || parts[part]->empty();
    if (fault.cut) {
      fault.offset = below(file.size());
    } else {
      const Range& range = (*parts[part])[below(parts[part]->size())];
      if (range.bytes == 0 || range.offset + range.bytes > file.size()) continue;
      fault.offset = range.offset + below(range.bytes);
      // One bit, or anything.
      const unsigned old = unsigned(file[fault.offset]);
      fault.value = random() % 2 ? old ^ 1u << below(8) : unsigned(below(256));
    }
    inject(fault);
  }
  return counts;
}

}  // namespace wavefuzz::sim
