#include "fuzz/judge/corpus.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gpu/error.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

constexpr int kFormat = 1;

[[noreturn]] void fail_write(const std::string& path) {
  throw Error(Exit::kInternal,
              fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
}

}  // namespace

std::string corpus_text(const CorpusEntry& entry) {
  nlohmann::ordered_json json = {
      {"wavefuzz_corpus", kFormat}, {"signature", entry.signature}, {"message", entry.message}};
  if (!entry.history.empty()) json["history"] = entry.history;
  json["case"] = to_json(entry.c);
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string finding_file(const Case& drawn) {
  std::string target = drawn.target;
  std::replace(target.begin(), target.end(), ':', '-');
  return fmt::format("{}.{}.{}.json", kernel_name(drawn), target, case_id(drawn));
}

Case read_case(const JsonView& view) {
  if (!view.has("wavefuzz_corpus")) return parse_case(view);
  if (const JsonView format = view.at("wavefuzz_corpus"); format.integer() != kFormat) {
    format.fail(fmt::format("must be {}", kFormat));
  }
  return parse_case(view.at("case"));
}

CorpusEntry read_corpus_file(const std::string& path) {
  const nlohmann::json json = load_json(path);
  const JsonView view(json, path);
  view.allow_only({"wavefuzz_corpus", "signature", "message", "history", "case"});
  view.at("wavefuzz_corpus");
  Case c = read_case(view);
  if (!names_a_kind(view.at("signature").text()))
    view.at("signature").fail("must begin with a kind of finding");
  return {std::move(c), view.at("signature").text(), view.at("message").text(),
          view.has("history") ? view.at("history").text() : ""};
}

void write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  if (fs::path(path).has_parent_path()) fs::create_directories(fs::path(path).parent_path(), error);
  const std::string partial = fmt::format("{}.{}.partial", path, getpid());
  const int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) fail_write(path);
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  // A full disk may show only when the bytes are forced out.
  const bool stored = done == text.size() && fsync(file) == 0;
  const int reason = errno;
  close(file);
  if (!stored || rename(partial.c_str(), path.c_str()) != 0) {
    if (!stored) errno = reason;
    const int first = errno;
    unlink(partial.c_str());
    errno = first;
    fail_write(path);
  }
}

std::vector<std::string> corpus_files(const std::string& folder_or_file) {
  std::error_code error;
  if (fs::is_regular_file(folder_or_file, error)) return {folder_or_file};
  std::vector<std::string> files;
  for (auto it = fs::recursive_directory_iterator(
           folder_or_file, fs::directory_options::follow_directory_symlink, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory() && it->path().filename().string().starts_with("scenarios")) {
      it.disable_recursion_pending();  // cases by the dozen, in a form of their own
      continue;
    }
    if (it->path().filename() == "ledger.json") continue;  // names failures, is none
    if (it->path().extension() == ".json") files.push_back(it->path().string());
  }
  if (error) throw Error(Exit::kUsage, fmt::format("{}: {}", folder_or_file, error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace wavefuzz
