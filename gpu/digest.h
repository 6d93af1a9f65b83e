#ifndef WAVEFUZZ_GPU_DIGEST_H_
#define WAVEFUZZ_GPU_DIGEST_H_

#include <string>

namespace wavefuzz {

/// The SHA-256 of a file's bytes, as 64 hexadecimal digits. Throws Error(kUsage) for a file that
/// cannot be read.
std::string file_digest(const std::string& path);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_DIGEST_H_
