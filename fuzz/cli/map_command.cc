#include <fmt/format.h>

#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/failing_case.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/search/boundary.h"
#include "fuzz/search/verdict_map.h"

namespace wavefuzz {
namespace {

// More columns than a terminal has would wrap.
constexpr size_t kTextColumns = 96, kTextRows = 48;
constexpr size_t kPictureColumns = 512, kPictureRows = 512;

struct MapOptions : CaseArguments {
  std::string axes, svg, png;
};

void declare(CLI::App& app, MapOptions& options) {
  add_kernels(app, options);
  app.add_option("file", options.file, "Case or corpus file")->required();
  add_threads(app, options);
  app.add_option("--axes", options.axes, "NAME:FIRST..LAST[,NAME:FIRST..LAST]: across, down")
      ->required();
  app.add_option("--svg", options.svg, "Write an SVG picture there, not text");
  app.add_option("--png", options.png, "Write a PNG picture there, not text");
}

Exit map(const MapOptions& options) {
  const std::vector<AxisRange> ranges = parse_axes(options.axes);
  const Harness harness = make_harness(options);
  Exit exit = Exit::kClean;
  const auto failing = failing_case(harness, options, exit);
  if (!failing) return exit;
  const auto& [c, verdict] = *failing;
  const std::string wanted = signature(verdict);
  const Case base = boundary_base(harness, c, wanted);
  const bool picture = !options.svg.empty() || !options.png.empty() || options.json;
  const VerdictMap map = draw_map(harness, base, wanted, ranges,
                                  {.columns = picture ? kPictureColumns : kTextColumns,
                                   .rows = picture ? kPictureRows : kTextRows},
                                  options.threads, interrupted);
  if (interrupted) return Exit::kFindings;
  if (!options.svg.empty()) write_file(user_path(options.svg), svg_of(map));
  if (!options.png.empty()) write_file(user_path(options.png), png_of(map));
  if (options.json) {
    nlohmann::ordered_json json = {
        {"kernel", kernel_name(c)}, {"target", c.target}, {"signature", wanted}};
    json.update(to_json(map));
    std::cout << json.dump(1) << "\n";
  }
  if (!picture) fmt::print("{}", text_of(map));
  return Exit::kFindings;
}

}  // namespace

void add_map_command(CLI::App& app, Session& session) {
  add_command(app, session, "map",
              "Draw the verdicts of a failing case moved along one or two axes", declare, map);
}

}  // namespace wavefuzz
