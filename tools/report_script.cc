#include "tools/report_page.h"

namespace plgraph {

const std::string_view kReportScript = R"js(
"use strict";
const runs = JSON.parse(document.getElementById("data").textContent);
const logBox = document.getElementById("log");
const color = run => `var(--c${run % 6})`;
const short = v => v === 0 ? "0" : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(1) : String(+v.toPrecision(4));

// The curves of one measure: of each run what training and what evaluations gave.
function seriesOf(key) {
  const all = [];
  runs.forEach((run, index) => {
    for (const evaluation of [false, true]) {
      const field = (evaluation ? "evaluation_" : "") + key;
      const points = run.lines.filter(l => typeof l[field] === "number").map(l => [l.episode, l[field]]);
      if (points.length) all.push({run: index, evaluation, points});
    }
  });
  return all;
}
function element(name, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) made.setAttribute(k, v);
  parent.append(made);
  return made;
}
// About `count` round numbers between two others.
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= 0.7 * raw);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) found.push(+(i * step).toPrecision(12));
  return found;
}
function logTicks(low, high) {
  const found = [];
  const each = Math.max(1, Math.ceil((high - low) / 5));
  for (let p = Math.ceil(low - 1e-9); p <= high + 1e-9; p += each) found.push(p);
  return found.length > 1 ? found : ticks(low, high, 4);
}
function extent(numbers) {
  let low = Infinity, high = -Infinity;
  for (const n of numbers) { low = Math.min(low, n); high = Math.max(high, n); }
  return low < high ? [low, high] : [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
}
function draw(figure, series) {
  figure.querySelector("svg")?.remove();
  figure.querySelector(".tip").hidden = true;
  const width = figure.clientWidth - 24, height = 260, left = 58, right = 10, top = 10, bottom = 26;
  const log = logBox.checked;
  const shown = series.map(s => ({...s, points: log ? s.points.filter(p => p[1] > 0) : s.points}));
  const scale = v => log ? Math.log10(v) : v;
  const ys = shown.flatMap(s => s.points.map(p => scale(p[1])));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", figure.dataset.key + " over training episodes");
  figure.querySelector("figcaption").after(svg);
  if (!ys.length) { element("text", {x: left, y: height / 2}, svg).textContent = "no positive value"; return null; }
  const [x0, x1] = extent(shown.flatMap(s => s.points.map(p => p[0])));
  let [y0, y1] = extent(ys);
  if (!log && y0 > 0 && y0 < 0.3 * y1) y0 = 0;
  const X = v => left + (v - x0) / (x1 - x0) * (width - left - right);
  const Y = v => height - bottom - (scale(v) - y0) / (y1 - y0) * (height - top - bottom);
  for (const t of log ? logTicks(y0, y1) : ticks(y0, y1, 5)) {
    const y = height - bottom - (t - y0) / (y1 - y0) * (height - top - bottom);
    element("line", {class: "grid", x1: left, x2: width - right, y1: y, y2: y}, svg);
    element("text", {x: left - 6, y: y + 4, "text-anchor": "end"}, svg).textContent = short(log ? 10 ** t : t);
  }
  for (const t of ticks(x0, x1, Math.max(2, Math.floor(width / 110)))) {
    if (!Number.isInteger(t)) continue;
    element("text", {x: X(t), y: height - 8, "text-anchor": "middle"}, svg).textContent = t.toLocaleString("en");
  }
  for (const s of shown) {
    if (!s.points.length) continue;
    const pale = !s.evaluation && series.some(o => o.evaluation && o.run === s.run);
    const d = s.points.map((p, i) => `${i ? "L" : "M"}${X(p[0]).toFixed(1)} ${Y(p[1]).toFixed(1)}`).join("");
    element("path", {class: pale ? "curve pale" : "curve", d, style: `stroke:${color(s.run)}`}, svg);
    if (!s.evaluation && s.points.length > 1) continue;
    for (const p of s.points) element("circle", {cx: X(p[0]), cy: Y(p[1]), r: 3, style: `fill:${color(s.run)}`}, svg);
  }
  return {svg, shown, X, left, right, top, bottom, width, height, x0, x1};
}
function hover(figure, chart) {
  const tip = figure.querySelector(".tip");
  const guide = element("line", {class: "guide", y1: chart.top, y2: chart.height - chart.bottom, visibility: "hidden"}, chart.svg);
  const hide = () => { tip.hidden = true; guide.setAttribute("visibility", "hidden"); };
  chart.svg.addEventListener("pointerleave", hide);
  chart.svg.addEventListener("pointermove", event => {
    const box = chart.svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * chart.width;
    const x = chart.x0 + (at - chart.left) / (chart.width - chart.left - chart.right) * (chart.x1 - chart.x0);
    const nearest = s => s.points.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    const found = chart.shown.filter(s => s.points.length).map(s => [s, nearest(s)]);
    const main = found.reduce((a, b) => Math.abs(b[1][0] - x) < Math.abs(a[1][0] - x) ? b : a)[1][0];
    guide.setAttribute("visibility", "visible");
    guide.setAttribute("x1", chart.X(main));
    guide.setAttribute("x2", chart.X(main));
    tip.replaceChildren();
    for (const [s, p] of found) {
      const line = document.createElement("div"), dot = document.createElement("i");
      dot.className = `dot c${s.run % 6}`;
      const which = (runs.length > 1 ? runs[s.run].name + ", " : "") + (s.evaluation ? "evaluation" : "training");
      line.append(dot, `${which} at ${p[0].toLocaleString("en")}: ${+p[1].toPrecision(6)}`);
      tip.append(line);
    }
    tip.hidden = false;
    const place = chart.X(main) / chart.width * box.width + 12;
    tip.style.top = "44px";
    tip.style.left = (place < box.width / 2 ? place + 10 : Math.max(0, place - tip.offsetWidth - 10)) + "px";
  });
}
const charts = [...document.querySelectorAll(".charts figure")].map(figure => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const legend = document.createElement("div");
  legend.className = "legend";
  const series = seriesOf(figure.dataset.key);
  for (const index of new Set(series.map(s => s.run))) {
    const name = document.createElement("span"), dot = document.createElement("i");
    dot.className = `dot c${index % 6}`;
    name.append(dot, runs[index].name);
    if (runs.length > 1) legend.append(name);
  }
  figure.append(legend, tip);
  return {figure, series};
});
function drawAll() {
  for (const {figure, series} of charts) {
    const chart = draw(figure, series);
    if (chart) hover(figure, chart);
  }
}
logBox.addEventListener("change", drawAll);
addEventListener("resize", drawAll);
drawAll();
)js";

}  // namespace plgraph
