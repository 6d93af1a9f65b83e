// Whether a manifest agrees with the code objects that it describes, and with itself. Nothing runs.
#ifndef WAVEFUZZ_GPU_MANIFEST_CHECK_H_
#define WAVEFUZZ_GPU_MANIFEST_CHECK_H_

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gpu/manifest.h"

namespace wavefuzz {

/// One thing to say about a manifest.
struct Remark {
  bool note = false;  ///< worth knowing; no disagreement
  std::string field;  ///< where it stands: "kernarg 'x_stride'"
  std::string message;

  auto key() const { return std::tie(note, field, message); }
};

/// What an operator lets its manifests name, as its page lists it.
struct Vocabulary {
  std::string op;
  std::set<std::string> buffers;
  std::set<std::string> parameters;
  std::set<std::string> numerics;
  std::vector<std::string> plans = {""};  ///< prefixes of their names
};

/// The texts of a document that still say "TODO", as `manifest new` writes them.
std::vector<Remark> find_todos(const nlohmann::json& document);

/// Names that mean nothing, and expressions that do not parse.
std::vector<Remark> check_names(const Manifest& manifest, const Vocabulary& known);

/// One of the ways that a manifest's launch is made.
struct KernelUse {
  size_t launch = 0;  ///< in Manifest::launches
  std::string arch;   ///< that it is claimed to run on
  KernelId kernel;
  std::array<uint32_t, 3> group_size = {};  ///< 0: not known
  uint32_t dynamic_lds_bytes = 0;

  auto key() const {
    return std::tie(launch, arch, kernel.code_object, kernel.symbol, group_size, dynamic_lds_bytes);
  }
  bool operator<(const KernelUse& other) const { return key() < other.key(); }
};

/// What the code object of a use says otherwise than the manifest: its arch, symbols, list of
/// arguments, limits; and, where that list is not to be believed, what its code loads.
std::vector<Remark> check_use(const Manifest& manifest, const KernelUse& use);

/// The parts of a launch as messages call them: "kernarg 'x'", "launch 'reduce' kernarg 'x'".
std::string field_of(const LaunchSpec& launch, const std::string& part);

/// The member of `names` most like `name`, as ", did you mean 'rows'?"; nothing when none is.
std::string did_you_mean(const std::string& name, const std::set<std::string>& names);

/// Where Triton puts what a code object does not say (num_warps, shared); null when there is none.
nlohmann::json triton_metadata(const std::string& code_object);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_MANIFEST_CHECK_H_
