
// Filters of the cost page: adds up its cells again, and draws what reports/costs/charts.py and tables.py drew, element
// by element. It stands in one script after cost_drawing.js.

const UNBROKEN = "\u00a0";

// sums of cells

function unfolded({ of, runs }) {
  if (of) return of;
  const values = [];
  for (let at = 0; at < runs.length; at += 2) for (let left = runs[at]; left > 0; left--) values.push(runs[at + 1]);
  return values;
}

// Numbers while their sum is exact in them (below 2^53), BigInt otherwise; multiplied by `times` at the end.
function column({ times, ...folded }) {
  const of = unfolded(folded);
  const whole = sum(of.map((value) => size(BigInt(value))));
  const isSafe = whole < 9007199254740992n;
  return { times: BigInt(times), of: isSafe ? of : of.map(BigInt), none: isSafe ? 0 : 0n, empty: whole === 0n };
}

const mapped = (object, made) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, made(value)]));
const cubes = mapped(data.cubes, (cube) =>
  ({ height: cube.height, keys: mapped(cube.keys, unfolded), numbers: mapped(cube.numbers, column) }));

function rowsOf(cube) {
  const filters = Object.entries(chosen).filter(([key]) => key in cube.keys);
  const rows = [];
  for (let at = 0; at < cube.height; at++) {
    if (filters.every(([key, value]) => cube.keys[key][at] === value)) rows.push(at);
  }
  return rows;
}

let rows = {};

function sums(name, keys) {
  const cube = cubes[name], found = new Map(), all = Object.entries(cube.numbers);
  const numbers = all.filter(([, { empty }]) => !empty);
  const empty = () => Object.fromEntries(all.map(([key, { none }]) => [key, none]));
  const columns = keys.map((key) => [cube.keys[key], data.names[key].length]);
  if (!keys.length) found.set(0, empty());
  for (const at of rows[name]) {
    let id = 0;
    for (const [places, many] of columns) id = id * many + places[at];
    let row = found.get(id);
    if (!row) found.set(id, (row = empty()));
    for (const [key, { of }] of numbers) row[key] += of[at];
  }
  const ordered = [...found].sort(([one], [other]) => one - other);
  return ordered.map(([id, row]) => ({
    names: unnumbered(id, keys).map((place, which) => data.names[keys[which]][place]),
    row: Object.fromEntries(all.map(([key, { times }]) => [key, BigInt(row[key]) * times])),
  }));
}

function unnumbered(id, keys) {
  const places = [];
  for (const key of [...keys].reverse()) {
    const many = data.names[key].length;
    places.unshift(id % many);
    id = Math.floor(id / many);
  }
  return places;
}

function lookup(name, keys) {
  const found = new Map(sums(name, keys).map(({ names, row }) => [JSON.stringify(names), row]));
  return (...names) => found.get(JSON.stringify(names));
}

// the parts of the page: reports/costs/content.py

const named = (key, name) => (name !== null ? name : key in data.nobody ? data.nobody[key] : NOT_KNOWN);
const nothing = (words) => [element("p", { class: "nothing" }, words)];
const anyOf = (values) => values.some((row) => row.some((value) => value));
const panel = (unit, drawn) => element("div", { class: "panel" }, element("p", { class: "unit" }, unit), drawn);
const figures = (headings, lines, label) =>
  element("details", {}, element("summary", {}, "The figures as a table"), table(headings, lines, label));
const headingsOf = (places, more) => places.map(([name]) => [name + more, "number"]);

function currencies() {
  return sums("costs", ["currency"]).filter(({ names: [code], row }) => code && row.costs + row.payments).map(({ names: [code] }) => code);
}

function tile(label, values, note) {
  const strong = values.map((value) => element("strong", { class: values.length > 1 ? "several" : "" }, value));
  return element("div", {}, element("dt", {}, label), element("dd", {}, ...strong, element("span", {}, note)));
}

function tiles() {
  const [{ row: total }] = sums("costs", []), of = sums("costs", ["currency"]);
  const has = total.sessions > total.no_energy || total.priced + total.unpriced > 0n;
  const costs = of.filter(({ names: [code], row }) => code && row.costs).map(({ names: [code], row }) => money(row.cost, code));
  const paid = of.filter(({ names: [code], row }) => code && row.payments).map(({ names: [code], row }) => money(row.reimbursed, code));
  const silent = total.no_energy ? `; not told by ${counted(total.no_energy, "session", "sessions")}` : "";
  const given = [
    tile("Sessions", [count(total.sessions)], `${count(total.partial)} priced in part, ${count(total.no_price)} without a price`),
    tile("Energy", [has ? inKwh(total.priced + total.unpriced) : NOT_KNOWN], `${energy(total.unpriced)} kWh of it without a price${silent}`),
    tile("Cost", costs.length ? costs : [NOT_KNOWN], "what was billed or is priced by a tariff"),
  ];
  if (total.costs > total.not_converted) {
    const note = total.not_converted
      ? `without ${counted(total.not_converted, "amount", "amounts")} that no rate is known for`
      : "each amount at the rate of its day";
    given.push(tile(`Cost in ${data.reporting}`, [money(total.converted, data.reporting)], note));
  }
  if (paid.length) given.push(tile("Reimbursed by policy", paid, "is no part of the cost"));
  if (total.co2_known) {
    given.push(tile("CO₂", [`${written(total.co2, SIX, 1)} kg`], `of ${counted(total.co2_known, "session", "sessions")}`));
  }
  return [element("dl", { class: "tiles" }, ...given)];
}

function energyByMonth() {
  const of = lookup("costs", ["month", "place"]);
  const values = data.names.month.map((month) => data.charging.map(([place]) => {
    const row = of(month, place);
    return row ? row.priced + row.unpriced : 0n;
  }));
  if (!anyOf(values)) return nothing("No session here tells an energy.");
  const lines = values.map((row, at) => [data.months[at][2], ...row.map(energy)]);
  return [legend(data.charging), panel("kWh a month", columns(data.months, data.charging, values, SIX, inKwh)),
    figures([["Month", "label"], ...headingsOf(data.charging, ", kWh")], lines, "Energy by month")];
}

function costByMonth() {
  const of = lookup("costs", ["currency", "month", "place"]), panels = [], lines = [];
  for (const code of currencies()) {
    const cells = data.names.month.map((month) => data.places.map(([place]) => of(code, month, place)));
    if (!cells.some((row) => row.some((cell) => cell && cell.costs))) continue;
    const values = cells.map((row) => row.map((cell) => (cell ? cell.cost : 0n)));
    panels.push(panel(`${code} a month`, columns(data.months, data.places, values, SIX, (value) => money(value, code))));
    cells.forEach((row, at) => lines.push([code, data.months[at][2],
      ...row.map((cell) => (cell && cell.costs ? money(cell.cost, code) : NONE))]));
  }
  if (!panels.length) return nothing("Nothing here has a price.");
  return [legend(data.places), ...panels,
    figures([["Currency", "label"], ["Month", "label"], ...headingsOf(data.places, "")], lines, "Cost by month")];
}

function priceByHour() {
  const of = lookup("hours", ["currency", "place", "hour"]), panels = [], lines = [];
  for (const code of data.names.currency.filter((name) => name)) {
    const values = data.charging.map(([place]) => HOURS.map((hour) => {
      const row = of(code, place, hour);
      return row && row.priced > 0n ? divided(row.cost * 1000000n, row.priced) : null;
    }));
    if (values.every((row) => row.every((value) => value === null))) continue;
    const words = (value) => priced(value, code);
    panels.push(panel(`${code} a kWh, by local hour`, dots(hourLabels, data.charging, values, SIX, words)));
    hourLabels.forEach((label, hour) => lines.push([code, label[2],
      ...values.map((row) => (row[hour] === null ? NONE : words(row[hour])))]));
  }
  if (!panels.length) return nothing("No energy here has a price.");
  return [legend(data.charging), ...panels,
    figures([["Currency", "label"], ["Hour", "label"], ...headingsOf(data.charging, "")], lines, "Cost a kWh by hour")];
}

function heat() {
  const of = lookup("hours", ["weekday", "hour"]);
  const values = DAYS.map((_, at) => HOURS.map((hour) => {
    const row = of(String(at + 1), hour);
    return row && row.kwh > 0n ? row.kwh : 0n;
  }));
  const high = most(values.flat(), 0n);
  if (!high) return nothing("No session here tells an energy.");
  const shades = Array.from({ length: SHADES }, (_, at) => element("i", { class: `q${at + 1}` }));
  const lines = values.map((row, at) => [DAYS[at], ...row.map((value) => (value ? energy(value) : "0"))]);
  return [element("p", { class: "shades" }, "0 ", ...shades, ` ${energy(high)} kWh; white: none`),
    panel("kWh, by weekday and local hour", heatMap(values, high)),
    figures([["Day", "label"], ...HOURS.map((hour) => [`${hour}:00`, "number"])], lines, "Energy by weekday and hour, kWh")];
}

function shares(values) {
  return values.map((column) => {
    const whole = sum(column);
    let total = 0n, done = 0n;
    return column.map((value) => {
      total += value;
      const until = whole ? divided(1000n * total, whole) : 0n, part = until - done;
      done = until;
      return part;
    });
  });
}

function bands() {
  const of = lookup("bands", ["month", "band"]);
  const values = data.names.month.map((month) => data.bands.map(([band]) => (of(month, band) || { kwh: 0n }).kwh));
  if (!anyOf(values)) return nothing("No energy here is priced by a tariff with bands.");
  const totals = data.bands.map((_, at) => sum(values.map((row) => row[at])));
  const lines = values.map((row, at) => [data.months[at][2], ...row.map(energy)]);
  return [legend(data.bands, totals.map((total) => share(total, sum(totals)))),
    panel("% of kWh by tariff", columns(data.months, data.bands, shares(values), 1, inPercent, 1000n)),
    figures([["Month", "label"], ...data.bands.map(([name]) => [`${name}, kWh`, "number"])], lines, "Bands")];
}

function stations() {
  const all = sums("stations", ["station"]);
  if (!all.length) return nothing("No session away from home tells a station's name or address.");
  const costs = {};
  for (const { names: [name, code], row } of sums("stations", ["station", "currency"])) {
    if (code && row.costs) (costs[`=${name}`] = costs[`=${name}`] || []).push(money(row.cost, code));
  }
  const ranked = [...all].sort((one, other) => Number(other.row.kwh - one.row.kwh)).slice(0, MOST_BARS);
  const high = most(ranked.map(({ row }) => row.kwh), 1n);
  const items = ranked.map(({ names: [name], row }) => {
    const said = [`${energy(row.kwh)} kWh`, counted(row.sessions, "session", "sessions"), ...(costs[`=${name}`] || ["cost not known"])];
    const width = percent(row.kwh > 0n ? row.kwh : 0n, high);
    const strip = element("svg", { width: "100%", height: 8, "aria-hidden": "true" },
      element("rect", { x: "0", y: "0", width, height: "8", class: "c0" }));
    return element("li", {}, element("span", { class: "of" }, name), strip, element("span", { class: "quiet" }, said.map((words) => words.replaceAll(" ", UNBROKEN)).join(" · ")));
  });
  const left = BigInt(all.length - ranked.length);
  const more = left ? [element("p", { class: "quiet" }, `And ${counted(left, "other", "others")}.`)] : [];
  return [element("p", { class: "unit" }, "kWh"), element("ol", { class: "bars" }, ...items), ...more];
}

function days() {
  const of = lookup("days", ["stream", "month", "kind"]), panels = [], lines = [];
  for (const stream of data.names.stream) {
    const values = data.names.month.map((month) => data.knowledge.map(([kind]) => (of(stream, month, kind) || { days: 0n }).days));
    if (!anyOf(values)) continue;
    panels.push(panel(`% of vehicle days, ${stream}`, columns(data.months, data.knowledge, shares(values), 1, inPercent, 1000n)));
    values.forEach((row, at) => lines.push([stream, data.months[at][2], ...row.map(count)]));
  }
  if (!panels.length) return nothing("Of no day here is it told whether it is known.");
  const headings = [["Stream", "label"], ["Month", "label"], ...data.knowledge.map(([name]) => [name, "number"])];
  return [legend(data.knowledge), ...panels, figures(headings, lines, "Vehicle days")];
}

function converted(row) {
  if (row.costs === row.not_converted) return NOT_KNOWN;
  const amount = written(row.converted, SIX, digitsOf(data.reporting));
  return row.not_converted ? `${amount} and ${count(row.not_converted)} without a rate` : amount;
}

function cells(code, row) {
  const digits = digitsOf(code), all = row.priced + row.unpriced, bill = (value) => written(value, SIX, digits);
  const unit = row.priced > 0n ? written(divided(row.cost * ten(digits + 2), row.priced), digits + 2, digits + 2) : "not told";
  return [
    named("currency", code), row.costs ? bill(row.cost) : NOT_KNOWN, all || !row.no_energy ? energy(all) : NOT_KNOWN,
    row.costs ? unit : NOT_KNOWN, row.bills ? bill(row.billed) : NONE, row.tariffs ? bill(row.cost - row.billed) : NONE,
    row.payments ? bill(row.reimbursed) : NONE, converted(row),
    row.unpriced || !row.no_energy ? energy(row.unpriced) : NOT_KNOWN,
    count(row.sessions), count(row.partial), count(row.no_price),
  ];
}

function costTable() {
  const groups = sums("costs", [by, "currency"]), totals = sums("costs", ["currency"]);
  if (!groups.length) return nothing("Nothing here.");
  const lines = groups.map(({ names: [name, code], row }) => [named(by, name), ...cells(code, row)]);
  const ends = totals.map(({ names: [code], row }) => ["Total", ...cells(code, row)]);
  const headings = [[data.headings[by], "name"], ["Currency", "label"], ...["Cost", "kWh", "a kWh priced", "Billed",
    "By tariff", "Reimbursed", `Cost in ${data.reporting}`, "kWh without a price", "Sessions", "Partial",
    "Without a price"].map((words) => [words, "number"])];
  return [table(headings, [...lines, ...ends], `Costs by ${data.headings[by].toLowerCase()}`, ends.length)];
}

function unknown() {
  const found = sums("reasons", ["reason"]);
  if (!found.length) return nothing("Everything here has a price.");
  const lines = found.map(({ names: [reason], row }) =>
    [reason, count(row.lines), row.unpriced ? energy(row.unpriced) : NONE, Object.hasOwn(data.meanings, reason) ? data.meanings[reason] : ""]);
  const headings = [["Reason", "label"], ["Lines", "number"], ["kWh told", "number"], ["What it means", "prose"]];
  return [table(headings, lines, "Lines without an amount by reason")];
}

// filters

const PARTS = {
  tiles: [tiles, "costs"], table: [costTable, "costs"], energy: [energyByMonth, "costs"], cost: [costByMonth, "costs"],
  price: [priceByHour, "hours"], heat: [heat, "hours"], bands: [bands, "bands"], stations: [stations, "stations"],
  days: [days, "days"], unknown: [unknown, "reasons"],
};
const heading = (key) => data.headings[key].toLowerCase();

function show() {
  rows = Object.fromEntries(Object.entries(cubes).map(([name, cube]) => [name, rowsOf(cube)]));
  for (const [id, [made, cube]] of Object.entries(PARTS)) {
    document.getElementById(id).replaceChildren(...made());
    const without = Object.keys(chosen).filter((key) => !(key in cubes[cube].keys)).map(heading);
    const note = document.getElementById(`${id}-note`);
    if (note) note.textContent = without.length ? `Not filtered by ${without.join(", ")}.` : "";
  }
  const said = Object.entries(chosen).map(([key, at]) => `${heading(key)}: ${named(key, data.names[key][at])}`);
  document.getElementById("filtered").textContent = said.length ? `Shown is only ${said.join("; ")}.` : "";
  document.getElementById("by").textContent = heading(by);
}

function select(key, label, options, changed) {
  const box = element("select", { id: `choose-${key}` }, ...options.map(([value, words]) => element("option", { value }, words)));
  box.addEventListener("change", () => { changed(box.value); show(); });
  return element("label", {}, element("span", {}, label), box);
}

function filter(key) {
  const options = data.names[key].map((name, at) => [String(at), named(key, name)]);
  return select(key, data.headings[key], [["", "all"], ...options], (value) => {
    if (value === "") delete chosen[key]; else chosen[key] = Number(value);
  });
}

function start() {
  const bar = document.getElementById("filters");
  bar.append(...data.filters.filter((key) => data.names[key].length > 1).map(filter));
  bar.append(select("by", "Table by", data.tables.map((key) => [key, heading(key)]), (value) => { by = value; }));
  document.getElementById("choose-by").value = by;
  const reset = element("button", { type: "button", id: "reset" }, "Show all");
  reset.addEventListener("click", () => {
    for (const key of Object.keys(chosen)) { delete chosen[key]; document.getElementById(`choose-${key}`).value = ""; }
    by = data.by;
    document.getElementById("choose-by").value = by;
    show();
  });
  bar.append(reset);
  bar.hidden = false;
}

start();
})();
