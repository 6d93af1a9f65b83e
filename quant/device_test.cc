// quant/'s headers compile for gfx942 and gfx950: the object built from device_test.hip holds the
// kernel. What the functions return on a device is the simulator's business.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace {

class DeviceObject : public testing::TestWithParam<const char*> {};

TEST_P(DeviceObject, HoldsTheKernel) {
  const std::string path = std::string("quant/device_object.") + GetParam() + ".co";
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  Elf64_Ehdr header;
  ASSERT_GT(bytes.size(), sizeof(header)) << path;
  std::memcpy(&header, bytes.data(), sizeof(header));
  constexpr int kElfMachineAmdgpu = 224;
  EXPECT_EQ(header.e_machine, kElfMachineAmdgpu);
  EXPECT_NE(bytes.find("quant_device_test.kd"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Arches, DeviceObject, testing::Values("gfx942", "gfx950"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
