// The loader: what it reads from a code object, and one clear line for everything that is none.
#include "gpu/sim/code_object.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <array>
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

// The object with its descriptor changed.
std::vector<std::byte> with_descriptor(const std::function<void(std::byte*)>& change) {
  std::vector<std::byte> bytes = file(kObject);
  const CodeObject object = CodeObject::parse(bytes, "k.co");
  const KernelDescriptor& d = object.kernel("saxpy").descriptor;
  for (size_t at = 0; at + 64 <= bytes.size(); at += 64) {
    // Entry and kernarg size are its alone.
    int64_t entry;
    uint32_t kernarg;
    std::memcpy(&kernarg, &bytes[at + 8], 4);
    std::memcpy(&entry, &bytes[at + 16], 8);
    if (kernarg == d.kernarg_bytes && int64_t(at) + entry == int64_t(d.entry)) {
      change(&bytes[at]);
      return bytes;
    }
  }
  ADD_FAILURE() << "no descriptor found";
  return bytes;
}
template <typename T>
std::vector<std::byte> with_field(size_t offset, T value) {
  return with_descriptor([&](std::byte* d) { std::memcpy(d + offset, &value, sizeof(value)); });
}
std::vector<std::string> notes(const std::vector<std::byte>& bytes) {
  return CodeObject::parse(bytes, "k.co").kernel("saxpy").notes;
}

TEST(Descriptor, AnObjectThatAgreesWithItselfHasNoNotes) {
  EXPECT_TRUE(notes(file(kObject)).empty());
  EXPECT_EQ(CodeObject::load(kObject).kernel("saxpy").descriptor.kernarg_bytes,
            CodeObject::load(kObject).kernel("saxpy").kernarg_bytes);
}

TEST(Descriptor, ItsSizesCountAndAContradictionIsNoted) {
  const auto sizes = [](const std::vector<std::byte>& bytes) {
    const CodeObject object = CodeObject::parse(bytes, "k.co");
    const KernelInfo& k = object.kernel("saxpy");
    return std::array<uint32_t, 3>{k.group_segment_bytes, k.private_segment_bytes, k.kernarg_bytes};
  };
  const std::array<uint32_t, 3> as_is = sizes(file(kObject));
  using Strings = std::vector<std::string>;
  EXPECT_EQ(sizes(with_field(0, uint32_t{512}))[0], 512u);
  EXPECT_EQ(notes(with_field(0, uint32_t{512})),
            Strings{"the metadata say 0 bytes of LDS, and the descriptor, which counts, 512"});
  EXPECT_EQ(sizes(with_field(4, uint32_t{64}))[1], 64u);
  EXPECT_EQ(notes(with_field(4, uint32_t{64})),
            Strings{"the metadata say 0 bytes of scratch, and the descriptor, which counts, 64"});
  EXPECT_EQ(sizes(with_field(8, as_is[2] + 64))[2], as_is[2] + 64);
  EXPECT_EQ(notes(with_field(8, as_is[2] + 64)).size(), 1u);
  // Hand-written objects leave it out.
  EXPECT_EQ(sizes(with_field(8, uint32_t{0})), as_is);
  EXPECT_TRUE(notes(with_field(8, uint32_t{0})).empty());
}

TEST(Descriptor, FewerRegistersThanTheMetadataSayAreNoted) {
  const auto with_vgprs = with_descriptor([](std::byte* d) { d[48] &= std::byte{0xc0}; });  // 8
  const KernelInfo whole = CodeObject::load(kObject).kernel("saxpy");
  if (whole.descriptor.vgprs > 8) {
    ASSERT_EQ(notes(with_vgprs).size(), 1u);
    EXPECT_NE(notes(with_vgprs)[0].find("vector registers, and the descriptor, which counts, "
                                        "allocates 8"),
              std::string::npos);
  }
  const auto with_sgprs = with_descriptor([](std::byte* d) {
    d[48] &= std::byte{0x3f};
    d[49] &= std::byte{0xfc};
  });
  const KernelDescriptor d = CodeObject::parse(with_sgprs, "k.co").kernel("saxpy").descriptor;
  EXPECT_EQ(d.sgprs, 16u);
}

TEST(Descriptor, SizesBeyondAllReasonAreRefused) {
  EXPECT_EQ(parse_error(with_field(8, uint32_t{0xffffffff})),
            "k.co: kernel saxpy: 4294967295 bytes of kernarg, more than 65536");
  EXPECT_EQ(parse_error(with_field(4, uint32_t{0x80000000})),
            "k.co: kernel saxpy: 2147483648 bytes of scratch, more than 1048576");
}

// "kernarg_segment_size" in the note's own words, smaller than its arguments: as AITER's
// fmoe_bf16_blockscaleBf16_g1u1_ps objects have it.
TEST(Descriptor, ArgumentsBeyondTheSegmentAreNotedAndHaveRoom) {
  std::vector<std::byte> bytes = with_field(8, uint32_t{16});
  const CodeObject object = CodeObject::parse(bytes, "k.co");
  const KernelInfo& k = object.kernel("saxpy");
  EXPECT_EQ(k.kernarg_bytes, 32u);
  ASSERT_EQ(k.notes.size(), 2u);
  EXPECT_NE(k.notes[1].find("ends past the 16 bytes of kernarg"), std::string::npos) << k.notes[1];
}

}  // namespace
}  // namespace wavefuzz::sim
