#include "gpu/sim/code_object.h"

#include <fmt/format.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>
#include <llvm/Support/AMDHSAKernelDescriptor.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "gpu/sim/source_lines.h"

namespace wavefuzz::sim {

namespace ELF = llvm::ELF;
using Elf = llvm::object::ELFFile<llvm::object::ELF64LE>;

uint32_t KernelInfo::explicit_bytes() const {
  uint32_t end = 0;
  for (const KernelArg& arg : args)
    if (!arg.hidden()) end = std::max(end, arg.offset + arg.size);
  return end;
}

struct CodeObject::Content {
  std::string name;
  Arch arch = Arch::kGfx942;
  std::vector<KernelInfo> kernels;
  std::vector<CodeRange> functions;
  std::vector<Segment> segments;
  std::shared_ptr<const SourceLines> source_lines;
};

namespace {

// More than any real kernel has; a damaged field must not cost gigabytes.
constexpr uint32_t kMaxKernarg = 1 << 16;
constexpr uint32_t kMaxPrivate = 1 << 20;
constexpr uint64_t kMaxZeroFill = 64 << 20;
constexpr uint64_t kMaxAddress = uint64_t{1} << 32;

// Names come from the file: messages keep to one line whatever is in them.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32) c = '?';
  return text;
}

// Unwraps an llvm::Expected into its value, or into an Error that says what was read.
template <typename T>
T take(llvm::Expected<T> value, const std::string& name, const char* what) {
  if (value) return std::move(*value);
  throw Error(fmt::format("{}: {}: {}", name, what, one_line(llvm::toString(value.takeError()))));
}

std::span<const std::byte> find_bytes(const std::vector<Segment>& segments, uint64_t address,
                                      uint64_t size) {
  for (const Segment& segment : segments)
    if (address >= segment.address && address - segment.address <= segment.bytes.size() &&
        size <= segment.bytes.size() - (address - segment.address))
      return std::span(segment.bytes).subspan(address - segment.address, size);
  return {};
}

bool bit(uint32_t word, unsigned at) { return word >> at & 1; }
uint32_t bits(uint32_t word, unsigned at, unsigned width) {
  return word >> at & ((1u << width) - 1);
}

KernelDescriptor read_descriptor(std::span<const std::byte> raw, uint64_t address) {
  llvm::amdhsa::kernel_descriptor_t kd;
  static_assert(sizeof(kd) == 64);
  std::memcpy(&kd, raw.data(), sizeof(kd));
  KernelDescriptor d;
  const uint32_t rsrc1 = kd.compute_pgm_rsrc1;
  const uint32_t rsrc2 = kd.compute_pgm_rsrc2;
  const uint32_t rsrc3 = kd.compute_pgm_rsrc3;
  const uint32_t properties = kd.kernel_code_properties;
  const uint32_t preload = kd.kernarg_preload;
  d.entry = address + uint64_t(kd.kernel_code_entry_byte_offset);
  d.group_segment_bytes = kd.group_segment_fixed_size;
  d.private_segment_bytes = kd.private_segment_fixed_size;
  d.kernarg_bytes = kd.kernarg_size;
  d.vgprs = (bits(rsrc1, 0, 6) + 1) * 8;
  d.sgprs = (bits(rsrc1, 6, 4) / 2 + 1) * 16;  // GFX9: in units of 16
  d.accum_offset = (bits(rsrc3, 0, 6) + 1) * 4;
  d.round_f32 = uint8_t(bits(rsrc1, 12, 2));
  d.round_f16_f64 = uint8_t(bits(rsrc1, 14, 2));
  d.denorm_f32 = uint8_t(bits(rsrc1, 16, 2));
  d.denorm_f16_f64 = uint8_t(bits(rsrc1, 18, 2));
  d.dx10_clamp = bit(rsrc1, 21);
  d.ieee = bit(rsrc1, 23);
  d.fp16_overflow = bit(rsrc1, 26);
  d.user_sgprs = uint8_t(bits(rsrc2, 1, 5));
  for (unsigned i = 0; i < 3; ++i) d.group_id[i] = bit(rsrc2, 7 + i);
  d.group_info = bit(rsrc2, 10);
  d.work_item_id_dims = uint8_t(std::min(bits(rsrc2, 11, 2), 2u) + 1);
  d.private_segment_buffer = bit(properties, 0);
  d.dispatch_ptr = bit(properties, 1);
  d.queue_ptr = bit(properties, 2);
  d.kernarg_ptr = bit(properties, 3);
  d.dispatch_id = bit(properties, 4);
  d.flat_scratch_init = bit(properties, 5);
  d.private_segment_size = bit(properties, 6);
  d.preload_dwords = uint8_t(bits(preload, 0, 7));
  d.preload_offset = uint16_t(bits(preload, 7, 9));
  return d;
}

// What the metadata note says of sizes that the descriptor has too.
struct Said {
  std::optional<uint32_t> group_segment_bytes, private_segment_bytes, kernarg_bytes;
  std::optional<uint32_t> vgprs, agprs, sgprs;
};

// The metadata note: msgpack, keys as in LLVM's "Code Object V3 Metadata" and later.
class NoteReader {
 public:
  NoteReader(const std::string& name, std::vector<KernelInfo>* kernels, std::vector<Said>* said)
      : name_(name), kernels_(kernels), said_(said) {}

  void read(llvm::StringRef blob) {
    const Json root =
        Json::from_msgpack(blob.begin(), blob.end(), /*strict=*/true, /*allow_exceptions=*/false);
    if (root.is_discarded())
      throw Error(fmt::format("{}: metadata note: not valid msgpack", name_));
    if (!root.is_object()) throw Error(fmt::format("{}: metadata note: root is not a map", name_));
    const auto kernels = root.find("amdhsa.kernels");
    if (kernels == root.end() || !kernels->is_array())
      throw Error(fmt::format("{}: metadata note: no amdhsa.kernels list", name_));
    for (const Json& node : *kernels) {
      if (!node.is_object())
        throw Error(fmt::format("{}: metadata note: a kernel is not a map", name_));
      kernels_->push_back(kernel(node));
    }
  }

 private:
  using Json = nlohmann::json;

  KernelInfo kernel(const Json& map) {
    KernelInfo info;
    const std::string descriptor = text(map, ".symbol", "");
    info.symbol = descriptor.ends_with(".kd") ? descriptor.substr(0, descriptor.size() - 3)
                                              : text(map, ".name", "");
    where_ = info.symbol;
    if (info.symbol.empty())
      throw Error(fmt::format("{}: metadata note: a kernel has neither .symbol nor .name", name_));
    Said& said = said_->emplace_back();
    said.kernarg_bytes = maybe(map, ".kernarg_segment_size");
    said.group_segment_bytes = maybe(map, ".group_segment_fixed_size");
    said.private_segment_bytes = maybe(map, ".private_segment_fixed_size");
    said.vgprs = maybe(map, ".vgpr_count");
    said.agprs = maybe(map, ".agpr_count");
    said.sgprs = maybe(map, ".sgpr_count");
    info.max_workgroup_size = number(map, ".max_flat_workgroup_size", 1024);
    if (const auto size = map.find(".reqd_workgroup_size"); size != map.end()) {
      const bool three = size->is_array() && size->size() == 3 &&
                         std::all_of(size->begin(), size->end(), [](const Json& n) {
                           return n.is_number_unsigned() && n.get<uint64_t>() <= UINT32_MAX;
                         });
      if (!three)
        throw Error(fmt::format("{}: kernel {}: .reqd_workgroup_size is not three numbers", name_,
                                where_));
      for (size_t i = 0; i < 3; ++i) info.required_group_size[i] = (*size)[i].get<uint32_t>();
    }
    if (const uint32_t wave = number(map, ".wavefront_size", kLanes); wave != kLanes)
      throw Error(
          fmt::format("{}: kernel {}: .wavefront_size is {}, must be 64", name_, where_, wave));
    const auto args = map.find(".args");
    if (args != map.end() && args->is_array()) {
      for (const Json& arg : *args) {
        if (!arg.is_object())
          throw Error(fmt::format("{}: kernel {}: an entry of .args is not a map", name_, where_));
        info.args.push_back({text(arg, ".name", ""), number(arg, ".offset", 0),
                             number(arg, ".size", 0), text(arg, ".value_kind", "")});
        const KernelArg& last = info.args.back();
        if (last.offset > kMaxKernarg || last.size > kMaxKernarg - last.offset)
          throw Error(fmt::format(
              "{}: kernel {}: argument {} at offset {} of size {} ends past {} bytes", name_,
              where_, info.args.size() - 1, last.offset, last.size, kMaxKernarg));
      }
    }
    return info;
  }

  uint32_t number(const Json& map, const char* key, uint32_t otherwise) {
    return maybe(map, key).value_or(otherwise);
  }

  std::optional<uint32_t> maybe(const Json& map, const char* key) {
    const auto it = map.find(key);
    if (it == map.end()) return std::nullopt;
    if (!it->is_number_unsigned())
      throw Error(fmt::format("{}: kernel {}: {} is not an unsigned number", name_, where_, key));
    const uint64_t value = it->get<uint64_t>();
    if (value > UINT32_MAX)
      throw Error(
          fmt::format("{}: kernel {}: {} is {}, more than 32 bits", name_, where_, key, value));
    return uint32_t(value);
  }

  std::string text(const Json& map, const char* key, const char* otherwise) {
    const auto it = map.find(key);
    if (it == map.end()) return otherwise;
    if (!it->is_string())
      throw Error(fmt::format("{}: kernel {}: {} is not a string", name_, where_, key));
    return one_line(it->get<std::string>());
  }

  const std::string& name_;
  std::vector<KernelInfo>* kernels_;
  std::vector<Said>* said_;
  std::string where_;
};

// Gives arguments that the metadata leave nameless the names of the kernel's parameters.
void name_arguments(const SourceLines& lines, KernelInfo& kernel) {
  std::vector<KernelArg*> explicit_args;
  bool nameless = false;
  for (KernelArg& arg : kernel.args) {
    if (arg.hidden()) continue;
    explicit_args.push_back(&arg);
    nameless |= arg.name.empty();
  }
  if (!nameless) return;
  const std::vector<std::string> names = lines.parameters(kernel.code_address);
  if (names.size() != explicit_args.size()) return;
  for (size_t i = 0; i < names.size(); ++i)
    if (explicit_args[i]->name.empty()) explicit_args[i]->name = names[i];
}

// Takes the sizes from the descriptor, and notes what contradicts it. CP and SPI go by the
// descriptor's registers and the AQL packet's sizes, and the runtime takes those of LDS and scratch
// from the loader's symbol, which are the descriptor's (ROCclr, Kernel::postLoad; older ones from the
// note). How large kernarg is, only the note says in hand-written objects.
class Obedience {
 public:
  Obedience(const std::string& name, const Said& said, KernelInfo& kernel)
      : name_(name), said_(said), kernel_(kernel) {}

  void run() {
    const KernelDescriptor& d = kernel_.descriptor;
    kernel_.group_segment_bytes = d.group_segment_bytes;
    kernel_.private_segment_bytes = d.private_segment_bytes;
    kernel_.kernarg_bytes = d.kernarg_bytes != 0 ? d.kernarg_bytes : said_.kernarg_bytes.value_or(0);
    limit("kernarg", kernel_.kernarg_bytes, kMaxKernarg);
    limit("scratch", kernel_.private_segment_bytes, kMaxPrivate);
    contradict("LDS", said_.group_segment_bytes, d.group_segment_bytes);
    contradict("scratch", said_.private_segment_bytes, d.private_segment_bytes);
    if (d.kernarg_bytes != 0) contradict("kernarg", said_.kernarg_bytes, d.kernarg_bytes);
    lacks("vector registers", said_.vgprs, d.vgprs);
    lacks("accumulation registers", said_.agprs, kernel_.owned_agprs());
    lacks("scalar registers", said_.sgprs, d.sgprs);
    arguments();
  }

 private:
  void limit(const char* what, uint32_t bytes, uint32_t most) const {
    if (bytes > most)
      throw Error(fmt::format("{}: kernel {}: {} bytes of {}, more than {}", name_, kernel_.symbol,
                              bytes, what, most));
  }
  void contradict(const char* what, std::optional<uint32_t> note, uint32_t descriptor) {
    if (!note || *note == descriptor) return;
    kernel_.notes.push_back(
        fmt::format("the metadata say {} bytes of {}, and the descriptor, which counts, {}", *note,
                    what, descriptor));
  }
  void lacks(const char* what, std::optional<uint32_t> note, uint32_t descriptor) {
    if (!note || *note <= descriptor) return;
    kernel_.notes.push_back(
        fmt::format("the metadata say {} {}, and the descriptor, which counts, allocates {}", *note,
                    what, descriptor));
  }
  // Those that the caller gives must have room, whatever the segment's size is said to be.
  void arguments() {
    const uint32_t size = kernel_.kernarg_bytes;
    const KernelArg* last = nullptr;
    for (const KernelArg& arg : kernel_.args)
      if (arg.offset + arg.size > size &&
          (last == nullptr || arg.offset + arg.size > last->offset + last->size))
        last = &arg;
    if (last == nullptr) return;
    kernel_.kernarg_bytes = std::max(size, kernel_.explicit_bytes());
    kernel_.notes.push_back(
        fmt::format("argument {} at offset {} of size {} ends past the {} bytes of kernarg",
                    last - kernel_.args.data(), last->offset, last->size, size));
  }

  const std::string& name_;
  const Said& said_;
  KernelInfo& kernel_;
};

}  // namespace

CodeObject CodeObject::parse(std::vector<std::byte> file, std::string name) {
  const llvm::StringRef buffer(reinterpret_cast<const char*>(file.data()), file.size());
  if (!buffer.starts_with("\x7f"
                          "ELF"))
    throw Error(fmt::format("{}: not an ELF file ({} bytes, no ELF magic)", name, file.size()));
  if (buffer.size() < sizeof(Elf::Elf_Ehdr))
    throw Error(fmt::format("{}: truncated: {} bytes, the ELF header alone has {}", name,
                            buffer.size(), sizeof(Elf::Elf_Ehdr)));
  const auto* ident = reinterpret_cast<const unsigned char*>(buffer.data());
  if (ident[ELF::EI_CLASS] != ELF::ELFCLASS64 || ident[ELF::EI_DATA] != ELF::ELFDATA2LSB)
    throw Error(fmt::format("{}: not a 64-bit little-endian ELF (EI_CLASS {}, EI_DATA {})", name,
                            ident[ELF::EI_CLASS], ident[ELF::EI_DATA]));
  const Elf elf = take(Elf::create(buffer), name, "ELF header");
  const auto& header = elf.getHeader();
  if (header.e_machine != ELF::EM_AMDGPU)
    throw Error(fmt::format("{}: e_machine is {}, not an AMD GPU code object ({})", name,
                            unsigned(header.e_machine), unsigned(ELF::EM_AMDGPU)));
  if (ident[ELF::EI_OSABI] != ELF::ELFOSABI_AMDGPU_HSA)
    throw Error(fmt::format("{}: EI_OSABI is {}, must be {} (HSA)", name, ident[ELF::EI_OSABI],
                            unsigned(ELF::ELFOSABI_AMDGPU_HSA)));
  const unsigned abi = ident[ELF::EI_ABIVERSION];
  if (abi < ELF::ELFABIVERSION_AMDGPU_HSA_V3 || abi > ELF::ELFABIVERSION_AMDGPU_HSA_V6)
    throw Error(fmt::format(
        "{}: EI_ABIVERSION is {}, only code object versions 3 to 6 (1 to 4) are read", name, abi));

  auto content = std::make_shared<Content>();
  content->name = name;
  const unsigned mach = header.e_flags & ELF::EF_AMDGPU_MACH;
  if (mach == ELF::EF_AMDGPU_MACH_AMDGCN_GFX942)
    content->arch = Arch::kGfx942;
  else if (mach == ELF::EF_AMDGPU_MACH_AMDGCN_GFX950)
    content->arch = Arch::kGfx950;
  else
    throw Error(fmt::format(
        "{}: e_flags machine is {:#x}, only gfx942 (0x4c) and gfx950 (0x4f) run", name, mach));
  if (header.e_type != ELF::ET_DYN)
    throw Error(fmt::format("{}: e_type is {}, not a linked code object (ET_DYN, 3)", name,
                            unsigned(header.e_type)));

  uint64_t total = 0;
  for (const auto& segment : take(elf.program_headers(), name, "program headers")) {
    if (segment.p_offset > buffer.size() || segment.p_filesz > buffer.size() - segment.p_offset)
      throw Error(fmt::format("{}: truncated: a segment ends at byte {}, the file at {}", name,
                              uint64_t(segment.p_offset + segment.p_filesz), buffer.size()));
    const std::byte* at = file.data() + segment.p_offset;
    if (segment.p_type == ELF::PT_LOAD) {
      if (segment.p_memsz < segment.p_filesz || segment.p_memsz - segment.p_filesz > kMaxZeroFill)
        throw Error(fmt::format("{}: a segment has p_memsz {}, p_filesz {}", name,
                                uint64_t(segment.p_memsz), uint64_t(segment.p_filesz)));
      if (segment.p_vaddr > kMaxAddress)
        throw Error(fmt::format("{}: a segment is at {:#x}, beyond {:#x}", name,
                                uint64_t(segment.p_vaddr), kMaxAddress));
      total += segment.p_memsz;
      if (total > buffer.size() + kMaxZeroFill)
        throw Error(fmt::format("{}: its segments have more than {} bytes, the file {}", name,
                                buffer.size() + kMaxZeroFill, buffer.size()));
      for (const Segment& other : content->segments)
        if (segment.p_vaddr < other.address + other.bytes.size() &&
            other.address < segment.p_vaddr + segment.p_memsz)
          throw Error(fmt::format("{}: segments at {:#x} and {:#x} overlap", name, other.address,
                                  uint64_t(segment.p_vaddr)));
      Segment loaded{segment.p_vaddr,
                     {at, at + segment.p_filesz},
                     (segment.p_flags & ELF::PF_W) != 0,
                     (segment.p_flags & ELF::PF_X) != 0};
      loaded.bytes.resize(segment.p_memsz);
      content->segments.push_back(std::move(loaded));
    }
  }
  // The dynamic section lies in a segment that is writable only while it is relocated.
  for (const auto& segment : take(elf.program_headers(), name, "program headers"))
    if (segment.p_type == ELF::PT_GNU_RELRO)
      for (Segment& loaded : content->segments)
        if (loaded.address >= segment.p_vaddr &&
            loaded.address - segment.p_vaddr <= segment.p_memsz &&
            loaded.bytes.size() <= segment.p_memsz - (loaded.address - segment.p_vaddr))
          loaded.writable = false;
  bool noted = false;
  std::vector<Said> said;  // of each kernel
  for (const auto& segment : take(elf.program_headers(), name, "program headers")) {
    if (segment.p_type != ELF::PT_NOTE) continue;
    llvm::Error error = llvm::Error::success();
    for (const auto& note : elf.notes(segment, error)) {
      if (note.getType() != ELF::NT_AMDGPU_METADATA || note.getName() != "AMDGPU") continue;
      NoteReader(content->name, &content->kernels, &said)
          .read(note.getDescAsStringRef(std::max<size_t>(segment.p_align, 4)));
      noted = true;
    }
    if (error)
      throw Error(fmt::format("{}: notes: {}", name, one_line(llvm::toString(std::move(error)))));
  }
  if (!noted) throw Error(fmt::format("{}: no AMDGPU metadata note", name));

  // Symbols. A stripped object still has the dynamic ones.
  std::vector<std::pair<std::string, Elf::Elf_Sym>> symbols;
  for (const auto& section : take(elf.sections(), name, "section table")) {
    if (section.sh_type != ELF::SHT_SYMTAB && section.sh_type != ELF::SHT_DYNSYM) continue;
    const auto strings = take(elf.getStringTableForSymtab(section), name, "symbol names");
    for (const auto& symbol : take(elf.symbols(&section), name, "symbol table"))
      symbols.emplace_back(one_line(take(symbol.getName(strings), name, "symbol name").str()),
                           symbol);
  }
  for (const auto& [symbol_name, symbol] : symbols)
    if (symbol.getType() == ELF::STT_FUNC && symbol.st_shndx != ELF::SHN_UNDEF)
      content->functions.push_back({symbol_name, symbol.st_value, symbol.st_size});
  std::sort(content->functions.begin(), content->functions.end(),
            [](const CodeRange& a, const CodeRange& b) { return a.address < b.address; });
  content->functions.erase(
      std::unique(content->functions.begin(), content->functions.end(),
                  [](const CodeRange& a, const CodeRange& b) { return a.address == b.address; }),
      content->functions.end());

  for (KernelInfo& kernel : content->kernels) {
    const auto find = [&](const std::string& wanted) -> const Elf::Elf_Sym* {
      for (const auto& [symbol_name, symbol] : symbols)
        if (symbol_name == wanted && symbol.st_shndx != ELF::SHN_UNDEF) return &symbol;
      return nullptr;
    };
    const auto* descriptor = find(kernel.symbol + ".kd");
    if (descriptor == nullptr)
      throw Error(
          fmt::format("{}: kernel {}: no symbol {}.kd", name, kernel.symbol, kernel.symbol));
    const auto raw = find_bytes(content->segments, descriptor->st_value, 64);
    if (raw.empty())
      throw Error(fmt::format("{}: kernel {}: descriptor at {:#x} lies in no segment", name,
                              kernel.symbol, uint64_t(descriptor->st_value)));
    kernel.descriptor = read_descriptor(raw, descriptor->st_value);
    Obedience(name, said[size_t(&kernel - content->kernels.data())], kernel).run();
    const KernelDescriptor& d = kernel.descriptor;
    if (4u * (d.preload_offset + d.preload_dwords) > kernel.kernarg_readable())
      throw Error(fmt::format(
          "{}: kernel {}: preloads {} dwords of kernarg from dword {}, of {} bytes", name,
          kernel.symbol, d.preload_dwords, d.preload_offset, kernel.kernarg_bytes));
    const auto* code = find(kernel.symbol);
    kernel.code_address = kernel.descriptor.entry;
    kernel.code_bytes = code != nullptr ? uint64_t(code->st_size) : 0;
    if (kernel.code_bytes == 0) {
      // Hand-written objects may leave the size out: the kernel then ends where its segment does.
      for (const Segment& segment : content->segments)
        if (segment.executable && kernel.code_address - segment.address < segment.bytes.size())
          kernel.code_bytes = segment.bytes.size() - (kernel.code_address - segment.address);
    }
    if (kernel.code_bytes == 0 ||
        find_bytes(content->segments, kernel.code_address, kernel.code_bytes).empty())
      throw Error(fmt::format("{}: kernel {}: entry {:#x} with {} bytes lies in no segment", name,
                              kernel.symbol, kernel.code_address, kernel.code_bytes));
  }
  content->source_lines = SourceLines::of(file);
  if (content->source_lines != nullptr)
    for (KernelInfo& kernel : content->kernels) name_arguments(*content->source_lines, kernel);
  return CodeObject(std::move(content));
}

CodeObject CodeObject::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("{}: cannot open", path));
  std::vector<char> raw{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw Error(fmt::format("{}: cannot read", path));
  const auto* bytes = reinterpret_cast<const std::byte*>(raw.data());
  return parse({bytes, bytes + raw.size()}, path);
}

CodeObject CodeObject::from_code(Arch arch, KernelInfo kernel, std::vector<std::byte> code) {
  auto content = std::make_shared<Content>();
  content->name = kernel.symbol;
  content->arch = arch;
  kernel.code_address = kernel.descriptor.entry = 0;
  kernel.code_bytes = code.size();
  content->functions.push_back({kernel.symbol, 0, code.size()});
  content->segments.push_back({0, std::move(code), false, true});
  content->kernels.push_back(std::move(kernel));
  return CodeObject(std::move(content));
}

CodeObject::CodeObject(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
const std::string& CodeObject::name() const { return content_->name; }
Arch CodeObject::arch() const { return content_->arch; }
const std::vector<KernelInfo>& CodeObject::kernels() const { return content_->kernels; }
const std::vector<CodeRange>& CodeObject::functions() const { return content_->functions; }
const std::vector<Segment>& CodeObject::segments() const { return content_->segments; }
const std::shared_ptr<const SourceLines>& CodeObject::source_lines() const {
  return content_->source_lines;
}

const KernelInfo& CodeObject::kernel(std::string_view symbol) const {
  std::string known;
  for (const KernelInfo& kernel : content_->kernels) {
    if (kernel.symbol == symbol) return kernel;
    known += (known.empty() ? "" : ", ") + kernel.symbol;
  }
  throw Error(fmt::format("{}: no kernel {}; it has: {}", content_->name, symbol,
                          known.empty() ? "none" : known));
}

std::span<const std::byte> CodeObject::bytes_at(uint64_t address, uint64_t size) const {
  return find_bytes(content_->segments, address, size);
}

std::shared_ptr<const void> CodeObject::identity() const { return content_; }

}  // namespace wavefuzz::sim
