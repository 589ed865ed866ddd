"use strict";

// One lane: places are marked and decided, then handed in; what was there is shown only after that.

const key = location.pathname.split("/").pop();
const number = new URLSearchParams(location.search).get("lane") || "";
const frame = byId("page");
let linked = false;
let here = { chosen: null, x: 0, y: 0 };
let marks = [];
let chosen = -1;
let asking = false;
let missed = [];
let shownMissed = -1;
let done = false;
let scored = null;
let entry = "";

const send = (news) => { if (linked) frame.contentWindow.postMessage(news, "*"); };
// Who opened the lane: another name that is given elsewhere meanwhile is not who marked it.
const trainee = kept("trainee").trim();
const marked = "lane-" + key + "-" + encodeURIComponent(trainee.toLowerCase());

function tell(text) {
  byId("note").textContent = text;
  byId("note").hidden = !text;
}

// Every change of the marks has a name of its own: the one before may have been scored, and its answer lost.
function keep() {
  entry = newName();
  keepAs(marked, JSON.stringify({ marks, entry }));
}

window.addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow || !event.data) return;
  const news = event.data;
  if (news.kind === "ready") {
    linked = true;
    byId("mark").disabled = done;
    byId("hand-in").disabled = done;
    tell(marks.length ? "" : say("noMarks"));
    send({ kind: "hello", theme: theme(), language: tongue.language });
    showMarks();
  } else if (news.kind === "state") {
    here = { chosen: typeof news.chosen === "string" ? news.chosen : null, x: Number(news.x) || 0, y: Number(news.y) || 0 };
    setTheme(news.theme);
    setLanguage(String(news.language || "")).catch(() => {});
    if (!done && here.chosen) openMark(marks.findIndex((mark) => mark.id === here.chosen));
  }
});

const toCm = (metres) => 100 * metres;
const placeWords = (mark) => say("placeWords", { x: Math.round(toCm(mark.x_m)), y: Math.round(toCm(mark.y_m)) });

function showMarks() {
  send({ kind: "marks", marks: marks.map((mark) => ({ id: mark.id, call: mark.dig ? "suspect" : "likely-clutter", x: toCm(mark.x_m), y: toCm(mark.y_m), depth: null })) });
}

function openMark(index) {
  chosen = index;
  byId("one").hidden = index < 0;
  if (index < 0) return;
  const mark = marks[index];
  byId("one-title").textContent = say("counted", { what: mark.id, count: placeWords(mark) });
  for (const radio of document.querySelectorAll("input[name=verdict]")) radio.checked = (radio.value === "dig") === mark.dig;
  byId("chance").value = String(Math.round(100 * mark.chance));
  chanceText();
}

function chanceText() {
  const text = say("in100", { chance: byId("chance").value });
  byId("chance-text").textContent = text;
  byId("chance").setAttribute("aria-valuetext", text);
}

function rename() {
  marks.forEach((mark, index) => { mark.id = "M" + (index + 1); });
}

function addMark() {
  marks.push({ id: "", x_m: here.x / 100, y_m: here.y / 100, dig: true, chance: 0.5 });
  rename();
  changed();
  openMark(marks.length - 1);
  byId("close").focus();
}

function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function changed() {
  asking = false;
  tell("");
  keep();
  showMarks();
}

async function handIn() {
  if (!asking) {
    asking = true;
    openMark(-1);
    tell(say("sure", { count: marks.length }));
    return;
  }
  byId("hand-in").disabled = true;
  tell(say("scoring"));
  try {
    const found = await asked("/api/lanes/" + key + "/score", { entry, trainee, marks });
    done = true;
    byId("mark").disabled = true;
    keepAs(marked, "");
    tell("");
    scored = found;
    showScore(found);
  } catch (problem) {
    tell(say("notScored", { problem: problem.message }));
    byId("hand-in").disabled = false;
  }
}

// What lay there: its kind in the reader's words, and the name of its model as it is.
function whatWords(thing) {
  const kind = words["label_" + thing.label] === undefined ? thing.label : say("label_" + thing.label);
  return thing.model && thing.model !== thing.label ? kind + " " + thing.model : kind;
}

function fact(name, text) {
  const row = made("div");
  row.append(made("dt", name), made("dd", text));
  return row;
}

// What was there, on the map: mines that were missed first, each with its depth; then the trainee's own marks.
function showScore(found) {
  const rate = found.area_m2 > 0 ? (found.false_alarms / found.area_m2).toFixed(1) : "–";
  byId("facts").replaceChildren(
    fact(say("detection"), say("ofMines", { found: found.detected, mines: found.mines })),
    fact(say("falseAlarms"), say("perArea", { count: found.false_alarms, rate })),
    fact(say("took"), found.took_s === null ? say("unknownTime") : say("minutes", { minutes: Math.floor(found.took_s / 60), seconds: Math.round(found.took_s % 60) })),
  );
  const depth = (thing) => Math.round(toCm(thing.depth_m));
  const mines = found.objects.filter((thing) => thing.mine);
  missed = mines.filter((thing) => thing.outcome !== "dug").map((thing, index) => ({ ...thing, id: "?" + (index + 1) + " " + say("mineShort", { depth: depth(thing) }) }));
  byId("missed").textContent = missed.length ? "" : say("missedNone");
  byId("missed-list").replaceChildren(...missed.map((thing) => made("li", say("object", { what: whatWords(thing), depth: depth(thing), outcome: say("outcome_" + thing.outcome) }))));
  byId("next").hidden = !missed.length;
  const own = found.marks.map((mark) => ({ id: mark.id, call: mark.dig ? "suspect" : "likely-clutter", x: toCm(mark.x_m), y: toCm(mark.y_m), depth: null }));
  const others = found.objects.filter((thing) => !thing.mine).map((thing) => ({ id: whatWords(thing), call: "not-assessable", x: toCm(thing.x_m), y: toCm(thing.y_m), depth: toCm(thing.depth_m) }));
  const there = missed.map((thing) => ({ id: thing.id, call: "unclear", x: toCm(thing.x_m), y: toCm(thing.y_m), depth: toCm(thing.depth_m) }));
  const hits = mines.filter((thing) => thing.outcome === "dug").map((thing) => ({ id: say("mineShort", { depth: depth(thing) }), call: "unclear", x: toCm(thing.x_m), y: toCm(thing.y_m), depth: toCm(thing.depth_m) }));
  send({ kind: "marks", marks: [...there, ...hits, ...own, ...others] });
  byId("result").hidden = false;
  byId("next").focus();
}

function nextMissed() {
  shownMissed = (shownMissed + 1) % missed.length;
  const thing = missed[shownMissed];
  send({ kind: "choose", id: thing.id });
  byId("missed").textContent = say("object", { what: whatWords(thing), depth: Math.round(toCm(thing.depth_m)), outcome: say("outcome_" + thing.outcome) });
}

function word() {
  choices(byId("verdict"), "verdict", ["dig", "leave"], say("verdict"), (value) => say(value === "dig" ? "decision_dig" : "verdict_leave"), "dig");
  document.title = say("lane", { number }) + " · dualsense";
  byId("title").textContent = say("lane", { number });
  frame.title = say("lane", { number });
  asking = false;
  if (linked) tell(done || marks.length ? "" : say("noMarks"));
  if (chosen >= 0) openMark(chosen);
  if (scored) showScore(scored);
}

function bind() {
  byId("verdict").addEventListener("change", (event) => { marks[chosen].dig = event.target.value === "dig"; changed(); });
  byId("chance").addEventListener("input", () => { marks[chosen].chance = Number(byId("chance").value) / 100; chanceText(); keep(); });
  byId("close").addEventListener("click", () => { openMark(-1); byId("mark").focus(); });
  byId("remove").addEventListener("click", () => { marks.splice(chosen, 1); rename(); openMark(-1); changed(); });
  byId("mark").addEventListener("click", addMark);
  byId("hand-in").addEventListener("click", handIn);
  byId("next").addEventListener("click", nextMissed);
}

begin(async () => {
  if (!trainee) { location.replace("/"); return; }
  word();
  entry = newName();
  try {
    const found = JSON.parse(kept(marked));
    if (found && Array.isArray(found.marks)) ({ marks, entry } = found);
  } catch { /* nothing was kept */ }
  bind();
  tell(say("preparing"));
  frame.src = "/lanes/" + key + "/page.html?trainee=" + encodeURIComponent(trainee);
}, word).catch((problem) => tell(say("lost", { problem: problem.message })));
