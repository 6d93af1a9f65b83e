// The host's side of the generated kernels: each registers itself.
#ifndef WAVEFUZZ_GPU_SIM_ORDINARY_REGISTRY_H_
#define WAVEFUZZ_GPU_SIM_ORDINARY_REGISTRY_H_

#include <cstdint>
#include <string>
#include <vector>

namespace wavefuzz::sim {

// Arguments that are numbers; edges more often than their share.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t bits() {  // splitmix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint64_t operator()() {
    const uint64_t way = bits() % 4;
    return way == 0 ? bits() % 4 : way == 1 ? ~uint64_t{0} << bits() % 64 : bits();
  }

 private:
  uint64_t state_;
};

// The buffers of a launch: addresses of the device, or of the host.
struct Pointers {
  uint64_t in = 0, words = 0, out = 0;
};

inline constexpr uint32_t kElements = 64;   // of `in`
inline constexpr uint32_t kWords = 16;      // of `words`, dwords
inline constexpr uint32_t kGroups = 2;      // of a launch

struct OrdinaryKernel {
  std::string family;  // of which its file has the name
  std::string name;
  std::string twin;  // the kernel with the fault; empty where there is none
  uint32_t group_size;
  bool has_mode;  // with all bits of the argument `mode` set it reads in a race
  uint32_t element_bytes;
  // Writes the arguments as they lie in the kernarg segment; what is no argument stays 0xa5.
  void (*arguments)(std::vector<uint8_t>&, Draw, const Pointers&, uint32_t mode);
  // Writes kElements elements of `in`; `defined` says which bytes belong to a field.
  void (*elements)(std::vector<uint8_t>&, std::vector<bool>& defined, Draw);
  void (*run_group)(const void* arguments, uint32_t group);
};

inline std::vector<OrdinaryKernel>& ordinary_kernels() {
  static std::vector<OrdinaryKernel> all;
  return all;
}
inline bool add_kernel(OrdinaryKernel kernel) {
  ordinary_kernels().push_back(std::move(kernel));
  return true;
}

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_ORDINARY_REGISTRY_H_
