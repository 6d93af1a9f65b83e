#include "fuzz/audit/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "fuzz/audit/objects.h"
#include "fuzz/audit/select.h"

namespace wavefuzz::audit {
namespace {

std::string path_of(const KernelRow& row) {
  return fmt::format("{}/{}/{}", row.arch, row.op, row.name());
}

/// Requests that show the same thing.
struct Group {
  std::vector<Request> requests;
  std::set<std::string> kernels;
  std::string first_kernel;

  void add(const Request& request, const std::string& kernel) {
    if (requests.empty()) first_kernel = kernel;
    // Several rows of one request come one after another.
    if (requests.empty() || !(requests.back() == request)) requests.push_back(request);
    if (!kernel.empty()) kernels.insert(kernel);
  }
};

Finding finding_of(Kind kind, Entry entry, Group& group) {
  Finding finding;
  finding.kind = kind;
  finding.entry = entry;
  finding.count = group.requests.size();
  finding.first = group.requests.front();
  finding.first_kernel = group.first_kernel;
  finding.boxes = boxes_of(group.requests);
  finding.kernels.assign(group.kernels.begin(), group.kernels.end());
  return finding;
}

uint64_t asked_values(const std::vector<Box>& boxes, Dim dim) {
  uint64_t mask = 0;
  for (const Box& box : boxes) mask |= box.masks[static_cast<size_t>(dim)];
  return mask;
}

// ---- abort

/// Arguments that are changed, one at a time, where a request aborts: the first that has a value
/// with which it does not is told, and of the shapes both.
const std::vector<std::vector<Dim>> kRemedies = {
    {Dim::kLse},  {Dim::kCausal},          {Dim::kCp},         {Dim::kHighPrecision},
    {Dim::kMask}, {Dim::kGqa, Dim::kQlen}, {Dim::kPersistent},
};

/// The requests of an entry on an arch and which of them are served.
class Served {
 public:
  explicit Served(Entry entry) {
    size_t size = 1;
    for (const Dim dim : dims_of(entry)) {
      if (dim == Dim::kArch) continue;
      strides_[static_cast<size_t>(dim)] = size;
      size *= values_of(dim).size();
    }
    served_.resize(size);
  }
  void set(const Request& request) { served_[at(request)] = true; }

  std::vector<Dim> remedies(const Request& request) const {
    for (const std::vector<Dim>& dims : kRemedies) {
      std::vector<Dim> found;
      for (const Dim dim : dims) {
        if (served_with_another(request, dim)) found.push_back(dim);
      }
      if (!found.empty()) return found;
    }
    return {};
  }

 private:
  bool served_with_another(const Request& request, Dim dim) const {
    const size_t stride = strides_[static_cast<size_t>(dim)];
    if (stride == 0) return false;
    const size_t first = at(request) - request.index(dim) * stride;
    for (size_t i = 0; i < values_of(dim).size(); ++i) {
      if (served_[first + i * stride]) return true;
    }
    return false;
  }

  size_t at(const Request& request) const {
    size_t index = 0;
    for (size_t dim = 0; dim < kDims; ++dim) index += request.at[dim] * strides_[dim];
    return index;
  }

  std::array<size_t, kDims> strides_ = {};  ///< 0: no dimension of the entry
  std::vector<bool> served_;
};

struct NoKernelKey {
  std::string why;
  std::vector<Dim> remedies;
  auto operator<=>(const NoKernelKey&) const = default;
};

// ---- what a walk over all requests collects

struct Misrouted : Group {
  std::set<std::string> with_manifest;
  std::map<std::pair<const Manifest*, std::string>, Box> runnable;

  /// `manifest` may be null; `only`: there is no other objection.
  void add(const Request& request, const KernelRow& row, bool only, const Manifest* manifest) {
    Group::add(request, path_of(row));
    if (manifest == nullptr) return;
    with_manifest.insert(path_of(row));
    if (!only) return;
    const auto [it, is_new] = runnable.emplace(std::pair(manifest, row.arch), Box(request));
    if (!is_new) it->second.add(request);
  }
};

struct Collected {
  std::map<Objection, Misrouted> misrouted;
  std::map<std::vector<const KernelRow*>, Group> ambiguous;
  std::map<NoKernelKey, Group> no_kernel;
  Group lse_unwritten;
};

class Audit {
 public:
  Audit(const std::string& folder, const Tables& tables, const std::vector<std::string>& of_arches,
        const ManifestIndex& manifests)
      : folder_(folder), tables_(tables), arches_(of_arches), manifests_(manifests) {}

  Report run() {
    for (const KernelRow& row : tables_.rows) {
      if (!audited(row)) continue;
      ++report_.rows;
      if (!manifests_.of(row).empty()) ++report_.rows_with_manifest;
    }
    for (const Entry entry : entries(tables_.op)) walk(entry);
    dead_rows();
    bad_rows();
    unnamed();
    return std::move(report_);
  }

 private:
  bool audited(const KernelRow& row) const {
    return std::find(arches_.begin(), arches_.end(), row.arch) != arches_.end();
  }

  void walk(Entry entry) {
    // What mla_decode_stage1_asm_fwd alone can be asked for is looked at for dead rows only.
    const bool inner = entry == Entry::kMlaDecodeStage1;
    Collected collected;
    for (const std::string& arch : arches_) {
      if (tables_.of_arch(arch).empty()) continue;
      Served served(entry);
      std::vector<std::pair<Request, const char*>> aborted;
      for_each_request(entry, arch, [&](const Request& request) {
        const Selection selection = select(tables_, request);
        for (const KernelRow* row : selection.rows) (inner ? inner_ : reached_).insert(row);
        if (inner) return;
        ++report_.requests;
        if (selection.rows.empty()) {
          aborted.emplace_back(request, selection.abort);
          return;
        }
        ++report_.served;
        served.set(request);
        collect(request, selection, collected);
      });
      for (const auto& [request, why] : aborted) {
        const std::vector<Dim> remedies = served.remedies(request);
        if (!remedies.empty()) collected.no_kernel[{why, remedies}].add(request, "");
      }
    }
    tell(entry, collected);
  }

  /// Whether the objections, of rows and manifests, are to one thing only.
  static bool one_thing(const std::vector<Objection>& all) {
    return std::all_of(all.begin(), all.end(),
                       [&](const Objection& other) { return other.dim == all.front().dim; });
  }

  /// Whether the row's kernel has a use for where the final LSE goes.
  bool knows_lse(const KernelRow& row) {
    constexpr uint32_t kLsep = 0x130;  // offset in the block of kernel arguments
    const auto [it, is_new] = knows_lse_.emplace(&row, false);
    if (is_new) it->second = row.lse != 0 || loads_offset(folder_, row, kLsep);
    return it->second;
  }

  void collect(const Request& request, const Selection& selection, Collected& collected) {
    for (const KernelRow* row : selection.rows) {
      const std::vector<Objection> all = objections(*row, request, selection.heads, manifests_);
      for (const Objection& objection : all) {
        collected.misrouted[objection].add(request, *row, one_thing(all), manifests_.main_of(*row));
      }
    }
    if (selection.rows.size() > 1) {
      for (const KernelRow* row : selection.rows)
        collected.ambiguous[selection.rows].add(request, path_of(*row));
    }
    if (selection.lse_unwritten) {
      for (const KernelRow* row : selection.rows) {
        if (!knows_lse(*row)) collected.lse_unwritten.add(request, path_of(*row));
      }
    }
  }

  void tell(Entry entry, Collected& collected) {
    for (auto& [objection, group] : collected.misrouted) {
      Finding finding = finding_of(Kind::kMisrouted, entry, group);
      const Dim dim = objection.dim;
      finding.text = fmt::format(
          "asks for {}, gets a kernel of {}",
          dim == Dim::kTypes ? "a uint8 cache"
                             : fmt::format("{} {}", values_of(dim).name,
                                           values_text(dim, asked_values(finding.boxes, dim))),
          objection.claimed);
      finding.objection = objection;
      finding.with_manifest = group.with_manifest.size();
      for (const auto& [use, box] : group.runnable)
        finding.runnable.push_back({use.first, use.second, box});
      std::sort(finding.runnable.begin(), finding.runnable.end(),
                [](const Runnable& a, const Runnable& b) {
                  return std::tie(a.manifest->kernel, a.arch) <
                         std::tie(b.manifest->kernel, b.arch);
                });
      report_.findings.push_back(std::move(finding));
    }
    for (auto& [rows, group] : collected.ambiguous) {
      Finding finding = finding_of(Kind::kAmbiguous, entry, group);
      finding.text = ambiguity(rows);
      report_.findings.push_back(std::move(finding));
    }
    for (auto& [key, group] : collected.no_kernel) {
      Finding finding = finding_of(Kind::kNoKernel, entry, group);
      std::vector<std::string> names;
      for (const Dim dim : key.remedies) names.emplace_back(values_of(dim).name);
      finding.text = fmt::format("aborts ({}), and does not with another {}", key.why,
                                 fmt::join(names, ", or another "));
      report_.findings.push_back(std::move(finding));
    }
    if (!collected.lse_unwritten.requests.empty()) {
      Finding finding = finding_of(Kind::kLseUnwritten, entry, collected.lse_unwritten);
      finding.text =
          "asks for the LSE; the call returns before the second stage, and the kernel does not "
          "load "
          "the pointer to it: what comes back is the buffer as it was allocated";
      report_.findings.push_back(std::move(finding));
    }
  }

  std::string ambiguity(const std::vector<const KernelRow*>& rows) const {
    std::vector<std::string> names;
    for (const KernelRow* row : rows)
      names.push_back(fmt::format("{} (line {}{})", row->name(), row->line,
                                  row->op == "pa" ? fmt::format(", Hp {}", row->hp) : ""));
    const std::string& arch = rows.front()->arch;
    std::vector<std::vector<std::string>> builds = {{arch}};
    if (arches().size() == 2) {
      builds.push_back(arches());
      builds.push_back({arches()[1], arches()[0]});
    }
    std::string picks;
    for (const auto& build : builds) {
      if (const KernelRow* first = tables_.first_in_map(rows, build)) {
        picks += fmt::format("{}{} when built for {}", picks.empty() ? "" : ", ", first->name(),
                             fmt::join(build, " then "));
      }
    }
    return fmt::format("{} rows fit: {}; the map's order decides, and with this libstdc++ it is {}",
                       rows.size(), fmt::join(names, ", "), picks);
  }

  void dead_rows() {
    std::map<std::pair<std::string, std::string>, std::vector<const KernelRow*>> groups;
    for (const KernelRow& row : tables_.rows) {
      if (!audited(row) || reached_.contains(&row)) continue;
      groups[{row.arch, inner_.contains(&row)
                            ? "is reached by mla_decode_stage1_asm_fwd called by itself only"
                            : "no request selects it: " + why_dead(row)}]
          .push_back(&row);
    }
    for (const auto& [key, rows] : groups) {
      const auto& [arch, why] = key;
      add_rows(Kind::kDeadRow, why, rows);
    }
  }

  static std::string why_dead(const KernelRow& row) {
    if (row.op == "pa" && row.mtp != 0 && row.msk == 0)
      return "Msk 0 is only looked for with Mtp 0";
    if (row.op == "mla" && row.prefill != 0) return "the host refuses this prefill";
    if (row.op == "mla" && row.causal == 0 && row.qlen == 1)
      return "one query token is always looked up with causal 1";
    return fmt::format("its key is never looked for");
  }

  void bad_rows() {
    std::map<std::tuple<std::string, ObjectFault::Kind>, std::vector<const KernelRow*>> groups;
    std::map<const KernelRow*, std::string> details;
    for (const ObjectFault& fault : object_faults(folder_, tables_)) {
      if (!audited(*fault.row)) continue;
      groups[{fault.row->arch, fault.kind}].push_back(fault.row);
      details[fault.row] = fault.detail;
    }
    for (const auto& [key, rows] : groups) {
      const KernelRow& first = *rows.front();
      std::string why;
      switch (std::get<1>(key)) {
        case ObjectFault::Kind::kMissingFile:
          why = "its code object is not there";
          break;
        case ObjectFault::Kind::kUnreadable:
          why = "its code object cannot be read: " + details[&first];
          break;
        case ObjectFault::Kind::kOtherArch:
          why = "its code object is of " + details[&first];
          break;
        case ObjectFault::Kind::kOtherSymbol:
          why = fmt::format("knl_name {}: {}", first.symbol, details[&first]);
          break;
        case ObjectFault::Kind::kKeyTaken:
          why = "never enters the host's map: " + details[&first];
          break;
      }
      add_rows(Kind::kBadRow, why, rows);
    }
  }

  void add_rows(Kind kind, const std::string& why, const std::vector<const KernelRow*>& rows) {
    Finding finding;
    finding.kind = kind;
    finding.text = why;
    finding.count = rows.size();
    for (const KernelRow* row : rows)
      finding.kernels.push_back(fmt::format("{} (line {})", path_of(*row), row->line));
    report_.findings.push_back(std::move(finding));
  }

  void unnamed() {
    std::map<std::string, std::vector<std::string>> by_arch;
    for (const std::string& file : unnamed_files(folder_, tables_)) {
      const std::string arch = file.substr(0, file.find('/'));
      if (std::find(arches_.begin(), arches_.end(), arch) != arches_.end())
        by_arch[arch].push_back(file);
    }
    for (auto& [arch, files] : by_arch) {
      Finding finding;
      finding.kind = Kind::kUnnamedFile;
      finding.text = "no row names it";
      finding.count = files.size();
      finding.kernels = std::move(files);
      report_.findings.push_back(std::move(finding));
    }
  }

  const std::string& folder_;
  const Tables& tables_;
  const std::vector<std::string>& arches_;
  const ManifestIndex& manifests_;
  std::set<const KernelRow*> reached_, inner_;
  std::map<const KernelRow*, bool> knows_lse_;
  Report report_;
};

}  // namespace

bool Trial::confirmed() const {
  if (wrong == 0 || claimed_cases == 0) return false;
  if (claimed_wrong == 0 && wrong >= 3) return true;
  const auto share = [](uint64_t part, uint64_t of) {
    return static_cast<double>(part) / static_cast<double>(of);
  };
  return share(wrong, cases) >= 0.25 + 2 * share(claimed_wrong, claimed_cases);
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::kMisrouted:
      return "misrouted";
    case Kind::kAmbiguous:
      return "ambiguous";
    case Kind::kNoKernel:
      return "no_kernel";
    case Kind::kLseUnwritten:
      return "lse_unwritten";
    case Kind::kDeadRow:
      return "dead_row";
    case Kind::kBadRow:
      return "bad_row";
    case Kind::kUnnamedFile:
      break;
  }
  return "unnamed_file";
}

Report audit(const std::string& folder, const Tables& tables,
             const std::vector<std::string>& of_arches, const ManifestIndex& manifests) {
  return Audit(folder, tables, of_arches, manifests).run();
}

}  // namespace wavefuzz::audit
