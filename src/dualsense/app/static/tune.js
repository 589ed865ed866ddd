"use strict";

// One session of tuning. The page holds its changes; the worker keeps what each step gave for what.

const session = { done: [], undone: [], held: [], refused: [], step: "gpr.background", place: null, depth: null };
let panel = [];
let shown = null;
let busy = false;
let wish = null;
let keep = "";
let began = 0;
let ticking = 0;
const SVG = "http://www.w3.org/2000/svg";

function tell(text) {
  byId("note").textContent = text;
  byId("note").hidden = !text;
}

const number = (value) => (typeof value === "number" ? String(Number(value.toPrecision(4))) : value === null || value === undefined ? "–" : String(value));

// --- the way to the worker: one wish at a time, of several only the last

function asks(more) {
  return { done: session.done, held: session.held, step: session.step, place_m: session.place, depth_m: session.depth, panel: !panel.length, ...more };
}

async function look(more = {}) {
  wish = more;
  if (busy) return;
  busy = true;
  document.body.dataset.busy = "true";
  while (wish) {
    const now = wish;
    wish = null;
    waits(now.since ?? performance.now(), now.ahead === false);
    try {
      const found = await asked("/api/look", asks(now.texts ? { done: [...session.done, now.texts], ahead: true } : { ahead: true, ...now, since: undefined }));
      if (now.texts || now.switch || now.move) { session.undone = []; session.refused = []; }
      session.done = found.done;
      if (found.panel) panel = found.panel;
      // What is not known yet stays as it was, and is marked; the whole result is asked for at once.
      shown = { ...shown, ...found, provisional: found.provisional === true };
      if (shown.provisional && !wish) wish = { ahead: false, since: began };
      show((performance.now() - began) / 1000);
    } catch (problem) {
      clearInterval(ticking);
      // What only goes together with another key waits for it.
      if (now.texts) session.refused = now.texts;
      tell((now.ahead === false ? "NO RESULT of this recipe: " : "Not taken: ") + problem.message);
      if (now.ahead === false) byId("pending").textContent = "There is no result of this recipe; what is grey below is of the one before.";
      if (now.back) now.back();
    }
  }
  clearInterval(ticking);
  busy = false;
  document.body.dataset.busy = "false";
}

// That something is being computed, for how long, and what of the page is not of it yet.
function waits(since, ahead) {
  began = since;
  const say_ = () => tell("Computing … " + ((performance.now() - began) / 1000).toFixed(1) + " s" + (ahead ? "; the picture shows the change, figures and targets do not yet" : ""));
  clearInterval(ticking);
  ticking = setInterval(say_, 100);
  say_();
}

const change = (text, back) => look({ texts: [...session.refused.filter((one) => one.split("=")[0] !== text.split("=")[0]), text], back });

// --- what is shown

function show(took) {
  session.place = shown.at_m;
  session.depth = shown.depth_m;
  byId("simulated").hidden = !shown.simulated;
  byId("undo").disabled = !session.done.length;
  byId("redo").disabled = !session.undone.length;
  document.body.dataset.provisional = String(shown.provisional);
  if (shown.provisional) { showAll(); return; }
  const anew = shown.taken.length ? "Steps computed anew: " + shown.taken.length + ", from " + shown.taken[0] : "No step had to be computed anew";
  clearInterval(ticking);
  tell(anew + "; " + took.toFixed(2) + " s, " + shown.processor_s.toFixed(2) + " s of processor time.");
  document.body.dataset.recipe = shown.recipe_sha256;
  try { sessionStorage.setItem(keep, JSON.stringify({ done: session.done, held: session.held })); } catch { /* a browser may keep nothing */ }
  showAll();
}

function showAll() {
  showSteps();
  showKeys();
  showChanges();
  showResult();
  showStep();
}

const tableOf = (name) => panel.find((one) => one.name === name);

function showSteps() {
  const place = byId("steps");
  const focused = document.activeElement && place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...shown.order.map((name) => stepRow(tableOf(name))));
  if (focused && byId(focused)) byId(focused).focus();
  const open = byId("open-" + session.step);
  if (open.offsetTop < place.offsetTop + place.scrollTop || open.offsetTop > place.offsetTop + place.scrollTop + place.clientHeight - 44) place.scrollTop = open.offsetTop - place.offsetTop - 88;
}

function stepRow(table) {
  const row = made("li", "", "step");
  const on = shown.switched[table.name];
  const open = made("button", table.name, "open");
  open.type = "button";
  open.id = "open-" + table.name;
  open.title = table.meaning;
  open.setAttribute("aria-pressed", String(table.name === session.step));
  if (on === false) open.classList.add("idle");
  if (shown.taken.includes(table.name)) open.classList.add("anew");
  open.addEventListener("click", () => { session.step = table.name; look(); });
  row.append(open);
  if (on !== null) {
    const knob = made("button", on ? "on" : "off", "knob");
    knob.type = "button";
    knob.id = "switch-" + table.name;
    knob.setAttribute("role", "switch");
    knob.setAttribute("aria-checked", String(on));
    knob.setAttribute("aria-label", table.name);
    knob.addEventListener("click", () => { session.step = table.name; look({ switch: on ? "off" : "on", step: table.name }); });
    row.append(knob);
  }
  if (table.group) {
    const mates = shown.order.filter((name) => tableOf(name).group === table.group);
    for (const [text, by, end, words_] of [["↑", -1, mates[0], "earlier"], ["↓", 1, mates[mates.length - 1], "later"]]) {
      const arrow = made("button", text, "knob");
      arrow.type = "button";
      arrow.id = words_ + "-" + table.name;
      arrow.disabled = table.name === end;
      arrow.setAttribute("aria-label", table.name + " " + words_);
      arrow.addEventListener("click", () => { session.step = table.name; look({ move: by, step: table.name }); });
      row.append(arrow);
    }
  }
  return row;
}

// A value as TOML has it, and as a person types it.
const written_ = (value) => (value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

function showKeys() {
  const table = tableOf(session.step);
  byId("keys-title").textContent = table.name;
  byId("meaning").textContent = table.meaning;
  byId("keys").replaceChildren(...table.keys.map((key) => keyField(table, key)));
}

function keyField(table, key) {
  const name = table.name + "." + key.name;
  const { value, read } = shown.values[name];
  const field = made("div", "", "field" + (read ? "" : " unread"));
  const label = made("label", key.name + (key.unit && !key.name.endsWith("_" + key.unit.toLowerCase()) ? ", " + key.unit : ""));
  label.htmlFor = name;
  const control = controlOf(key, value);
  control.id = name;
  control.setAttribute("aria-describedby", "about-" + name);
  control.addEventListener("change", () => {
    const text = control.type === "checkbox" ? String(control.checked) : control.value.trim();
    change(name + "=" + (text === "" ? "unset" : text), () => { control.setAttribute("aria-invalid", "true"); });
  });
  const only = key.only ? " Read while " + key.only.key + " is " + key.only.values.join(" or ") + "." : "";
  const usual = JSON.stringify(value) === JSON.stringify(key.default) ? "" : " Default: " + (written_(key.default) || "unset") + ".";
  const about = made("p", key.meaning + ". " + key.allowed + "." + only + usual, "small");
  about.id = "about-" + name;
  field.append(label, control, about);
  return field;
}

function controlOf(key, value) {
  if (key.kind === "choice") {
    const select = made("select");
    select.replaceChildren(...key.choices.map((one) => { const option = made("option", one); option.value = one; return option; }));
    select.value = String(value);
    return select;
  }
  const input = made("input");
  if (key.kind === "switch") {
    input.type = "checkbox";
    input.checked = value === true;
  } else if (key.kind === "text") {
    input.type = "text";
    input.value = written_(value);
    input.maxLength = 300;
  } else {
    input.type = "number";
    input.step = key.kind === "integer" ? "1" : "any";
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = key.limits;
    if ((minimum ?? exclusiveMinimum) !== undefined) input.min = String(minimum ?? exclusiveMinimum);
    if ((maximum ?? exclusiveMaximum) !== undefined) input.max = String(maximum ?? exclusiveMaximum);
    input.value = written_(value);
  }
  return input;
}

function showChanges() {
  const same = JSON.stringify(session.held);
  const rows = session.done.map((texts, n) => made("li", texts.join("; ") + (JSON.stringify(session.done.slice(0, n + 1)) === same ? "   (A)" : "")));
  byId("changes").replaceChildren(...rows);
}

// A picture with its axes in words, and what a tap on it chooses.
function pictured(title, picture, words_, place) {
  const figure = made("figure");
  const image = made("img");
  image.src = "/pictures/" + picture.file;
  image.alt = title;
  figure.append(image);
  const span = (axis, factor = 1) => number(factor * axis[0]) + " to " + number(factor * axis[1]);
  figure.append(made("figcaption", title + ": " + words_(span, picture) + "; colours " + number(picture.low) + " to " + number(picture.high)));
  if (place) {
    image.classList.add("ground");
    image.addEventListener("click", (event) => {
      const box = image.getBoundingClientRect();
      const along = (part, axis) => axis[0] + part * (axis[1] - axis[0]);
      session.place = [along((event.clientX - box.left) / box.width, picture.x), along((event.clientY - box.top) / box.height, picture.y)];
      look();
    });
  }
  return figure;
}

const ground = (span, picture) => "x " + span(picture.x) + " m, y from the top " + span(picture.y) + " m";
const section = (span, picture) => "along the pass " + span(picture.x) + " m, down " + (picture.axis === "time" ? span(picture.y, 1e9) + " ns" : "channels " + span(picture.y));

function showResult() {
  const maps = shown.maps;
  byId("layer").textContent = maps.name ? maps.name + " [" + maps.units + "]. Grey is not covered. Tap a map to look at another place; now x " + number(shown.at_m[0]) + ", y " + number(shown.at_m[1]) + " m." : "There is no image.";
  if (document.activeElement !== byId("depth")) byId("depth").value = String(Number((100 * shown.depth_m).toFixed(1)));
  byId("pending").hidden = !shown.provisional;
  byId("pending").textContent = "PROVISIONAL: the picture is of the changed recipe, with the permittivity and the pieces of metal of the result before. What is grey below is of the result before; the new one is being computed.";
  const titles = { held: "A, held", now: shown.provisional ? "B, provisional" : "B, now", difference: "B less A" };
  byId("maps").replaceChildren(...Object.keys(titles).filter((name) => maps[name]).map((name) => pictured(titles[name], maps[name], ground, true)));
  const head = made("tr");
  head.append(...["figure", "A, held", "B, now"].map((text) => { const cell = made("th", text); cell.scope = "col"; return cell; }));
  const rows = shown.figures.map(([name, now, held]) => {
    const row = made("tr", "", number(now) === number(held) ? "" : "other");
    const title = made("th", name);
    title.scope = "row";
    row.append(title, made("td", number(held)), made("td", number(now)));
    return row;
  });
  byId("figures").replaceChildren(head, ...rows);
  const depth = (value) => (value === null ? "depth unknown" : number(100 * value) + " cm deep");
  byId("targets").replaceChildren(...shown.targets.map(([id, x, y, deep, call, confidence]) => made("li", id + ": " + call + ", " + confidence.toFixed(3) + ", x " + number(x) + ", y " + number(y) + " m, " + depth(deep))));
}

function showStep() {
  byId("faults").replaceChildren(...shown.faults.map((text) => made("li", text)));
  const step = shown.step;
  byId("look-title").textContent = session.step + ", before and after";
  for (const name of ["sections", "slices", "curves"]) byId(name).replaceChildren();
  if (!step && shown.provisional) { byId("facts").textContent = "Being computed …"; return; }
  if (!step) { byId("facts").textContent = "This table is of no single step: what it changes shows in the result."; return; }
  const parts = step.facts.map(([name, value]) => name + ": " + value);
  if (step.energy_taken !== null) parts.unshift("it takes " + number(100 * step.energy_taken) + " % of the energy");
  if (!step.on) parts.unshift("it is off");
  byId("facts").textContent = parts.join("; ");
  const titles = { before: "Before", after: "After", taken: "Taken away" };
  for (const [name, words_] of [["sections", section], ["slices", ground]]) {
    byId(name).replaceChildren(...Object.keys(titles).filter((one) => step[name][one]).map((one) => pictured(titles[one], step[name][one], words_, name === "slices")));
  }
  byId("curves").replaceChildren(...step.curves.map(curve));
}

// Two lines over one axis: before, and after.
function curve(plot) {
  const figure = made("figure");
  const lines = plot.lines.filter((line) => line.x.length > 1);
  const across = (value) => (plot.log ? Math.log10(Math.max(value, 1e-30)) : value);
  const x = lines.flatMap((line) => line.x.map(across));
  const y = lines.flatMap((line) => line.y);
  const ends = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = ends(x), [low, high] = ends(y);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 420 180");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", plot.title);
  for (const line of lines) {
    const points = line.x.map((value, n) => (420 * (across(value) - left) / (right - left || 1)).toFixed(1) + "," + (176 - 172 * (line.y[n] - low) / (high - low || 1)).toFixed(1));
    const path = document.createElementNS(SVG, "polyline");
    path.setAttribute("points", points.join(" "));
    path.setAttribute("class", "curve " + line.name);
    svg.append(path);
  }
  const axis = plot.x + " " + number(plot.log ? 10 ** left : left) + " to " + number(plot.log ? 10 ** right : right);
  figure.append(svg, made("figcaption", plot.title + ", dotted before; " + axis + "; " + number(low) + " to " + number(high)));
  return figure;
}

// --- a mine at every place: run after run, as the map grows

async function trySeen(event) {
  event.preventDefault();
  byId("try").disabled = true;
  const given = { mine: byId("mine").value.trim(), mine_depth_m: Number(byId("mine-depth").value) / 100, spacing_m: Number(byId("spacing").value) / 100 };
  const done = session.done.map((one) => [...one]);
  try {
    for (let run = 0, runs = 1; run < runs; run += 1) {
      byId("tried").textContent = "Run " + (run + 1) + (run ? " of " + runs : "") + " …";
      const found = await asked("/api/seen", asks({ ...given, done, run }));
      runs = found.runs;
      const titles = { confidence: "Confidence of its target", loss: "Part of its echo that filters take" };
      byId("seen-maps").replaceChildren(...Object.keys(titles).filter((name) => found.maps[name]).map((name) => pictured(titles[name], found.maps[name], ground, true)));
      byId("tried").textContent = "SIMULATED " + found.model + ": to be dug at " + found.found + " of " + found.told + " places, " + (found.places.length - found.told) + " beside recorded targets";
    }
  } catch (problem) {
    byId("tried").textContent = "Not tried: " + problem.message;
  }
  byId("try").disabled = false;
}

async function save() {
  byId("save").disabled = true;
  try {
    const found = await asked("/api/save", asks({}));
    tell("Saved: " + found.recipe + ", " + found.script + " and " + found.result);
  } catch (problem) {
    tell("NOT SAVED: " + problem.message);
  }
  byId("save").disabled = false;
}

function bind() {
  byId("undo").addEventListener("click", () => { if (session.done.length) { session.undone.push(session.done.pop()); look(); } });
  byId("redo").addEventListener("click", () => { if (session.undone.length) { session.done.push(session.undone.pop()); look(); } });
  byId("hold").addEventListener("click", () => { session.held = session.done.map((one) => [...one]); look(); });
  byId("save").addEventListener("click", save);
  byId("seen").addEventListener("submit", trySeen);
  byId("depth").addEventListener("change", () => { session.depth = Number(byId("depth").value) / 100; look(); });
}

async function start() {
  document.documentElement.dataset.theme = theme();
  const found = await asked("/words.json?language=en");
  words = found.words;
  byId("advice").textContent = say("advice");
  byId("simulated").textContent = say("simulated");
  const about = await asked("/api/session");
  byId("name").textContent = about.name;
  document.title = "Tune " + about.name + " · dualsense";
  keep = "dualsense-tune-" + about.name + "-" + about.out;
  try { Object.assign(session, JSON.parse(sessionStorage.getItem(keep) || "{}")); } catch { /* nothing was kept */ }
  bind();
  await look();
}

start().catch((problem) => tell("The program does not answer: " + problem.message));
