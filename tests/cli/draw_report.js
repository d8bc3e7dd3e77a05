// Runs the script of a page that `plgraph report` wrote, on a document that keeps what is drawn, and prints the curves
// as JSON: {"<measure>": [{"name": ..., "attributes": {...}, "text": ...}, ...]}.
//
//     node tests/cli/draw_report.js report.html [log]
"use strict";
const fs = require("fs");
const vm = require("vm");

class Element {
  constructor(name) {
    Object.assign(this, {name, attributes: {}, children: [], dataset: {}, style: {}, textContent: "", clientWidth: 546});
  }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  get className() { return this.attributes.class; }
  set className(value) { this.setAttribute("class", value); }
  append(...children) {
    for (const child of children) this.children.push(child);
    for (const child of children) if (child instanceof Element) child.parent = this;
  }
  after(next) { this.parent.append(next); }
  remove() { this.parent.children = this.parent.children.filter(child => child !== this); }
  addEventListener() {}
  all() { return this.children.flatMap(child => child instanceof Element ? [child, ...child.all()] : []); }
  querySelector(selector) {
    const [, name, wanted] = selector.match(/^(\w*)\.?(\w*)$/);
    return this.all().find(e => (!name || e.name === name) && (!wanted || e.attributes.class === wanted)) ?? null;
  }
}

const page = fs.readFileSync(process.argv[2], "utf8");
const data = page.match(/<script type="application\/json" id="data">(.*?)<\/script>/s)[1];
const script = page.match(/<script>(.*?)<\/script>/s)[1];
const figures = [...page.matchAll(/<figure data-key="(.*?)">/g)].map(match => {
  const figure = new Element("figure");
  figure.dataset.key = match[1];
  figure.append(new Element("figcaption"));
  return figure;
});
const byId = {data: {textContent: data}, log: {checked: process.argv[3] === "log", addEventListener() {}}};
vm.runInNewContext(script, {
  document: {
    getElementById: id => byId[id],
    createElement: name => new Element(name),
    createElementNS: (space, name) => new Element(name),
    querySelectorAll: () => figures,
  },
  addEventListener() {},
});
const plain = ({name, attributes, textContent}) => ({name, attributes, text: textContent});
const texts = figure => figure.all().flatMap(e => e.children.filter(child => typeof child === "string"));
console.log(JSON.stringify(Object.fromEntries(figures.map(figure => [
  figure.dataset.key, {drawn: figure.querySelector("svg.plot").all().map(plain), texts: texts(figure)},
]))));
