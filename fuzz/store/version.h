#ifndef WAVEFUZZ_FUZZ_STORE_VERSION_H_
#define WAVEFUZZ_FUZZ_STORE_VERSION_H_

namespace wavefuzz {

inline constexpr const char* kVersion = "0.2.0";

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_STORE_VERSION_H_
