#include "gpu/sim/testing_asm.h"

#include <fmt/format.h>
#include <llvm/MC/MCAsmBackend.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCCodeEmitter.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCObjectFileInfo.h>
#include <llvm/MC/MCObjectWriter.h>
#include <llvm/MC/MCParser/MCAsmParser.h>
#include <llvm/MC/MCParser/MCTargetAsmParser.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Triple.h>
#include <xmmintrin.h>

#include <cstring>

#include "gpu/sim/describe.h"

extern "C" void LLVMInitializeAMDGPUTargetInfo();
extern "C" void LLVMInitializeAMDGPUTargetMC();
extern "C" void LLVMInitializeAMDGPUAsmParser();

namespace wavefuzz::sim {

std::vector<std::byte> assemble(Arch arch, const std::string& text) {
  [[maybe_unused]] static const bool initialised = [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmParser();
    return true;
  }();
  const llvm::Triple triple("amdgcn-amd-amdhsa");
  std::string problem;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (target == nullptr) throw Error(problem);
  llvm::SourceMgr source;
  source.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text), llvm::SMLoc());
  std::string messages;
  source.setDiagHandler(
      [](const llvm::SMDiagnostic& d, void* to) {
        llvm::raw_string_ostream out(*static_cast<std::string*>(to));
        d.print("asm", out, /*ShowColors=*/false);
      },
      &messages);
  const std::unique_ptr<llvm::MCRegisterInfo> registers(target->createMCRegInfo(triple));
  const llvm::MCTargetOptions options;
  const std::unique_ptr<llvm::MCAsmInfo> info(target->createMCAsmInfo(*registers, triple, options));
  const std::unique_ptr<llvm::MCInstrInfo> instructions(target->createMCInstrInfo());
  const std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, name(arch), ""));
  llvm::MCContext context(triple, info.get(), registers.get(), subtarget.get(), &source, &options);
  const std::unique_ptr<llvm::MCObjectFileInfo> file(
      target->createMCObjectFileInfo(context, false));
  context.setObjectFileInfo(file.get());
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream out(object);
  std::unique_ptr<llvm::MCAsmBackend> backend(
      target->createMCAsmBackend(*subtarget, *registers, options));
  std::unique_ptr<llvm::MCObjectWriter> writer = backend->createObjectWriter(out);
  const std::unique_ptr<llvm::MCStreamer> streamer(target->createMCObjectStreamer(
      triple, context, std::move(backend), std::move(writer),
      std::unique_ptr<llvm::MCCodeEmitter>(target->createMCCodeEmitter(*instructions, context)),
      *subtarget));
  const std::unique_ptr<llvm::MCAsmParser> parser(
      createMCAsmParser(source, context, *streamer, *info));
  const std::unique_ptr<llvm::MCTargetAsmParser> target_parser(
      target->createMCAsmParser(*subtarget, *parser, *instructions, options));
  parser->setTargetParser(*target_parser);
  if (parser->Run(/*NoInitialTextSection=*/false)) throw Error(messages);

  auto elf = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(object.data(), object.size()), "asm"));
  if (!elf) throw Error("the assembler's object cannot be read");
  for (const auto& section : (*elf)->sections()) {
    if (!section.isText()) continue;
    const llvm::StringRef code = llvm::cantFail(section.getContents());
    const auto* bytes = reinterpret_cast<const std::byte*>(code.data());
    return {bytes, bytes + code.size()};
  }
  throw Error("the assembler's object has no code");
}

AsmWave::AsmWave(const std::string& text, const AsmOptions& o) : exec_(o.exec) {
  KernelInfo kernel;
  kernel.symbol = "test";
  kernel.group_segment_bytes = o.lds_bytes;
  kernel.private_segment_bytes = o.scratch_bytes;
  KernelDescriptor& d = kernel.descriptor;
  d.vgprs = 512;
  d.accum_offset = 256;
  d.round_f32 = o.round_f32;
  d.round_f16_f64 = o.round_f16_f64;
  d.denorm_f32 = o.denorm_f32;
  d.denorm_f16_f64 = o.denorm_f16_f64;
  d.ieee = o.ieee;
  d.dx10_clamp = o.dx10_clamp;
  d.fp16_overflow = o.fp16_overflow;
  const CodeObject object =
      CodeObject::from_code(o.arch, kernel, assemble(o.arch, text + "\ns_endpgm\n"));
  program_ = std::make_unique<Program>(object, "test", o.isa);
  config_.transcendentals = o.transcendentals;
  config_.ulp_seed = o.ulp_seed;
  config_.late_loads = o.late_loads;
  config_.follow_inexact = o.follow_inexact;
  config_.instruction_budget = 1'000'000;
}

void AsmWave::start() {
  if (started_) return;
  started_ = true;
  machine_ = std::make_unique<Machine>();
  machine_->start(program_->code(), memory_, config_, result_);
  machine_->start_group(0);
  // v0 holds the work-item id at entry; a test defines every register it uses itself.
  wave().set_s64(kExec, exec_, 0);
  wave().exec_changed();
}

AsmWave& AsmWave::set_v(unsigned reg, const LaneValues& values) {
  start();
  std::copy(values.begin(), values.end(), wave().v[reg]);
  wave().v_poison[reg] = {};
  return *this;
}
AsmWave& AsmWave::set_v(unsigned reg, uint32_t value) {
  LaneValues values;
  values.fill(value);
  return set_v(reg, values);
}
AsmWave& AsmWave::set_v64(unsigned reg, uint64_t value) {
  return set_v(reg, uint32_t(value)).set_v(reg + 1, uint32_t(value >> 32));
}
AsmWave& AsmWave::set_s(unsigned reg, uint32_t value) {
  start();
  wave().s[reg] = value;
  wave().s_poison[reg] = 0;
  return *this;
}
AsmWave& AsmWave::set_s64(unsigned reg, uint64_t value) {
  return set_s(reg, uint32_t(value)).set_s(reg + 1, uint32_t(value >> 32));
}

AsmWave& AsmWave::set_exec(uint64_t mask) {
  exec_ = mask;
  start();
  wave().set_s64(kExec, exec_, 0);
  wave().exec_changed();
  return *this;
}

namespace {
void write_defined(std::byte* data, uint64_t* defined, uint64_t at,
                   std::span<const std::byte> bytes) {
  std::copy(bytes.begin(), bytes.end(), data + at);
  for (uint64_t i = at; i < at + bytes.size(); ++i) defined[i / 64] |= uint64_t{1} << i % 64;
}
}  // namespace
AsmWave& AsmWave::write_lds(uint32_t offset, std::span<const std::byte> bytes) {
  start();
  write_defined(machine_->lds.data(), machine_->lds_defined.data(), offset, bytes);
  return *this;
}
AsmWave& AsmWave::write_scratch(unsigned lane, uint32_t offset, std::span<const std::byte> bytes) {
  start();
  write_defined(wave().scratch, wave().scratch_defined, lane * machine_->scratch_size + offset,
                bytes);
  return *this;
}

std::vector<std::string> AsmWave::mnemonics() const {
  std::vector<std::string> list;
  for (const Op& op : program_->code().ops)
    list.emplace_back(op.row == nullptr ? "" : op.row->mnemonic);
  return list;
}

AsmWave& AsmWave::run() {
  start();
  wave().next = program_->code().entry;
  wave().state = WaveState::kReady;
  const unsigned host_state = _mm_getcsr();
  machine_->run_wave(wave());
  _mm_setcsr(host_state);
  describe(program_->code(), result_);
  return *this;
}

LaneValues AsmWave::lanes(unsigned reg) const {
  LaneValues values;
  std::copy_n(wave().v[reg], kLanes, values.begin());
  return values;
}

uint32_t AsmWave::v_poison(unsigned reg, unsigned lane) const {
  return wave().lane_poison(reg, lane);
}

std::string AsmWave::findings() const {
  std::string text = result_.unsupported_what;
  for (const Finding& f : result_.findings) text += (text.empty() ? "" : "\n") + f.message;
  return text;
}

}  // namespace wavefuzz::sim
