#include "fuzz/report/html_parts.h"

namespace wavefuzz {

const char* const kStyle = R"css(
:root { color-scheme: light dark;
  --back: #ffffff; --panel: #f5f6f8; --line: #d9dde3; --text: #1c2025; --muted: #5b6470;
  --bad: #b3261e; --good: #1a7f37; --link: #0b57a4; --mark: #fff1c2; }
@media (prefers-color-scheme: dark) { :root {
  --back: #111418; --panel: #191e24; --line: #2d343d; --text: #e2e6eb; --muted: #9aa4b0;
  --bad: #ff8f85; --good: #74cf86; --link: #86bdff; --mark: #4a3c10; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 600; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .75rem; padding-bottom: .35rem;
  border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.over { color: var(--muted); font-size: .875rem; margin: 0 0 .25rem; }
.lead { color: var(--muted); margin: .4rem 0 0; }
.muted { color: var(--muted); }
.bad { color: var(--bad); }
.good { color: var(--good); }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono",
  monospace; }
pre { margin: .4rem 0; padding: .55rem .75rem; background: var(--panel); border-radius: 6px;
  overflow-x: auto; }
code { overflow-wrap: anywhere; }
pre code, td code { overflow-wrap: normal; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
  gap: .75rem 1.25rem; margin: 1.25rem 0 0; }
.facts dt { color: var(--muted); font-size: .8125rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: 1.25rem; }
.scroll { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--muted); font-weight: 500; font-size: .8125rem; white-space: normal; }
table.few { width: auto; }
.dense th, .dense td { padding-right: .5rem; }
tbody tr:last-child td { border-bottom: 0; }
td.wrap { white-space: normal; min-width: 16rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; width: 4rem; height: .45rem; margin-right: .5rem;
  background: var(--line); border-radius: 2px; overflow: hidden; }
.percent { display: inline-block; min-width: 3.6rem; }
.bar span { display: block; height: 100%; background: var(--muted); }
article { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; margin: 1rem 0; }
article > h3 { overflow-wrap: anywhere; }
h3 code { font-size: 1rem; }
.kernel { color: var(--muted); overflow-wrap: anywhere; margin: .1rem 0 .5rem; }
.what { overflow-wrap: anywhere; }
.row { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: 0 .75rem; margin: .35rem 0; }
.row > :first-child { color: var(--muted); font-size: .875rem; padding-top: .05rem; }
.row > pre:last-child { margin: 0; }
.row > :last-child { overflow-wrap: anywhere; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--link); width: fit-content; max-width: 100%;
  overflow-wrap: anywhere; }
details > :not(summary) { margin-left: 0; }
figure { margin: .6rem 0; }
figure img { display: block; image-rendering: pixelated; border: 1px solid var(--line); }
figure img.map { max-width: 100%; height: auto; image-rendering: auto; }
figcaption { margin-bottom: .4rem; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1rem; margin: .4rem 0; font-size: .8125rem;
  color: var(--muted); padding: 0; list-style: none; }
.legend i { display: inline-block; width: .75rem; height: .75rem; margin-right: .35rem;
  border-radius: 2px; vertical-align: -1px; }
.listing span { display: block; }
.listing .here { background: var(--mark); }
.trends { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1.25rem; }
.trend svg { display: block; width: 100%; height: 4rem; overflow: visible; }
.trend strong { font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
footer { margin-top: 3rem; color: var(--muted); font-size: .8125rem; }
@media (max-width: 36rem) {
  main { padding: 1rem .9rem 3rem; }
  h1 { font-size: 1.4rem; }
  .row { grid-template-columns: minmax(0, 1fr); }
  article { padding: .75rem .8rem; }
  th { white-space: nowrap; }
  td.name { white-space: normal; min-width: 11rem; }
}
)css";

}  // namespace wavefuzz
