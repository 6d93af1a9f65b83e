#include "gpu/digest.h"

#include <gtest/gtest.h>

#include <fstream>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

// FIPS 180-4's examples, as NIST publishes them.
TEST(FileDigest, IsSha256) {
  const std::string path = testing::TempDir() + "/abc";
  std::ofstream(path) << "abc";
  EXPECT_EQ(file_digest(path), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::ofstream(path, std::ios::trunc).close();
  EXPECT_EQ(file_digest(path), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(FileDigest, OfNoFileIsAnError) { EXPECT_THROW(file_digest("/no/such/file"), Error); }

}  // namespace
}  // namespace wavefuzz
