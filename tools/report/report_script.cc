#include "tools/report/report_page.h"

namespace plgraph {

const std::string_view kReportScript = R"js(
"use strict";
const runs = JSON.parse(document.getElementById("data").textContent);
const logBox = document.getElementById("log");
const look = run => `c${run % 10} d${Math.floor(run / 10) % 4}`;
const short = v => v === 0 ? "0" : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(1) : String(+v.toPrecision(4));

// The curves of one measure: of each run what training and what evaluations gave. What was not finite is null.
function seriesOf(key) {
  const all = [];
  runs.forEach((run, index) => {
    for (const evaluation of [false, true]) {
      const field = (evaluation ? "evaluation_" : "") + key;
      const points = run.lines.filter(l => Object.hasOwn(l, field))
        .map(l => [l.episode, typeof l[field] === "number" ? l[field] : null]);
      if (points.some(p => p[1] !== null)) all.push({run: index, evaluation, points});
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
  const each = Math.max(1, Math.ceil((high - low) / 5)), factors = high - low < 2 ? [1, 2, 5] : [1];
  const found = [];
  for (let p = Math.floor(low); p <= high; p += each) found.push(...factors.map(f => p + Math.log10(f)));
  const inside = found.filter(t => low - 1e-9 <= t && t <= high + 1e-9);
  return inside.length > 1 ? inside : ticks(low, high, 4);
}
function extent(numbers) {
  let low = Infinity, high = -Infinity;
  for (const n of numbers) { low = Math.min(low, n); high = Math.max(high, n); }
  return low < high ? [low, high] : [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
}
// The values between two that are not finite: curves end there.
function pieces(points) {
  const all = [[]];
  for (const p of points) p[1] === null ? all.push([]) : all.at(-1).push(p);
  return all.filter(piece => piece.length);
}
// What is seen of many points: of those at one pixel the first, the least, the greatest and the last.
function thinned(points, X, width) {
  if (points.length < 4 * width) return points;
  const kept = [];
  for (let begin = 0, end; begin < points.length; begin = end) {
    const pixel = Math.round(X(points[begin][0]));
    let least = begin, most = begin;
    for (end = begin; end < points.length && Math.round(X(points[end][0])) === pixel; ++end) {
      if (points[end][1] < points[least][1]) least = end;
      if (points[end][1] > points[most][1]) most = end;
    }
    for (const i of [...new Set([begin, least, most, end - 1])].sort((a, b) => a - b)) kept.push(points[i]);
  }
  return kept;
}
// The range of the axis, and its ticks as [place, text]. What has no logarithm is drawn at the floor, below all others.
function axisOf(values, log) {
  if (!log) {
    let [low, high] = extent(values);
    if (low > 0 && low < 0.3 * high) low = 0;
    return {low, high, scale: v => v, ticks: ticks(low, high, 5).map(t => [t, short(t)])};
  }
  const positive = values.filter(v => v > 0).map(Math.log10);
  let [low, high] = positive.length ? extent(positive) : [0, 1];
  const marks = logTicks(low, high).map(t => [t, short(10 ** t)]);
  const least = values.reduce((a, b) => Math.min(a, b), 1);
  if (least <= 0) {
    low -= 0.12 * (high - low);
    marks.unshift([low, least < 0 ? "\u2264 0" : "0"]);
  }
  const floor = low;
  return {low, high, scale: v => v > 0 ? Math.log10(v) : floor, ticks: marks};
}
function drawSeries(svg, s, X, Y, pale, width) {
  const style = `${look(s.run)}${pale ? " pale" : ""}`;
  for (const piece of pieces(s.points)) {
    const shown = thinned(piece, X, width);
    const d = shown.map((p, i) => `${i ? "L" : "M"}${X(p[0]).toFixed(1)} ${Y(p[1]).toFixed(1)}`).join("");
    element("path", {class: `curve ${style}`, d}, svg);
    if (!s.evaluation && piece.length > 1) continue;
    for (const p of shown) element("circle", {class: style, cx: X(p[0]), cy: Y(p[1]), r: 3}, svg);
  }
}
// Where runs were stopped: marks on the axis, those at one place on top of each other.
function drawEnds(svg, series, X, bottom) {
  const marks = new Map();
  for (const run of new Set(series.map(s => s.run))) {
    const {name, stopped} = runs[run];
    if (stopped === undefined) continue;
    const below = marks.get(stopped) ?? 0, x = X(stopped), y = bottom - 9 * below;
    marks.set(stopped, below + 1);
    const mark = element("line", {class: `end ${look(run)}`, x1: x, x2: x, y1: y - 8, y2: y}, svg);
    element("title", {}, mark).textContent = `${name} was stopped after episode ${stopped.toLocaleString("en")}`;
  }
}
function draw(figure, series) {
  figure.querySelector("svg.plot")?.remove();
  figure.querySelector(".tip").hidden = true;
  const width = figure.clientWidth - 24, height = 260, left = 58, right = 24, top = 10, bottom = 26;
  const values = series.flatMap(s => s.points.map(p => p[1])).filter(v => v !== null);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "plot");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", figure.dataset.key + " over training episodes");
  figure.querySelector("figcaption").after(svg);
  if (!values.length) { element("text", {x: left, y: height / 2}, svg).textContent = "no finite value"; return null; }
  const ends = series.map(s => runs[s.run].stopped).filter(e => e !== undefined);
  const [x0, x1] = extent(series.flatMap(s => s.points.map(p => p[0])).concat(ends));
  const axis = axisOf(values, logBox.checked);
  const X = v => left + (v - x0) / (x1 - x0) * (width - left - right);
  const place = t => height - bottom - (t - axis.low) / (axis.high - axis.low) * (height - top - bottom);
  for (const [t, text] of axis.ticks) {
    element("line", {class: "grid", x1: left, x2: width - right, y1: place(t), y2: place(t)}, svg);
    element("text", {x: left - 6, y: place(t) + 4, "text-anchor": "end"}, svg).textContent = text;
  }
  for (const t of ticks(x0, x1, Math.max(2, Math.floor(width / 110)))) {
    if (!Number.isInteger(t)) continue;
    element("text", {x: X(t), y: height - 8, "text-anchor": "middle"}, svg).textContent = t.toLocaleString("en");
  }
  for (const s of series) {
    const pale = !s.evaluation && series.some(o => o.evaluation && o.run === s.run);
    drawSeries(svg, s, X, v => place(axis.scale(v)), pale, width);
  }
  drawEnds(svg, series, X, height - bottom);
  return {svg, shown: series, X, left, right, top, bottom, width, height, x0, x1};
}
function keyOf(run) {
  const key = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  key.setAttribute("class", `key ${look(run)}`);
  key.setAttribute("viewBox", "0 0 26 8");
  element("path", {d: "M1 4H25"}, key);
  return key;
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
    const nearest = s => s.points.filter(p => p[1] !== null).reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    const found = chart.shown.map(s => [s, nearest(s)]);
    const main = found.reduce((a, b) => Math.abs(b[1][0] - x) < Math.abs(a[1][0] - x) ? b : a)[1][0];
    guide.setAttribute("visibility", "visible");
    guide.setAttribute("x1", chart.X(main));
    guide.setAttribute("x2", chart.X(main));
    tip.replaceChildren();
    for (const [s, p] of found) {
      const line = document.createElement("div");
      const which = (runs.length > 1 ? runs[s.run].name + ", " : "") + (s.evaluation ? "evaluation" : "training");
      line.append(keyOf(s.run), `${which} at ${p[0].toLocaleString("en")}: ${+p[1].toPrecision(6)}`);
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
    const name = document.createElement("span"), {stopped} = runs[index];
    const end = stopped === undefined ? "" : `, stopped after episode ${stopped.toLocaleString("en")}`;
    name.append(keyOf(index), runs[index].name + end);
    if (runs.length > 1 || end) legend.append(name);
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
