"use strict";

// The lanes, and what a trainee's scores add up to.

const LOOK_MS = 2000;
let shown = "";
const SVG = "http://www.w3.org/2000/svg";

function trainee() {
  return byId("trainee").value.trim();
}

const levelWords = (level) => say("levelOf", { level: say("level_" + level) });

function card(lane) {
  const ready = lane.state === "ready";
  const one = made(ready ? "a" : "div", "", "card" + (lane.state === "failed" ? " failed" : ready ? "" : " waiting"));
  const text = made("div", "", "words");
  text.append(made("strong", say("lane", { number: lane.number }), "title"));
  if (lane.simulated) text.append(made("span", say("simulated"), "simulated"));
  else if (ready) text.append(made("span", say("recordedLane")));
  if (lane.level) text.append(made("span", levelWords(lane.level)));
  if (lane.state === "failed") text.append(made("span", say("laneFailed"), "dig"), made("span", lane.problem));
  else if (!ready) text.append(made("span", say(lane.state)));
  else text.append(made("span", say(lane.done ? "againLane" : "startLane"), "dig"));
  if (lane.done) text.append(made("span", say("laneDone"), "tag"));
  one.append(text);
  if (ready) {
    one.href = "/lane/" + lane.key + "?lane=" + lane.number;
    one.addEventListener("click", (event) => {
      // Whoever's name stands there now works through the lane.
      keepAs("trainee", trainee());
      if (trainee()) return;
      event.preventDefault();
      byId("note").textContent = say("needName");
      byId("trainee").focus();
    });
  }
  const item = made("li");
  item.append(one);
  return item;
}

function fact(name, text) {
  const row = made("div");
  row.append(made("dt", name), made("dd", text));
  return row;
}

const per100 = (part) => String(Math.round(100 * part));

function minutes(seconds) {
  return say("minutes", { minutes: Math.floor(seconds / 60), seconds: Math.round(seconds % 60) });
}

function shape(tag, attributes) {
  const one = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, String(value));
  return one;
}

// Stated chances along, what happened upwards, with exact intervals: on the line both agree.
function diagram(bins) {
  const size = 300;
  const x = (part) => 50 + part * (size - 70);
  const y = (part) => size - 50 - part * (size - 70);
  const picture = shape("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": say("reliability") });
  picture.append(shape("rect", { x: x(0), y: y(1), width: x(1) - x(0), height: y(0) - y(1), class: "frame" }));
  picture.append(shape("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: "honest" }));
  for (const part of [0, 0.5, 1]) {
    const below = shape("text", { x: x(part), y: y(0) + 18, "text-anchor": "middle" });
    const beside = shape("text", { x: x(0) - 6, y: y(part) + 5, "text-anchor": "end" });
    below.textContent = per100(part);
    beside.textContent = per100(part);
    picture.append(below, beside);
  }
  for (const [words_, at] of [[say("said"), { x: x(0.5), y: size - 12, "text-anchor": "middle" }], [say("was"), { x: 14, y: y(0.5), "text-anchor": "middle", transform: `rotate(-90 14 ${y(0.5)})` }]]) {
    const text = shape("text", at);
    text.textContent = words_;
    picture.append(text);
  }
  for (const bin of bins) {
    if (!bin.count) continue;
    picture.append(shape("line", { x1: x(bin.stated), x2: x(bin.stated), y1: y(bin.least), y2: y(bin.most), class: "spread" }));
    picture.append(shape("circle", { cx: x(bin.stated), cy: y(bin.happened), r: 6, class: "point" }));
  }
  return picture;
}

function showSummary(found) {
  byId("summary").hidden = !found.lanes;
  if (!found.lanes) return;
  const [low, high] = found.detection_interval.map(per100);
  const rows = [
    fact(say("summaryLanes"), String(found.lanes)),
    fact(say("detection"), say("between", { value: say("ofMines", { found: found.detected, mines: found.mines }), low: low + " %", high: high + " %" })),
  ];
  if (found.false_alarms_m2 !== null) {
    const [least, most] = found.false_alarm_interval.map((rate) => rate.toFixed(1));
    rows.push(fact(say("falseAlarms"), say("between", { value: say("perArea", { count: found.false_alarms, rate: found.false_alarms_m2.toFixed(1) }), low: least, high: most })));
  }
  rows.push(fact(say("took"), minutes(found.time_s)));
  byId("facts").replaceChildren(...rows);
  byId("diagram").replaceChildren(diagram(found.bins));
  const lines = found.bins.filter((bin) => bin.count).map((bin) => made("li", say("reliabilityName", {
    said: per100(bin.low) + "–" + per100(bin.high), stated: per100(bin.stated), happened: per100(bin.happened), count: bin.count,
  })));
  if (found.repeated) lines.push(made("li", say("repeated", { count: found.repeated })));
  byId("bins").replaceChildren(...lines);
}

async function look() {
  try {
    const name = encodeURIComponent(trainee());
    const found = await asked("/api/lanes?trainee=" + name);
    const now = JSON.stringify(found) + name + tongue.language;
    if (now !== shown) {
      shown = now;
      byId("level").textContent = found.level ? levelWords(found.level) : "";
      byId("lanes").replaceChildren(...found.lanes.map(card));
      byId("note").textContent = found.lanes.length ? "" : say("noLanes");
      showSummary(await asked("/api/summary?trainee=" + name));
    }
  } catch (problem) {
    byId("note").textContent = say("lost", { problem: problem.message });
  }
}

async function looking() {
  await look();
  setTimeout(looking, LOOK_MS);
}

// Before anything is waited for: a name that came later would stand within the one that is being typed.
if (!trainee()) byId("trainee").value = kept("trainee");

begin(async () => {
  document.title = say("training") + " · dualsense";
  byId("trainee").addEventListener("change", () => {
    keepAs("trainee", trainee());
    look();
  });
  await looking();
}, () => { document.title = say("training") + " · dualsense"; look(); }).catch((problem) => { byId("note").textContent = problem.message; });
