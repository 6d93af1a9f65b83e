#ifndef WAVEFUZZ_GPU_ROOTS_H_
#define WAVEFUZZ_GPU_ROOTS_H_

#include <array>
#include <map>
#include <string>
#include <utility>

namespace wavefuzz {

/// A folder of code objects that are no part of the tree: users say where it is.
struct ExternalRoot {
  const char* name;         ///< as in a manifest's "root"
  const char* option;       ///< of the command line
  const char* environment;  ///< variable that counts where the option is not given
  const char* what;         ///< what the folder is

  /// "needs WHAT: give --OPTION=DIR or set VARIABLE"
  std::string demand() const {
    return std::string("needs ") + what + ": give " + option + "=DIR or set " + environment;
  }
};

inline constexpr std::array<ExternalRoot, 2> kExternalRoots = {{
    {"hsa", "--hsa", "AITER_HSA", "the folder 'hsa' of an AITER checkout"},
    {"triton", "--triton", "WAVEFUZZ_TRITON", "a folder of compiled Triton kernels"},
}};

/// Where the code objects of manifests are looked for.
struct Roots {
  std::string tree;                             ///< of manifests without a "root"
  std::map<std::string, std::string> external;  ///< ExternalRoot::name -> folder, where given

  Roots(std::string tree = ".") : tree(std::move(tree)) {}
  Roots(const char* tree) : tree(tree) {}
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_ROOTS_H_
