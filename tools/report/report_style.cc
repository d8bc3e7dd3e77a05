#include "tools/report/report_page.h"

namespace plgraph {

const std::string_view kReportStyle = R"css(
:root { color-scheme: light dark; --ground: #fbfbfa; --card: #ffffff; --text: #1d2126; --faint: #626a73;
  --line: #dcdfe3; --c0: #0067b1; --c1: #d9480f; --c2: #0f7b4d; --c3: #9a3a9a; --c4: #8a6a00; --c5: #e0245e;
  --c6: #0b8a9e; --c7: #6b4a2f; --c8: #4b3fc4; --c9: #6c757d; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --card: #1c2024; --text: #e4e7ea; --faint: #9aa3ac; --line: #343a41;
    --c0: #5ab0f2; --c1: #ff9b63; --c2: #55cf96; --c3: #d891d8; --c4: #dcb94c; --c5: #ff6f91;
    --c6: #4dd0e1; --c7: #c9a27e; --c8: #a59bff; --c9: #b0b8bf; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 24px; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 36px 0 10px; }
h3 { font-size: 15px; margin: 20px 0 8px; overflow-wrap: anywhere; }
h4 { font-size: 15px; margin: 0; }
small { color: var(--faint); font-size: 12px; }
.tools { color: var(--faint); margin: 0 0 10px; display: flex; flex-wrap: wrap; gap: 4px 16px; }
.tools label { color: var(--text); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px; }
figcaption { font-weight: 600; overflow-wrap: anywhere; }
.charts { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); }
.charts figure { position: relative; min-width: 0; }
.plot { display: block; width: 100%; height: 260px; touch-action: pan-y; }
.charts text { fill: var(--faint); font-size: 12px; }
.grid { stroke: var(--line); } .guide { stroke: var(--faint); stroke-dasharray: 3 3; }
.curve { fill: none; stroke-width: 1.5; } .pale { opacity: 0.4; }
.tip { position: absolute; pointer-events: none; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: 6px 9px; font-size: 12px; box-shadow: 0 2px 8px #0003; max-width: 85%; z-index: 1; }
.tip div { overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12px; color: var(--faint); }
.key { width: 26px; height: 8px; margin-right: 6px; stroke-width: 2.5; fill: none; flex: none; }
.legend span, .tip div { display: flex; align-items: center; }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); }
.c5 { --c: var(--c5); } .c6 { --c: var(--c6); } .c7 { --c: var(--c7); } .c8 { --c: var(--c8); } .c9 { --c: var(--c9); }
.curve, .key, .end { stroke: var(--c); } .charts circle { fill: var(--c); } .end { stroke-width: 4; }
.d1 { stroke-dasharray: 6 3; } .d2 { stroke-dasharray: 2 2; } .d3 { stroke-dasharray: 9 3 2 3; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 6px 12px; border-top: 1px solid var(--line); }
thead tr > * { border-top: 0; overflow-wrap: anywhere; min-width: 110px; }
tbody th { font-weight: 400; color: var(--faint); overflow-wrap: anywhere; min-width: 150px; }
tbody th[colspan] { color: var(--text); font-weight: 600; padding-top: 14px; }
td small { display: block; }
.pictures { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
.pictures figure { max-width: 100%; }
img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; margin-bottom: 8px; }
.phases { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
.phases section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px; min-width: 0; }
.phases p { margin: 0 0 6px; color: var(--faint); font-size: 13px; }
ol { margin: 0; padding-left: 24px; } li { overflow-wrap: anywhere; }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
details { margin-top: 12px; } summary { cursor: pointer; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px; }
)css";

}  // namespace plgraph
