#include "gpu/sim/source_lines.h"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/DebugInfo/DIContext.h>
#include <llvm/DebugInfo/DWARF/DWARFCompileUnit.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDie.h>
#include <llvm/Object/Decompressor.h>
#include <llvm/Object/ELF.h>
#include <llvm/Support/DataExtractor.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

namespace wavefuzz::sim {
namespace {

using Elf = llvm::object::ELFFile<llvm::object::ELF64LE>;

// What lines, functions and parameters take. Others, such as .debug_aranges, repeat it.
constexpr std::array<std::string_view, 9> kSections = {
    "debug_info", "debug_abbrev",      "debug_line",   "debug_line_str", "debug_str",
    "debug_addr", "debug_str_offsets", "debug_ranges", "debug_rnglists"};

// More than any kernel has; a damaged size must not cost gigabytes.
constexpr uint64_t kMostBytes = 256 << 20;
constexpr size_t kMostFrames = 64;

using Sections = llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>>;

// A section's bytes, decompressed where they need be; nothing where that fails.
std::unique_ptr<llvm::MemoryBuffer> content(const Elf& elf, const Elf::Elf_Shdr& section) {
  auto raw = elf.getSectionContents(section);
  if (!raw) {
    llvm::consumeError(raw.takeError());
    return nullptr;
  }
  const llvm::StringRef bytes(reinterpret_cast<const char*>(raw->data()), raw->size());
  if ((section.sh_flags & llvm::ELF::SHF_COMPRESSED) == 0) {
    if (bytes.size() > kMostBytes) return nullptr;
    return llvm::MemoryBuffer::getMemBufferCopy(bytes);
  }
  auto decompressor = llvm::object::Decompressor::create("", bytes, /*IsLE=*/true, /*Is64=*/true);
  if (!decompressor) {
    llvm::consumeError(decompressor.takeError());
    return nullptr;
  }
  if (decompressor->getDecompressedSize() > kMostBytes) return nullptr;
  llvm::SmallString<0> out;
  if (llvm::Error error = decompressor->resizeAndDecompress(out)) {
    llvm::consumeError(std::move(error));
    return nullptr;
  }
  return llvm::MemoryBuffer::getMemBufferCopy(out);
}

Sections read_sections(std::span<const std::byte> file) {
  Sections found;
  auto elf = Elf::create({reinterpret_cast<const char*>(file.data()), file.size()});
  if (!elf) {
    llvm::consumeError(elf.takeError());
    return found;
  }
  auto sections = elf->sections();
  if (!sections) {
    llvm::consumeError(sections.takeError());
    return found;
  }
  for (const auto& section : *sections) {
    auto name = elf->getSectionName(section);
    if (!name) {
      llvm::consumeError(name.takeError());
      continue;
    }
    if (!name->consume_front(".") ||
        std::ranges::find(kSections, std::string_view(*name)) == kSections.end())
      continue;
    if (auto bytes = content(*elf, section)) found[*name] = std::move(bytes);
  }
  return found;
}

// Names come from the file: messages keep to one line whatever is in them.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32) c = '?';
  return text;
}

// LLVM's reader takes the form of a field in a line table's header as given: one that it does not
// know is undefined behaviour there. So each header is looked at first.
class LineTableHeaders {
 public:
  explicit LineTableHeaders(llvm::StringRef section)
      : data_(section, /*IsLittleEndian=*/true, /*AddressSize=*/8) {
    uint64_t at = 0;
    while (at < section.size() && read(at)) {
    }
    sound_ = at == section.size();
  }
  // Whether all of them are as they should be, and one begins there.
  bool has(uint64_t offset) const { return sound_ && begins_.contains(offset); }

 private:
  using Cursor = llvm::DataExtractor::Cursor;

  // One table; `at` moves behind it.
  bool read(uint64_t& at) {
    Cursor c(at);
    offset_bytes_ = 4;
    uint64_t length = data_.getU32(c);
    if (length == llvm::dwarf::DW_LENGTH_DWARF64) {
      offset_bytes_ = 8;
      length = data_.getU64(c);
    }
    const uint64_t begin = c.tell();
    const uint16_t version = data_.getU16(c);
    bool good = version >= 2 && version <= 5;
    if (version == 5) good &= data_.getU8(c) == 8 && data_.getU8(c) == 0;  // bytes of an address
    data_.getUnsigned(c, offset_bytes_);                                   // of the header
    data_.skip(c, version >= 4 ? 5 : 4);  // to the number of standard opcodes
    const uint8_t opcodes = data_.getU8(c);
    data_.skip(c, opcodes == 0 ? 0 : opcodes - 1);
    if (version == 5) good &= entries(c) && entries(c);  // folders, files
    good &= bool(c) && c.tell() - begin <= length && length <= data_.size() - begin;
    llvm::consumeError(c.takeError());
    if (!good) return false;
    begins_.insert(at);
    at = begin + length;
    return true;
  }

  // DWARF 5, 6.2.4.1 and 6.2.4.
  bool entries(Cursor& c) {
    std::vector<uint64_t> forms(data_.getU8(c));
    for (uint64_t& form : forms) {
      data_.getULEB128(c);  // what it is of
      form = data_.getULEB128(c);
    }
    const uint64_t count = data_.getULEB128(c);
    if (forms.empty()) return count == 0;
    for (uint64_t i = 0; i < count && c; ++i)
      for (const uint64_t form : forms)
        if (!skip(c, form)) return false;
    return bool(c);
  }

  bool skip(Cursor& c, uint64_t form) {
    using namespace llvm::dwarf;
    switch (form) {
      case DW_FORM_string:
        data_.getCStrRef(c);
        return true;
      case DW_FORM_line_strp:
      case DW_FORM_strp:
        data_.skip(c, offset_bytes_);
        return true;
      case DW_FORM_udata:
        data_.getULEB128(c);
        return true;
      case DW_FORM_data1:
        data_.skip(c, 1);
        return true;
      case DW_FORM_data2:
        data_.skip(c, 2);
        return true;
      case DW_FORM_data4:
        data_.skip(c, 4);
        return true;
      case DW_FORM_data8:
        data_.skip(c, 8);
        return true;
      case DW_FORM_data16:
        data_.skip(c, 16);
        return true;
      case DW_FORM_block:
        data_.skip(c, data_.getULEB128(c));
        return true;
      default:
        return false;
    }
  }

  llvm::DataExtractor data_;
  uint32_t offset_bytes_ = 4;
  std::set<uint64_t> begins_;
  bool sound_ = false;
};

std::string path_of(const llvm::DILineInfo& line) {
  return one_line(std::filesystem::path(line.FileName).lexically_normal().string());
}

}  // namespace

struct SourceLines::Reader {
  Sections sections;
  std::mutex mutex;
  std::unique_ptr<llvm::DWARFContext> context;
  bool readable = false;
  std::map<uint64_t, std::vector<SourceLine>> known;

  // Null where it cannot be read. What is damaged otherwise is passed over without a word.
  llvm::DWARFContext* dwarf() {
    if (context == nullptr) {
      context = llvm::DWARFContext::create(sections, /*AddrSize=*/8, /*isLittleEndian=*/true,
                                           llvm::consumeError, llvm::consumeError);
      readable = is_readable();
    }
    return readable ? context.get() : nullptr;
  }

  // Every unit has a line table that may be read, and none goes on in another file.
  bool is_readable() {
    const auto lines = sections.find("debug_line");
    if (lines == sections.end()) return false;
    const LineTableHeaders headers(lines->second->getBuffer());
    for (const auto& unit : context->compile_units()) {
      const llvm::DWARFDie die = unit->getUnitDIE();
      if (die.find({llvm::dwarf::DW_AT_dwo_name, llvm::dwarf::DW_AT_GNU_dwo_name})) return false;
      const auto at = llvm::dwarf::toSectionOffset(die.find(llvm::dwarf::DW_AT_stmt_list));
      if (at && !headers.has(*at)) return false;
    }
    return true;
  }

  std::vector<SourceLine> read(uint64_t address) {
    using Specifier = llvm::DILineInfoSpecifier;
    llvm::DWARFContext* const dwarf = this->dwarf();
    if (dwarf == nullptr) return {};
    const llvm::DIInliningInfo chain = dwarf->getInliningInfoForAddress(
        {address, llvm::object::SectionedAddress::UndefSection},
        {Specifier::FileLineInfoKind::AbsoluteFilePath, llvm::DINameKind::ShortName});
    std::vector<SourceLine> lines;
    for (unsigned i = 0; i < chain.getNumberOfFrames() && i < kMostFrames; ++i) {
      const llvm::DILineInfo& frame = chain.getFrame(i);
      // Line 0 is code that the compiler made up; the call that it was inlined through may be one.
      if (frame.Line == 0 || frame.FileName == llvm::DILineInfo::BadString) continue;
      SourceLine& line = lines.emplace_back(SourceLine{path_of(frame), frame.Line, frame.Column});
      if (frame.FunctionName != llvm::DILineInfo::BadString)
        line.function = one_line(frame.FunctionName);
    }
    return lines;
  }
};

SourceLines::SourceLines(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
SourceLines::~SourceLines() = default;

std::shared_ptr<const SourceLines> SourceLines::of(std::span<const std::byte> file) {
  auto reader = std::make_unique<Reader>();
  reader->sections = read_sections(file);
  if (!reader->sections.contains("debug_info")) return nullptr;
  return std::shared_ptr<const SourceLines>(new SourceLines(std::move(reader)));
}

std::vector<SourceLine> SourceLines::at(uint64_t address) const {
  const std::lock_guard lock(reader_->mutex);
  const auto [it, fresh] = reader_->known.try_emplace(address);
  if (fresh) it->second = reader_->read(address);
  return it->second;
}

std::vector<std::string> SourceLines::parameters(uint64_t address) const {
  const std::lock_guard lock(reader_->mutex);
  std::vector<std::string> names;
  llvm::DWARFContext* const dwarf = reader_->dwarf();
  if (dwarf == nullptr) return names;
  llvm::DWARFCompileUnit* const unit = dwarf->getCompileUnitForCodeAddress(address);
  if (unit == nullptr) return names;
  llvm::DWARFDie function = unit->getSubroutineForAddress(address);
  // What is inlined at its very first instruction comes before it.
  while (function && function.getTag() != llvm::dwarf::DW_TAG_subprogram)
    function = function.getParent();
  if (!function) return names;
  for (const llvm::DWARFDie& child : function.children()) {
    if (child.getTag() != llvm::dwarf::DW_TAG_formal_parameter) continue;
    const char* name = child.getShortName();
    names.push_back(name == nullptr ? "" : one_line(name));
  }
  return names;
}

}  // namespace wavefuzz::sim
