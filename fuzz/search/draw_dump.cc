// Prints a hash of each drawn case with all of its parameters.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#ifdef OLD
#include "fuzz/campaign.h"
#include "fuzz/harness.h"
#else
#include "fuzz/search/campaign.h"
#include "fuzz/search/harness.h"
#endif
using namespace wavefuzz;
int main(int argc, char** argv) {
  std::vector<std::string> files;
  for (auto& e : std::filesystem::directory_iterator("gpu/manifests"))
    if (e.path().extension() == ".json") files.push_back(e.path().string());
  std::sort(files.begin(), files.end());
  Harness h(files, Roots("."), {});
  const uint64_t seed = std::atoll(argv[1]);
  const uint64_t n = std::atoll(argv[2]);
  for (const Job& job : h.jobs({argc > 3 ? argv[3] : "right"}, {"all"})) {
    for (uint64_t i = 0; i < n; ++i) {
      std::string t;
      try {
        Case c = h.draw(job, seed, i).value();
        for (auto& [k, v] : c.params.values()) { t += k + "="; std::visit([&](const auto& x) { if constexpr (std::is_same_v<std::decay_t<decltype(x)>, std::string>) t += x; else t += std::to_string(x); }, v); t += ";"; }
        for (auto& [k, v] : c.integers) { t += k; for (auto x : v) t += "," + std::to_string(x); }
        auto row = [&](const RowRecipe& r) { t += "|" + r.fill + std::to_string(r.exponent); for (auto& [a, b] : r.set) t += ":" + std::to_string(a) + "=" + std::to_string(b); };
        for (auto& [k, v] : c.rows) { t += k; for (auto& r : v) row(r); }
        for (auto& [k, v] : c.special) { t += k; for (auto& [i2, r] : v) { t += std::to_string(i2); row(r); } }
        t += std::to_string(c.seed);
      } catch (const std::exception& e) { t = e.what(); }
      std::printf("%s %s %lu %016lx", job.kernel.c_str(), job.target.c_str(), i, stable_hash(t));
      if (argc > 4) std::printf(" %s", t.c_str());
      std::printf("\n");
    }
  }
}
