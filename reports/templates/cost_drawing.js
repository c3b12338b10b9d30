"use strict";
// The numbers and drawings of the cost page: reports/costs/exact.py and drawing.py once more. All numbers are whole
// (BigInt), so that sums are exact. Text from data becomes text nodes and attributes only, never markup.
(() => {
const data = JSON.parse(document.getElementById("cells").textContent);
const chosen = {};
let by = data.by;
const HEIGHT = 150, TOP = 10, BELOW = 34, ROW = 22, SHADES = 6, MOST_BARS = 8, SIX = 6;
const NONE = "–", NOT_KNOWN = "not known";
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour));
const hourLabels = HOURS.map((hour, at) => [at % 3 === 0 ? hour : "", "", `${hour}:00`]);

// whole numbers: reports/costs/exact.py

const size = (value) => (value < 0n ? -value : value);
const ten = (places) => 10n ** BigInt(places);
const most = (values, least) => values.reduce((high, each) => (each > high ? each : high), least);
const sum = (values) => values.reduce((total, each) => total + each, 0n);

function divided(value, by) {
  const whole = (2n * size(value) + by) / (2n * by);
  return value < 0n ? -whole : whole;
}

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

function written(value, places, digits) {
  const whole = places > digits ? divided(size(value), ten(places - digits)) : size(value) * ten(digits - places);
  const text = String(whole).padStart(digits + 1, "0");
  const cut = text.length - digits;
  return (value < 0n && whole ? "-" : "") + grouped(text.slice(0, cut)) + (digits ? "." + text.slice(cut) : "");
}

function energy(value) {
  const text = written(value, SIX, 1);
  return value && text === "0.0" ? "< 0.1" : text;
}

function share(part, whole) {
  if (whole <= 0n) return "not told";
  if (part === 0n || part === whole) return part ? "100 %" : "0 %";
  const tenths = divided(1000n * part, whole);
  return `${written(tenths < 1n ? 1n : tenths > 999n ? 999n : tenths, 1, 1)} %`;
}

function step(span) {
  for (let at = 1n; ; at *= 10n) for (const times of [1n, 2n, 5n]) if (span <= 4n * times * at) return times * at;
}

function plain(value, places) {
  const text = written(value, places, places);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

function tick(value, places) {
  if (size(value) >= ten(places + 6)) return plain(value, places + 6) + " M";
  return size(value) >= ten(places + 4) ? plain(value, places + 3) + " k" : plain(value, places);
}

function percent(part, whole) {
  const thousandths = (100000n * BigInt(part)) / BigInt(whole);
  return `${thousandths / 1000n}.${String(thousandths % 1000n).padStart(3, "0")}%`;
}

const digitsOf = (code) => (code in data.digits ? data.digits[code] : 2);
const money = (value, code) => `${written(value, SIX, digitsOf(code))} ${code}`;
const priced = (value, code) => `${written(value, SIX, digitsOf(code) + 2)} ${code}`;
const inKwh = (value) => `${energy(value)} kWh`;
const inPercent = (value) => `${written(value, 1, 1)} %`;
const count = (number) => grouped(String(number));
const counted = (number, one, many) => `${count(number)} ${number === 1n ? one : many}`;

// drawing: reports/costs/drawing.py

const OF_SVG = new Set(["svg", "rect", "line", "text", "circle", "title"]);

function element(name, attributes, ...children) {
  const made = OF_SVG.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const placeOf = (value, [top, bottom]) => BigInt(TOP) + divided(BigInt(HEIGHT) * (top - value), top - bottom);
const text = (x, y, anchor, words, of = "") => element("text", { x, y, "text-anchor": anchor, class: of }, words);

function line(value, axis) {
  const y = placeOf(value, axis);
  return element("line", { x1: "0", x2: "100%", y1: y, y2: y, class: value === 0n ? "zero" : "grid" });
}

function lines(axis, apart, places) {
  const values = [];
  for (let value = axis[1]; value <= axis[0]; value += apart) values.push(value);
  return [
    values.map((value) => text("50", placeOf(value, axis) + 4n, "end", tick(value, places))),
    values.map((value) => line(value, axis)),
  ];
}

function axisOf(high, low, full) {
  const span = high - low;
  const apart = full ? full / 2n : step(span > 1n ? span : 1n);
  const parts = (high + apart - 1n) / apart;
  return [[full || (parts > 1n ? parts : 1n) * apart, low < 0n ? -((-low + apart - 1n) / apart) * apart : 0n], apart];
}

function below(labels, lower = 0) {
  const all = labels.map((label, at) => [at, label]).filter(([, label]) => label[0]);
  const every = Math.ceil(all.length / 12);
  const shown = all.filter((_, number) => number % every === 0);
  return shown.flatMap(([at, label], number) => {
    const x = percent(2 * at + 1, 2 * labels.length), of = number % 2 && shown.length > 6 ? "minor" : "";
    const first = text(x, TOP + HEIGHT + lower + 15, "middle", label[0], of);
    return label[1] ? [first, text(x, TOP + HEIGHT + lower + 29, "middle", label[1], of)] : [first];
  });
}

function plot(axis, marks, height) {
  const tall = height + TOP + BELOW;
  return element("div", { class: "plot", "aria-hidden": "true" },
    element("svg", { class: "axis", width: 56, height: tall }, ...axis),
    element("svg", { class: "marks", width: "100%", height: tall }, ...marks));
}

function bar(at, among, ends, axis, [colour, title]) {
  const [y, until] = ends.map((end) => placeOf(end, axis)).sort((a, b) => Number(a - b));
  const place = { x: percent(8 * at + 1, 8 * among), y, width: percent(6, 8 * among), height: until - y };
  return element("rect", { ...place, class: colour }, element("title", {}, title));
}

function columns(labels, series, values, places, words, full = 0n) {
  const high = most(values.map((column) => sum(column.filter((each) => each > 0n))), 0n);
  const low = -most(values.map((column) => -sum(column.filter((each) => each < 0n))), 0n);
  const [axis, apart] = axisOf(high, low, full);
  const [ticks, marks] = lines(axis, apart, places);
  values.forEach((column, at) => {
    let up = 0n, down = 0n;
    column.forEach((value, which) => {
      const start = value > 0n ? up : down;
      const title = `${labels[at][2]}, ${series[which][0]}: ${words(value)}`;
      if (value) marks.push(bar(at, values.length, [start, start + value], axis, [series[which][1], title]));
      if (value > 0n) up += value; else down += value;
    });
  });
  return plot(ticks, [...marks, ...below(labels)], HEIGHT);
}

const FORMS = {
  c3: (x, y) => ({ x, y: y - 4n, width: "8", height: "8", transform: "translate(-4 0)" }),
  c1: (x, y) => ({ x, y: y - 2n, width: "12", height: "5", transform: "translate(-6 0)" }),
  c9: (x, y) => ({ x, y: y - 6n, width: "5", height: "12", transform: "translate(-2 0)" }),
};

function dot(x, y, colour, title) {
  const words = element("title", {}, title);
  if (colour in FORMS) return element("rect", { ...FORMS[colour](x, y), class: colour }, words);
  return element("circle", { cx: x, cy: y, r: "4.5", class: colour }, words);
}

function dots(labels, series, values, places, words) {
  const known = values.flat().filter((value) => value !== null);
  const [axis, apart] = axisOf(most(known, 0n), -most(known.map((value) => -value), 0n), 0n);
  const [ticks, marks] = lines(axis, apart, places);
  values.forEach((row, which) => {
    const [name, colour] = series[which], long = 2 * row.length;
    for (let at = 0; at < row.length - 1; at++) {
      if (row[at] === null || row[at + 1] === null) continue;
      const ends = { x1: percent(2 * at + 1, long), x2: percent(2 * at + 3, long) };
      const heights = { y1: placeOf(row[at], axis), y2: placeOf(row[at + 1], axis) };
      marks.push(element("line", { ...ends, ...heights, class: `join ${colour}` }));
    }
    row.forEach((value, at) => {
      if (value === null) return;
      const title = `${labels[at][2]}, ${name}: ${words(value)}`;
      marks.push(dot(percent(2 * at + 1, long), placeOf(value, axis), colour, title));
    });
  });
  return plot(ticks, [...marks, ...below(labels)], HEIGHT);
}

function shade(value, high) {
  if (value <= 0n) return "q0";
  const at = 1n + (value * BigInt(SHADES)) / high;
  return `q${at > BigInt(SHADES) ? SHADES : at}`;
}

function heatMap(values, high) {
  const axis = DAYS.map((day, at) => text("50", TOP + at * ROW + 15, "end", day));
  const marks = values.flatMap((row, at) => row.map((value, hour) => {
    const place = { x: percent(hour, 24), y: TOP + at * ROW, width: percent(1, 24), height: ROW - 1 };
    const title = element("title", {}, `${DAYS[at]} ${hour}:00: ${inKwh(value)}`);
    return element("rect", { ...place, class: shade(value, high) }, title);
  }));
  return plot(axis, [...marks, ...below(hourLabels, 7 * ROW - HEIGHT)], 7 * ROW);
}

function legend(series, more = []) {
  const items = series.map(([name, colour], at) =>
    element("li", {}, element("i", { class: colour }), name + (more[at] ? ` ${more[at]}` : "")));
  return element("ul", { class: "key" }, ...items);
}

function table(headings, rows, label, last = 0) {
  const head = element("tr", {}, ...headings.map(([words, kind]) => element("th", { scope: "col", class: kind }, words)));
  const made = rows.map((row) => element("tr", {}, ...row.map((words, at) => element("td", { class: headings[at][1] }, words))));
  const kept = made.length - last;
  const body = [element("thead", {}, head), element("tbody", {}, ...made.slice(0, kept))];
  const foot = last ? [element("tfoot", {}, ...made.slice(kept))] : [];
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": label };
  return element("div", region, element("table", {}, ...body, ...foot));
}
