"use strict";

// One result: its report in a frame of its own origin, the operator's controls over it, and what is decided.

const key = location.pathname.split("/").pop();
const frame = byId("page");
const PLACE = "";
const READY_MS = 6000;
let linked = false;
let list = { targets: [] };
let here = { chosen: null, x: 0, y: 0 };
let decisions = [];
let stored = { permittivity: null, deepest: 25 };

const address = (file) => "/results/" + key + "/" + file;
const send = (news) => { if (linked) frame.contentWindow.postMessage(news, "*"); };

function tell(text) {
  byId("note").textContent = text;
  byId("note").hidden = !text;
}

function opened(button, section, open) {
  button.setAttribute("aria-expanded", String(open));
  section.hidden = !open;
}

// --- the report in its frame

window.addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow || !event.data) return;
  const news = event.data;
  if (news.kind === "ready") {
    linked = true;
    tell("");
    send({ kind: "hello", theme: theme(), language: tongue.language });
    showDecided();
  } else if (news.kind === "state") {
    here = { chosen: typeof news.chosen === "string" ? news.chosen : null, x: Number(news.x) || 0, y: Number(news.y) || 0 };
    setTheme(news.theme);
    setLanguage(String(news.language || "")).catch(() => {});
    follow();
  }
});

// --- the operator's controls over the image

const slider = (name) => Number(byId(name).value);
const own = { permittivity: false, depths: false };
let wanted = null;
let busy = false;

function controlsText() {
  const cm = (value) => say("centimetres", { depth: value });
  const permittivity = own.permittivity ? slider("permittivity").toFixed(1) : stored.permittivity === null ? "–" : stored.permittivity.toFixed(2);
  const texts = {
    start: cm(slider("start")),
    stop: cm(slider("stop")),
    permittivity: say(own.permittivity ? "byOperator" : "asStored", { value: permittivity }),
    threshold: slider("threshold") ? say("ofScale", { share: slider("threshold") }) : say("hidesNone"),
  };
  for (const [name, text] of Object.entries(texts)) {
    byId(name + "-text").textContent = text;
    byId(name).setAttribute("aria-valuetext", text);
  }
}

// What on the page is not as it was stored, in words that stand over the map.
function noteText() {
  const parts = [];
  if (own.permittivity) parts.push(say("ownPermittivity", { own: slider("permittivity").toFixed(1), stored: stored.permittivity === null ? "–" : stored.permittivity.toFixed(2) }));
  if (own.depths) parts.push(say("ownDepths", { start: slider("start"), stop: slider("stop") }));
  if (slider("threshold")) parts.push(say("ownThreshold", { share: slider("threshold") }));
  return parts.join(" ");
}

function asks() {
  return {
    relative_permittivity: own.permittivity ? slider("permittivity") : null,
    start_depth_m: own.depths ? slider("start") / 100 : null,
    stop_depth_m: own.depths ? slider("stop") / 100 : null,
  };
}

// One image at a time; while it is made only the last wish is kept.
async function image() {
  wanted = { ask: asks(), note: noteText(), quick: own.permittivity };
  if (busy) return;
  busy = true;
  while (wanted) {
    const { ask, note, quick } = wanted;
    wanted = null;
    const began = performance.now();
    byId("imaged").textContent = say("imaging");
    try {
      const found = await asked("/api/results/" + key + "/image", { ...ask, quick });
      if (typeof found.stored_permittivity === "number") stored = { permittivity: found.stored_permittivity, deepest: 100 * found.deepest_m };
      send({ kind: "image", image: found.image, note });
      const took = (performance.now() - began) / 1000;
      byId("imaged").dataset[quick ? "quick" : "sharp"] = String(took);
      byId("imaged").textContent = say(quick ? "sharpening" : "imaged", { time: took.toFixed(1) });
      // A coarse image follows the finger, and the whole one comes when it rests.
      if (quick && !wanted) wanted = { ask, note, quick: false };
    } catch (problem) {
      byId("imaged").textContent = say("notImaged", { problem: problem.message });
    }
  }
  busy = false;
}

function onSlider(name) {
  byId(name).addEventListener("input", () => {
    if (name === "start" && slider("start") >= slider("stop")) byId("stop").value = String(slider("start") + 1);
    if (name === "stop" && slider("start") >= slider("stop")) byId("start").value = String(slider("stop") - 1);
    if (name === "permittivity") own.permittivity = true;
    if (name === "start" || name === "stop") own.depths = true;
    controlsText();
    if (name === "threshold") send({ kind: "floor", floor: slider("threshold") / 100, note: noteText() });
    else image();
  });
}

function fitControls() {
  if (stored.permittivity !== null && !own.permittivity) byId("permittivity").value = String(stored.permittivity);
  if (!own.depths) { byId("start").value = "0"; byId("stop").value = String(Math.round(stored.deepest)); }
  controlsText();
}

async function openControls() {
  const open = byId("controls").hidden;
  opened(byId("controls-button"), byId("controls"), open);
  if (open) send({ kind: "look" });
  if (!open || stored.permittivity !== null) { controlsText(); return; }
  byId("imaged").textContent = say("imaging");
  try {
    // The first look reads the result, and the second one the scan: then a change costs the image alone.
    const found = await asked("/api/results/" + key + "/image", asks());
    if (typeof found.stored_permittivity === "number") stored = { permittivity: found.stored_permittivity, deepest: 100 * found.deepest_m };
    fitControls();
    await asked("/api/results/" + key + "/image", { relative_permittivity: stored.permittivity, quick: true });
    byId("imaged").textContent = "";
  } catch (problem) {
    byId("imaged").textContent = say("notImaged", { problem: problem.message });
    byId("permittivity").disabled = true;
  }
  controlsText();
}

function reset() {
  own.permittivity = false;
  own.depths = false;
  byId("threshold").value = "0";
  fitControls();
  send({ kind: "floor", floor: 0, note: "" });
  image();
}

// --- decisions

function chosenTarget() {
  return byId("target").value;
}

function placeWords() {
  return say("placeWords", { x: Math.round(here.x), y: Math.round(here.y) });
}

// The list follows what is chosen on the map.
function follow() {
  const select = byId("target");
  const known = [...select.options].some((option) => option.value === here.chosen);
  const now = known ? here.chosen : PLACE;
  select.options[select.options.length - 1].textContent = say("placeChoice") + ": " + placeWords();
  if (select.value !== now) { select.value = now; fresh(); }
  showHistory();
}

function showTargets() {
  const select = byId("target");
  const options = list.targets.map((target) => {
    const option = made("option", target.id + " · " + say("call_" + target.call));
    option.value = target.id;
    return option;
  });
  const place = made("option", say("placeChoice"));
  place.value = PLACE;
  select.replaceChildren(...options, place);
}

// What was typed for one target is never recorded for another.
function fresh() {
  for (const radio of document.querySelectorAll("input[name=decision]")) radio.checked = false;
  byId("found").value = "";
  byId("reason").value = "";
  byId("recorded").textContent = "";
}

function entryText(row) {
  const parts = [row.time, row.operator, say("decision_" + row.decision)];
  if (row.found) parts.push(say("found") + ": " + say("found_" + row.found));
  if (row.note) parts.push(row.note);
  if (!row.of_this_result) parts.push(say("earlier"));
  return parts.join(" · ");
}

function showHistory() {
  const target = chosenTarget();
  const near = (row) => row.target === PLACE && Math.hypot(100 * row.x_m - here.x, 100 * row.y_m - here.y) < 10;
  const rows = decisions.filter((row) => (target === PLACE ? near(row) : row.target === target && row.of_this_result)).reverse();
  byId("history").replaceChildren(...(rows.length ? rows.map((row) => made("li", entryText(row))) : [made("li", say("noHistory"))]));
  const name = target || placeWords();
  byId("decide-button").textContent = say("decide") + " · " + name;
}

function showDecided() {
  const names = {};
  for (const row of decisions) {
    if (row.target && row.of_this_result) names[row.target] = say("decision_" + row.decision) + (row.found ? ", " + say("found_" + row.found) : "");
  }
  send({ kind: "decided", names });
}

async function readDecisions() {
  const found = await asked("/api/results/" + key + "/decisions");
  decisions = found.decisions;
  if (found.torn) tell(say("torn", { count: found.torn }));
  showDecided();
  showHistory();
}

async function record(event) {
  event.preventDefault();
  const decision = document.querySelector("input[name=decision]:checked");
  const operator = byId("operator").value.trim();
  if (!decision || !operator) { byId("recorded").textContent = say("needed"); return; }
  if (decision.value === "left" && !byId("reason").value.trim()) { byId("recorded").textContent = say("leftHint"); byId("reason").focus(); return; }
  const target = chosenTarget();
  const given = { entry: newName(), operator, target, decision: decision.value, found: byId("found").value || null, note: byId("reason").value };
  if (target === PLACE) Object.assign(given, { x_m: here.x / 100, y_m: here.y / 100 });
  byId("record").disabled = true;
  byId("recorded").textContent = say("recording");
  try {
    keepAs("operator", operator);
    await sent(given);
    const name = target || placeWords();
    fresh();
    byId("recorded").textContent = say("recorded", { target: name, decision: say("decision_" + given.decision) });
    await readDecisions();
  } catch (problem) {
    byId("recorded").textContent = say("notRecorded", { problem: problem.message });
  }
  byId("record").disabled = false;
}

// Asked twice under one name, so that an answer that got lost makes no second entry.
async function sent(given) {
  try { return await asked("/api/results/" + key + "/decisions", given); } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem;
    await new Promise((done) => { setTimeout(done, 1000); });
    return asked("/api/results/" + key + "/decisions", given);
  }
}

function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// All that was worded here, in the language at hand; what was chosen and typed stays.
function word() {
  const decided = document.querySelector("input[name=decision]:checked");
  const found = byId("found").value;
  const target = byId("target").value;
  choices(byId("decision"), "decision", ["dig", "marked", "left"], say("decision"), (value) => say("decision_" + value), decided ? decided.value : "");
  byId("found").replaceChildren(...["", "mine", "other-explosive", "metal", "other-object", "nothing"].map((value) => {
    const option = made("option", say("found_" + (value || "none")));
    option.value = value;
    return option;
  }));
  byId("found").value = found;
  frame.title = say("frame");
  showTargets();
  if ([...byId("target").options].some((option) => option.value === target)) byId("target").value = target;
  follow();
  controlsText();
  showDecided();
}

function bind() {
  byId("operator").value = kept("operator");
  byId("csv").href = address("decisions.csv");
  byId("json").href = address("decisions.json");
  byId("controls-button").addEventListener("click", openControls);
  byId("reset").addEventListener("click", reset);
  ["start", "stop", "permittivity", "threshold"].forEach(onSlider);
  byId("decide-button").addEventListener("click", () => {
    opened(byId("decide-button"), byId("decide"), byId("decide").hidden);
    if (!byId("decide").hidden) byId("target").focus();
  });
  byId("close").addEventListener("click", () => { opened(byId("decide-button"), byId("decide"), false); byId("decide-button").focus(); });
  byId("target").addEventListener("change", () => {
    fresh();
    if (chosenTarget()) send({ kind: "choose", id: chosenTarget() });
    showHistory();
  });
  byId("form").addEventListener("submit", record);
}

begin(async () => {
  const folder = await asked("/api/folder");
  byId("back").hidden = Boolean(folder.single);
  list = await asked(address("targets.json"));
  document.title = (list.scan_id || "–") + " · dualsense";
  byId("title").textContent = list.scan_id || "–";
  bind();
  word();
  await readDecisions();
  frame.src = address("report.html");
  setTimeout(() => { if (!linked) tell(say("older")); }, READY_MS);
}, word).catch((problem) => tell(say("lost", { problem: problem.message })));
