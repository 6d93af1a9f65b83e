#include "fuzz/audit/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace wavefuzz::audit {
namespace {

constexpr const char* kNoRow = "no row fits";

Selection aborted(const char* why) {
  Selection selection;
  selection.abort = why;
  return selection;
}

bool any_of(std::string_view text, std::initializer_list<const char*> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// ---- paged attention: csrc/py_itfs_cu/asm_pa.cu

struct PaKey {
  std::string_view arch, q_type, kv_type;
  int64_t gqa, mtp, msk, hp, page_size, ps, q_tile, quant_type;
};

/// get_heuristic_kernel: an MTP kernel of just this qlen goes before the general one, and within
/// that the ratio as it is before the ratio rounded up to 8.
std::vector<const KernelRow*> find_pa(const Tables& tables, const PaKey& key) {
  std::vector<const KernelRow*> found;
  for (const int64_t mtp : {key.mtp, std::min<int64_t>(key.mtp, 1)}) {
    for (const int64_t gqa : {key.gqa, (key.gqa + 7) / 8 * 8}) {
      for (const KernelRow& row : tables.rows) {
        if (row.gqa == gqa && row.mtp == mtp && row.arch == key.arch && row.q_type == key.q_type &&
            row.kv_type == key.kv_type && row.msk == key.msk && (row.hp == key.hp || key.hp == 1) &&
            row.page_size == key.page_size && row.ps == key.ps && row.q_tile == key.q_tile &&
            row.quant_type == key.quant_type) {
          found.push_back(&row);
        }
      }
      if (!found.empty()) return found;
    }
  }
  return found;
}

/// The table's words for the types of the caller's tensors.
PaKey pa_types(const Request& r) {
  PaKey key = {};
  key.arch = r.arch();
  key.q_type = r.q_type();
  key.kv_type = r.kv_type() == "uint8" ? std::string_view("int8") : r.kv_type();
  key.hp = r.number(Dim::kHighPrecision);
  key.page_size = r.page();
  return key;
}

Selection finish_pa(const Tables& tables, const Request& r, const PaKey& key) {
  Selection selection;
  selection.heads = r.gqa();
  selection.rows = find_pa(tables, key);
  if (selection.rows.empty()) selection.abort = kNoRow;
  return selection;
}

/// pa_fwd.
Selection select_pa_fwd(const Tables& tables, const Request& r) {
  if (!any_of(r.q_type(), {"fp16", "bf16"})) return aborted("Q dtype not supported");
  PaKey key = pa_types(r);
  key.gqa = r.gqa();
  const bool several = r.value(Dim::kQoIndptr) == "given" && r.qlen() > 1;
  key.mtp = several ? r.qlen() + 10 : 0;
  key.msk = several ? 1 : 0;
  return finish_pa(tables, r, key);
}

/// pa_ps_fwd, with work_indptr, as pa_persistent_fwd calls it.
Selection select_pa_ps(const Tables& tables, const Request& r) {
  if (!any_of(r.q_type(), {"fp16", "bf16"})) return aborted("Q dtype not supported");
  PaKey key = pa_types(r);
  key.msk = r.number(Dim::kMask);
  key.ps = 1;
  key.quant_type = r.number(Dim::kQuantType);
  key.q_tile = -1;
  for (const int64_t tile : {16, 32, 40, 48, 64}) {
    if (r.gqa() * r.qlen() > tile) continue;
    key.q_tile = tile;
    break;
  }
  if (key.q_tile < 0) return aborted("gqa * max_qlen is over the largest query tile");
  return finish_pa(tables, r, key);
}

// ---- MLA decode: csrc/py_itfs_cu/asm_mla.cu

struct MlaKey {
  std::string_view q_type, kv_type;
  int64_t gqa, ps, prefill, causal, qlen, lse, cprr;
};

/// get_heuristic_kernel_mla.
Selection find_mla(const Tables& tables, const std::string& arch, const MlaKey& key) {
  Selection selection;
  for (const KernelRow& row : tables.rows) {
    if (row.gqa == key.gqa && row.ps == key.ps && row.arch == arch && row.q_type == key.q_type &&
        row.kv_type == key.kv_type && row.prefill == key.prefill && row.causal == key.causal &&
        row.qlen == key.qlen && row.lse == key.lse && row.cprr == key.cprr) {
      selection.rows.push_back(&row);
    }
  }
  if (selection.rows.empty()) selection.abort = kNoRow;
  return selection;
}

/// The branches of mla_decode_stage1_asm_fwd on the ratio: which row's ratio and qlen to look for.
/// Returns why the host refuses, or null.
const char* configure_mla(const std::string& arch, int64_t gqa, int64_t qlen, bool persistent,
                          MlaKey& key) {
  const bool bf16 = key.q_type == "bf16" && key.kv_type == "bf16";
  const bool fp8 = key.q_type == "fp8" && key.kv_type == "fp8";
  const bool gfx950 = arch == "gfx950";
  if (gqa == 128) {
    key.qlen = 0;
    if (bf16 && arch == "gfx942") key.ps = 0;
  } else if (gqa == 16) {
    if (bf16) {
      if (persistent) {
        if (qlen <= 4) key.qlen = 4;
      } else {
        key.qlen = qlen == 1 ? 1 : qlen <= 4 ? 4 : 8;
      }
    } else if (key.q_type == "bf16") {  // fp8 or bytes
      if (persistent && qlen <= 4) key.qlen = 4;
    } else if (key.q_type == "fp8") {
      if (qlen <= 2) {
        key.qlen = qlen;
      } else if (qlen <= 4) {
        key.qlen = 4;
      } else if (persistent && gfx950) {
        key.qlen = 4;
        key.gqa = 32;
      } else {
        return "fp8 with 16 heads: qlen over 4 only persistent and on gfx950";
      }
    }
  } else if (gqa == 32) {
    if (bf16) {
      if (!persistent) key.qlen = 0;
    } else if (fp8) {
      if (qlen == 1) {
        key.qlen = 1;
      } else if (qlen >= 3 && persistent && gfx950) {
        key.qlen = 4;
      } else if (qlen == 2 && persistent) {
        key.qlen = 2;
      } else {
        return "fp8 with 32 heads: several query tokens only persistent, over 2 only on gfx950";
      }
    }
  } else if (gqa == 64) {
    if (bf16) {
      if (!persistent) key.qlen = qlen == 1 ? 1 : 0;
    } else if (fp8) {
      if (!persistent) return "fp8 with 64 heads: only persistent";
      key.qlen = qlen == 1 ? 1 : 4;
    }
  }  // 8 heads and all others: the ratio and qlen as they are

  // gfx950, persistent: packed tiles of query rows stand in for most shapes.
  if (!gfx950 || !persistent) return nullptr;
  const auto stand_in = [&](int64_t with_gqa, int64_t with_qlen) {
    key.gqa = with_gqa;
    key.qlen = with_qlen;
  };
  if (bf16 && (gqa * qlen >= 128 || gqa > 64) && gqa != 48) {
    stand_in(32, 4);
  } else if (bf16 && (gqa * qlen >= 64 || gqa >= 16)) {
    stand_in(64, 1);
  } else if (fp8 && ((gqa == 32 && qlen >= 4) || (gqa == 64 && qlen >= 2) || gqa == 128)) {
    stand_in(32, 4);
  } else if (fp8 && ((gqa == 16 && (qlen == 3 || qlen == 4)) ||
                     (gqa == 32 && (qlen == 2 || qlen == 3)) || (gqa == 64 && qlen == 1))) {
    stand_in(16, 4);
  }
  return nullptr;
}

/// mla_decode_stage1_asm_fwd, with `gqa` query heads.
Selection select_stage1(const Tables& tables, const Request& r, int64_t gqa) {
  MlaKey key = {};
  key.q_type = r.q_type();
  key.kv_type = r.kv_type();
  if (!any_of(key.q_type, {"bf16", "fp8"})) return aborted("Q dtype not supported");
  if (any_of(key.kv_type, {"int8", "uint8"})) key.kv_type = "byte";
  if (!any_of(key.kv_type, {"bf16", "fp8", "byte"})) return aborted("KV dtype not supported");

  const bool persistent = r.on(Dim::kPersistent);
  key.gqa = gqa;
  key.qlen = r.qlen();
  key.ps = persistent ? 1 : 0;
  key.causal = r.qlen() == 1 ? 1 : r.number(Dim::kCausal);  // one query token: masks are no-ops
  key.lse = r.on(Dim::kLse) && persistent ? 1 : 0;
  key.cprr = r.value(Dim::kCp) == "given" ? 1 : 0;
  const char* refusal = configure_mla(r.arch(), gqa, r.qlen(), persistent, key);
  if (refusal != nullptr) return aborted(refusal);
  Selection selection = find_mla(tables, r.arch(), key);
  selection.heads = gqa;
  return selection;
}

// ---- mla_decode_fwd: aiter/mla.py, without its switches for experiments

/// Whether a persistent call goes to the kernel with the heads it came with.
bool native(const Request& r) {
  const bool gfx942 = r.arch() == "gfx942";
  const bool gfx950 = r.arch() == "gfx950";
  const bool fp8 = r.q_type() == "fp8" && r.kv_type() == "fp8";
  const bool bf16 = r.q_type() == "bf16" && r.kv_type() == "bf16";
  const int64_t heads = r.gqa();
  return heads == 16 || (gfx942 && heads == 128 && fp8) ||
         (gfx950 && fp8 && (heads == 32 || heads == 64 || heads == 128)) ||
         (gfx950 && heads == 8 && fp8 && r.qlen() == 4) ||
         (gfx942 && heads == 8 && bf16 && r.qlen() == 2) ||
         (gfx942 && heads == 64 && fp8 && r.qlen() == 1) || (gfx950 && bf16);
}

Selection select_mla_decode(const Tables& tables, const Request& r) {
  if (r.kv_type() == "int8") return aborted("the cache's last dimension is no head_dim");
  const int64_t heads = r.gqa();
  if (r.on(Dim::kPersistent)) {
    if (native(r)) return select_stage1(tables, r, heads);
    if (heads < 32 || heads > 128 || heads % 16 != 0)
      return aborted("mla_decode_fwd asserts: heads and qlen not supported");
    return select_stage1(tables, r, 16);  // folded: batches of 16 heads
  }
  if (r.q_type() == "fp8") {  // get_meta_param looks up a block size by query rows
    constexpr int64_t kRows[] = {8, 16, 24, 32, 48, 64, 128, 256, 384, 512};
    if (std::find(std::begin(kRows), std::end(kRows), heads * r.qlen()) == std::end(kRows))
      return aborted("get_meta_param: KeyError, heads * qlen is no key of get_block_n_fp8");
  }
  Selection selection = select_stage1(tables, r, heads);
  // With one split these return before the second stage, which is what would write final_lse.
  const bool bf16 = r.q_type() == "bf16" && r.kv_type() == "bf16";
  selection.lse_unwritten = r.on(Dim::kLse) && r.value(Dim::kSplits) == "1" &&
                            (r.q_type() == "fp8" || (r.q_type() == "bf16" && r.qlen() == 4) ||
                             (bf16 && (heads == 32 || heads == 8)));
  return selection;
}

// ---- MLA prefill: mla_prefill_asm_fwd, mla_prefill_ps_asm_fwd

Selection select_mla_prefill(const Tables& tables, const Request& r) {
  if (r.gqa() != 16 && r.gqa() != 128) return aborted("only 16 or 128 heads");
  if (r.q_type() != "bf16" || r.kv_type() != "bf16") return aborted("dtype not supported");
  Selection selection = find_mla(tables, r.arch(),
                                 {.q_type = "bf16",
                                  .kv_type = "bf16",
                                  .gqa = r.gqa(),
                                  .ps = 0,
                                  .prefill = 1,
                                  .causal = 0,
                                  .qlen = 0,
                                  .lse = 0,
                                  .cprr = 0});
  selection.heads = r.gqa();
  return selection;
}

Selection select_mla_prefill_ps(const Tables& tables, const Request& r) {
  if (r.q_type() != "fp8" || r.kv_type() != "fp8") return aborted("dtype not supported");
  if (r.arch() == "gfx942") return aborted("fp8 persistent prefill is not supported on gfx942");
  Selection selection = find_mla(tables, r.arch(),
                                 {.q_type = "fp8",
                                  .kv_type = "fp8",
                                  .gqa = r.gqa(),
                                  .ps = 1,
                                  .prefill = 1,
                                  .causal = r.number(Dim::kCausal),
                                  .qlen = 0,
                                  .lse = 0,
                                  .cprr = 0});
  selection.heads = r.gqa();
  return selection;
}

}  // namespace

Selection select(const Tables& tables, const Request& request) {
  switch (request.entry) {
    case Entry::kPaFwd:
      return select_pa_fwd(tables, request);
    case Entry::kPaPs:
      return select_pa_ps(tables, request);
    case Entry::kMlaDecode:
      return select_mla_decode(tables, request);
    case Entry::kMlaDecodeStage1:
      return select_stage1(tables, request, request.gqa());
    case Entry::kMlaPrefill:
      return select_mla_prefill(tables, request);
    case Entry::kMlaPrefillPs:
      break;
  }
  return select_mla_prefill_ps(tables, request);
}

}  // namespace wavefuzz::audit
