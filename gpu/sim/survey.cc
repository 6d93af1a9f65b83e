// survey: lists the kernels of code objects, how many instructions they have, and what of them the
// simulator cannot run.
//
//   survey [--json] DIR_OR_FILE...
//
// A folder stands for every .co and .hsaco below it. Exit: 0 everything is supported, 1 something
// is not, 2 an argument is no code object or there is none.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gpu/sim/program.h"

namespace wavefuzz::sim {
namespace {

namespace fs = std::filesystem;

bool is_object_name(const fs::path& path) {
  return path.extension() == ".co" || path.extension() == ".hsaco";
}

// Throws Error when there is nothing of that name.
std::vector<std::string> object_files(const std::string& argument) {
  if (!fs::exists(argument)) throw Error(argument + ": no such file or folder");
  if (!fs::is_directory(argument)) return {argument};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(argument)) {
    if (entry.is_regular_file() && is_object_name(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Lacking {
  std::string first_use;  // assembly text
  size_t kernels = 0;
};

int main(int argc, char** argv) {
  bool as_json = false;
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") {
      as_json = true;
    } else {
      arguments.emplace_back(argv[i]);
    }
  }
  std::vector<std::string> files;
  for (const std::string& argument : arguments) {
    for (std::string& file : object_files(argument)) files.push_back(std::move(file));
  }
  if (files.empty()) {
    fmt::print(stderr, "survey: no code object given; usage: survey [--json] DIR_OR_FILE...\n");
    return 2;
  }

  nlohmann::ordered_json json = {{"kernels", nlohmann::ordered_json::array()}};
  std::map<std::string, Lacking> lacking;  // by mnemonic
  size_t kernels = 0;
  size_t instructions = 0;
  size_t runnable = 0;
  for (const std::string& file : files) {
    const CodeObject object = CodeObject::load(file);
    for (const KernelInfo& kernel : object.kernels()) {
      const Program program(object, kernel.symbol);
      const std::vector<std::string> unsupported = program.unsupported();
      ++kernels;
      instructions += program.size();
      runnable += unsupported.empty();
      for (const std::string& text : unsupported) {
        Lacking& entry = lacking[text.substr(0, text.find_first_of(" :"))];
        if (entry.kernels++ == 0) entry.first_use = text;
      }
      if (as_json) {
        json["kernels"].push_back({{"file", file},
                                   {"arch", name(object.arch())},
                                   {"symbol", kernel.symbol},
                                   {"instructions", program.size()},
                                   {"unsupported", unsupported}});
      } else {
        fmt::print("{}  {}  {}  {} instructions{}\n", file, name(object.arch()), kernel.symbol,
                   program.size(),
                   unsupported.empty() ? "" : fmt::format(", {} unsupported", unsupported.size()));
      }
    }
  }
  if (as_json) {
    json["objects"] = files.size();
    json["instructions"] = instructions;
    json["runnable"] = runnable;
    // Names may be any bytes.
    std::cout << json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    for (const auto& [mnemonic, entry] : lacking) {
      fmt::print("unsupported: {} in {} kernels, first as {}\n", mnemonic, entry.kernels,
                 entry.first_use);
    }
    fmt::print(
        "{} objects, {} kernels, {} instructions; {} kernels have no unsupported instruction\n",
        files.size(), kernels, instructions, runnable);
  }
  return lacking.empty() ? 0 : 1;
}

}  // namespace
}  // namespace wavefuzz::sim

int main(int argc, char** argv) {
  try {
    return wavefuzz::sim::main(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "survey: {}\n", e.what());
    return 2;
  }
}
