// The loader: what it reads from a code object, and one clear line for everything that is none.
#include "gpu/sim/code_object.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>

#include "gpu/sim/program.h"

namespace wavefuzz::sim {
namespace {

std::vector<std::byte> file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> raw{std::istreambuf_iterator<char>(in), {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(raw.data());
  return {bytes, bytes + raw.size()};
}
constexpr const char* kObject = "gpu/sim/testdata/saxpy.gfx942.co";

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
std::string parse_error(std::vector<std::byte> bytes) {
  return error_of([&] { CodeObject::parse(std::move(bytes), "k.co"); });
}

TEST(CodeObject, ReadsKernelMetadataAndDescriptor) {
  for (const auto& [path, arch] : {std::pair{kObject, Arch::kGfx942},
                                   std::pair{"gpu/sim/testdata/saxpy.gfx950.co", Arch::kGfx950}}) {
    const CodeObject object = CodeObject::load(path);
    EXPECT_EQ(object.arch(), arch);
    ASSERT_EQ(object.kernels().size(), 1u);
    const KernelInfo& kernel = object.kernel("saxpy");
    EXPECT_EQ(kernel.explicit_bytes(), 32u);
    EXPECT_GE(kernel.kernarg_bytes, 32u);
    EXPECT_EQ(kernel.group_segment_bytes, 0u);
    EXPECT_EQ(kernel.max_workgroup_size, 1024u);
    ASSERT_GE(kernel.args.size(), 5u);
    EXPECT_EQ(kernel.args[2].value_kind, "global_buffer");
    EXPECT_EQ(kernel.args[3].offset, 24u);
    EXPECT_EQ(kernel.args[3].size, 4u);
    EXPECT_EQ(kernel.descriptor.denorm_f32, 3);  // HIP keeps denormals
    EXPECT_EQ(kernel.descriptor.denorm_f16_f64, 3);
    EXPECT_TRUE(kernel.descriptor.kernarg_ptr);
    EXPECT_TRUE(kernel.descriptor.group_id[0]);
  }
}

TEST(CodeObject, MissingSymbolListsWhatThereIs) {
  const CodeObject object = CodeObject::load(kObject);
  EXPECT_EQ(error_of([&] { Program(object, "axpy"); }),
            std::string(kObject) + ": no kernel axpy; it has: saxpy");
}

TEST(CodeObject, TruncatedAnywhereIsAnErrorOfOneLine) {
  const std::vector<std::byte> whole = file(kObject);
  ASSERT_GT(whole.size(), 1000u);
  for (size_t size = 0; size < whole.size(); size += size < 700 ? 1 : 61) {
    const std::string error = parse_error({whole.begin(), whole.begin() + ptrdiff_t(size)});
    EXPECT_TRUE(error.starts_with("k.co: ")) << size << ": " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << size << ": " << error;
  }
  EXPECT_EQ(parse_error({}), "k.co: not an ELF file (0 bytes, no ELF magic)");
  EXPECT_EQ(parse_error({whole.begin(), whole.begin() + 40}),
            "k.co: truncated: 40 bytes, the ELF header alone has 64");
}

TEST(CodeObject, DamagedBytesNeverCrash) {
  const std::vector<std::byte> whole = file(kObject);
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::vector<std::byte> damaged = whole;
    damaged[at] ^= std::byte{0xff};
    // Either it is refused with a message, or it still is a code object that decodes.
    const std::string error = error_of([&] {
      const CodeObject object = CodeObject::parse(damaged, "k.co");
      for (const KernelInfo& kernel : object.kernels()) Program(object, kernel.symbol);
    });
    EXPECT_EQ(error.find('\n'), std::string::npos) << at << ": " << error;
  }
}

TEST(CodeObject, OtherFilesAreNamedForWhatTheyAre) {
  EXPECT_EQ(error_of([] { CodeObject::load("gpu/sim/none.co"); }), "gpu/sim/none.co: cannot open");
  std::vector<std::byte> text(100, std::byte{'x'});
  EXPECT_EQ(parse_error(text), "k.co: not an ELF file (100 bytes, no ELF magic)");
  // This test itself: an x86-64 ELF.
  EXPECT_EQ(parse_error(file("/proc/self/exe")),
            "k.co: e_machine is 62, not an AMD GPU code object (224)");
  std::vector<std::byte> other = file(kObject);
  other[48] = std::byte{0x3f};  // e_flags: gfx90a
  EXPECT_EQ(parse_error(other),
            "k.co: e_flags machine is 0x3f, only gfx942 (0x4c) and gfx950 (0x4f) run");
  other = file(kObject);
  other[8] = std::byte{0};  // EI_ABIVERSION: code object V2
  EXPECT_EQ(parse_error(other),
            "k.co: EI_ABIVERSION is 0, only code object versions 3 to 6 (1 to 4) are read");
  other = file(kObject);
  other[7] = std::byte{3};  // EI_OSABI: Linux
  EXPECT_EQ(parse_error(other), "k.co: EI_OSABI is 3, must be 64 (HSA)");
  other = file(kObject);
  other[16] = std::byte{1};  // e_type: relocatable
  EXPECT_EQ(parse_error(other), "k.co: e_type is 1, not a linked code object (ET_DYN, 3)");
}

// What no single damaged byte of these objects reaches, or only one value of it.
TEST(CodeObject, FieldsThatWouldLeadOutOfTheFile) {
  const std::vector<std::byte> whole = file(kObject);
  const auto put = [](std::vector<std::byte>& bytes, size_t at, auto value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  };
  const auto program_header = [&](uint32_t type) {
    Elf64_Ehdr header;
    std::memcpy(&header, whole.data(), sizeof(header));
    for (size_t i = 0; i < header.e_phnum; ++i) {
      const size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
      Elf64_Phdr segment;
      std::memcpy(&segment, whole.data() + at, sizeof(segment));
      if (segment.p_type == type && segment.p_vaddr != 0) return at;
    }
    return size_t{0};
  };
  std::vector<std::byte> damaged = whole;  // a note segment without alignment means 4
  put(damaged, program_header(PT_NOTE) + offsetof(Elf64_Phdr, p_align), uint64_t{0});
  EXPECT_EQ(CodeObject::parse(damaged, "k.co").kernels().size(), 1u);

  damaged = whole;
  put(damaged, program_header(PT_LOAD) + offsetof(Elf64_Phdr, p_vaddr), ~uint64_t{0xfff});
  EXPECT_EQ(parse_error(damaged), "k.co: a segment is at 0xfffffffffffff000, beyond 0x100000000");
  damaged = whole;
  put(damaged, program_header(PT_LOAD) + offsetof(Elf64_Phdr, p_vaddr), uint64_t{0x10});
  EXPECT_EQ(parse_error(damaged), "k.co: segments at 0x0 and 0x10 overlap");

  // The descriptor's last field but one: preload 3 dwords from dword 511.
  const CodeObject object = CodeObject::parse(whole, "k.co");
  const std::span<const std::byte> data = object.segments()[0].bytes;
  size_t found = 0;
  for (size_t at = 0; at + 64 <= data.size(); at += 64) {
    damaged = whole;
    put(damaged, at + 58, uint16_t(511 << 7 | 3));
    found += parse_error(damaged).find("preloads 3 dwords of kernarg from dword 511") !=
             std::string::npos;
  }
  EXPECT_EQ(found, 1u);
}

}  // namespace
}  // namespace wavefuzz::sim
