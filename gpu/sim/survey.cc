// survey: lists the kernels of code objects, how many instructions they have, and what of them the
// simulator cannot run.
//
//   survey [--json] DIR_OR_FILE...
//
// A folder stands for every code object below it, whatever its name: plain ELF files (.co, .hsaco)
// and clang offload bundles, which also lie inside host objects and executables. What is built for
// another arch, and a compressed bundle, is listed as skipped.
//
// Exit (gpu/error.h): 0 everything is supported, 1 something is not, 2 an argument or an object
// cannot be read, 4 there was no code object to survey.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gpu/error.h"
#include "gpu/sim/micro_op.h"
#include "gpu/sim/program.h"

namespace wavefuzz::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBundle = "__CLANG_OFFLOAD_BUNDLE__";
constexpr std::string_view kCompressedBundle = "CCOB";
constexpr std::string_view kElf =
    "\x7f"
    "ELF";
constexpr unsigned kAmdGpu = 224;  // e_machine

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(path.string() + ": cannot open");
  return {std::istreambuf_iterator<char>(in), {}};
}

template <typename T>
T field(std::string_view bytes, size_t at) {
  T value{};
  if (at <= bytes.size() && bytes.size() - at >= sizeof(T))
    std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

bool is_gpu_elf(std::string_view bytes) {
  return bytes.starts_with(kElf) && field<uint16_t>(bytes, 18) == kAmdGpu;
}
bool is_host_elf(std::string_view bytes) {
  return bytes.starts_with(kElf) && field<uint16_t>(bytes, 18) != kAmdGpu;
}
bool has_object_name(const fs::path& path) {
  return path.extension() == ".co" || path.extension() == ".hsaco";
}

// Instructions that name registers which the kernel does not own.
std::vector<std::string> unallocated(const Program& program) {
  std::vector<std::string> list;
  const Code& code = program.code();
  for (size_t i = 0; i < code.instructions; ++i) {
    const auto it = code.unallocated.find(uint32_t(i));
    if (it != code.unallocated.end())
      list.push_back(fmt::format("pc {:#x} `{}` names {}", code.pc(i), code.texts[i],
                                 it->second.what));
  }
  return list;
}

struct Lacking {
  std::string first_use;  // assembly text
  size_t kernels = 0;
};

class Survey {
 public:
  explicit Survey(bool as_json) : as_json_(as_json) {}

  // A file or folder that the user named.
  void add(const std::string& argument) {
    if (!fs::exists(argument)) return fail(argument + ": no such file or folder");
    if (!fs::is_directory(argument)) return add_file(argument, true);
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(argument))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) add_file(file, has_object_name(file));
  }

  Exit finish() {
    if (as_json_) {
      json_["objects"] = objects_;
      json_["instructions"] = instructions_;
      json_["runnable"] = runnable_;
      // Names may be any bytes.
      std::cout << json_.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    } else {
      for (const auto& [mnemonic, entry] : lacking_)
        fmt::print("unsupported: {} in {} kernels, first as {}\n", mnemonic, entry.kernels,
                   entry.first_use);
      fmt::print(
          "{} objects, {} kernels, {} instructions; {} kernels have no unsupported instruction\n",
          objects_, kernels_, instructions_, runnable_);
    }
    if (failed_) return Exit::kUsage;
    if (objects_ == 0) {
      fmt::print(stderr, "survey: no gfx942 or gfx950 code object found\n");
      return Exit::kNothingRan;
    }
    return lacking_.empty() ? Exit::kClean : Exit::kFindings;
  }

 private:
  void fail(const std::string& line) {
    fmt::print(stderr, "survey: {}\n", line);
    failed_ = true;
  }
  void skip(const std::string& name, const std::string& why) {
    if (as_json_)
      json_["skipped"].push_back({{"file", name}, {"why", why}});
    else
      fmt::print("{}  skipped: {}\n", name, why);
  }

  // `wanted`: it is an error when the file is no code object.
  void add_file(const fs::path& path, bool wanted) {
    try {
      const std::string bytes = read_file(path);
      if (is_gpu_elf(bytes)) return add_object(path, bytes);
      if (bytes.starts_with(kCompressedBundle))
        return skip(path, "a compressed offload bundle; clang-offload-bundler unpacks it");
      size_t at = bytes.starts_with(kBundle) || is_host_elf(bytes) ? bytes.find(kBundle)
                                                                   : std::string::npos;
      if (at == std::string::npos) {
        if (wanted) CodeObject::parse(as_bytes(bytes), path);  // says what is wrong with it
        return;
      }
      for (; at != std::string::npos; at = bytes.find(kBundle, at + 1))
        add_bundle(path, std::string_view(bytes).substr(at));
    } catch (const Error& e) {
      fail(e.what());
    }
  }

  // Magic, number of entries, and for each its offset, size, the length of its id, and the id,
  // which ends in the arch: "hipv4-amdgcn-amd-amdhsa--gfx942:sramecc+".
  void add_bundle(const std::string& path, std::string_view bundle) {
    const auto entries = field<uint64_t>(bundle, kBundle.size());
    size_t at = kBundle.size() + 8;
    if (entries > 1000) return;  // the magic as text, in a program that writes bundles
    for (uint64_t i = 0; i < entries; ++i) {
      const auto offset = field<uint64_t>(bundle, at), size = field<uint64_t>(bundle, at + 8),
                 id_size = field<uint64_t>(bundle, at + 16);
      at += 24;
      if (id_size > bundle.size() - std::min(at, bundle.size()) || offset > bundle.size() ||
          size > bundle.size() - offset)
        throw Error(fmt::format("{}: truncated: entry {} of an offload bundle ends past the file",
                                path, i));
      const std::string id(bundle.substr(at, id_size));
      at += id_size;
      if (size == 0 || id.starts_with("host")) continue;
      add_object(path + ":" + id, std::string(bundle.substr(offset, size)));
    }
  }

  static std::vector<std::byte> as_bytes(const std::string& text) {
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    return {data, data + text.size()};
  }

  void add_object(const std::string& name, const std::string& bytes) {
    const unsigned machine = field<uint32_t>(bytes, 48) & 0xff;  // of e_flags
    if (is_gpu_elf(bytes) && machine != 0x4c && machine != 0x4f)
      return skip(name, fmt::format("built for machine {:#x}, not gfx942 or gfx950", machine));
    const CodeObject object = CodeObject::parse(as_bytes(bytes), name);
    ++objects_;
    for (const KernelInfo& kernel : object.kernels()) add_kernel(object, kernel);
  }

  void add_kernel(const CodeObject& object, const KernelInfo& kernel) {
    const Program program(object, kernel.symbol);
    const std::vector<std::string> unsupported = program.unsupported();
    std::vector<std::string> notes = kernel.notes;
    for (std::string& note : unallocated(program)) notes.push_back(std::move(note));
    ++kernels_;
    instructions_ += program.size();
    runnable_ += unsupported.empty();
    for (const std::string& text : unsupported) {
      Lacking& entry = lacking_[text.substr(0, text.find_first_of(" :"))];
      if (entry.kernels++ == 0) entry.first_use = text;
    }
    if (as_json_) {
      json_["kernels"].push_back({{"file", object.name()},
                                  {"arch", name(object.arch())},
                                  {"symbol", kernel.symbol},
                                  {"instructions", program.size()},
                                  {"unsupported", unsupported},
                                  {"notes", notes}});
    } else {
      fmt::print("{}  {}  {}  {} instructions{}\n", object.name(), name(object.arch()),
                 kernel.symbol, program.size(),
                 unsupported.empty() ? "" : fmt::format(", {} unsupported", unsupported.size()));
      for (const std::string& note : notes) fmt::print("  note: {}\n", note);
    }
  }

  bool as_json_;
  bool failed_ = false;
  nlohmann::ordered_json json_ = {{"kernels", nlohmann::ordered_json::array()},
                                  {"skipped", nlohmann::ordered_json::array()}};
  std::map<std::string, Lacking> lacking_;  // by mnemonic
  size_t objects_ = 0, kernels_ = 0, instructions_ = 0, runnable_ = 0;
};

Exit main(int argc, char** argv) {
  bool as_json = false;
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json")
      as_json = true;
    else
      arguments.emplace_back(argv[i]);
  }
  if (arguments.empty()) {
    fmt::print(stderr, "survey: no code object given; usage: survey [--json] DIR_OR_FILE...\n");
    return Exit::kUsage;
  }
  Survey survey(as_json);
  for (const std::string& argument : arguments) survey.add(argument);
  return survey.finish();
}

}  // namespace
}  // namespace wavefuzz::sim

int main(int argc, char** argv) {
  try {
    return int(wavefuzz::sim::main(argc, argv));
  } catch (const std::exception& e) {
    fmt::print(stderr, "survey: {}\n", e.what());
    return int(wavefuzz::Exit::kInternal);
  }
}
