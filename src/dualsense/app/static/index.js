"use strict";

// The folder: every scan and every result, looked at again and again.

const LOOK_MS = 1500;
let shown = "";
let single = "";

function callsText(result) {
  const parts = Object.entries(result.calls).map(([call, count]) => say("counted", { what: say("call_" + call), count }));
  return parts.length ? parts.join(", ") : say("noTargets");
}

// What must be dug comes first, and nothing called is never all that is said.
function digText(result) {
  if (result.dig) return say("toDig", { count: result.dig });
  return result.coverage_fraction ? say("noDig") : say("nothingCovered");
}

function title(result) {
  return result.name === "." || result.name === "" ? result.scan_id || "–" : result.name;
}

function thumbnail(result) {
  const picture = made("img");
  picture.alt = say("thumbnail", { name: title(result) });
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.src = "/results/" + result.key + "/" + (result.pictures.includes("fused.png") ? "fused.png" : result.pictures[0]);
  return picture;
}

function doneCard(result) {
  const link = made("a", "", "card" + (result.dig ? " danger" : ""));
  link.href = "/view/" + result.key;
  link.setAttribute("aria-label", say("openScan", { name: title(result) }) + ". " + [digText(result), callsText(result)].join(". "));
  if (result.pictures.length) link.append(thumbnail(result));
  const text = made("div", "", "words");
  text.append(made("strong", title(result), "title"));
  if (result.source === "simulated") text.append(made("span", say("simulated"), "simulated"));
  text.append(made("span", digText(result), "dig"), made("span", callsText(result)));
  text.append(made("span", say("coverage", { part: percentDown(result.coverage_fraction) })));
  if (result.faults) {
    text.append(made("span", say("faults", { count: result.faults }), result.failed ? "fault failed" : "fault"));
    for (const sentence of result.fault_words.slice(0, 2)) text.append(made("span", sentence, "small"));
  }
  if (result.decided) text.append(made("span", say("decidedCount", { count: result.decided }), "tag"));
  link.append(text);
  return link;
}

const rested = (wait) => new Promise((done) => setTimeout(done, wait));

// A page that nobody sees asks for nothing.
function seen() {
  if (!document.hidden) return null;
  return new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

function loaded(picture, address) {
  return new Promise((done, failed) => {
    picture.onload = done;
    picture.onerror = () => failed(new Error(address));
    picture.src = address;
  });
}

// The server answers once there is another picture than the last: a file that rests is asked for once a second.
async function follow(result, place) {
  const picture = made("img");
  picture.alt = say("thumbnail", { name: title(result) });
  let last = "";
  do {
    try {
      const { picture: name } = await asked("/api/recordings/" + result.key + "?seen=" + last);
      if (name && name !== last) {
        await loaded(picture, "/recordings/" + result.key + ".png?at=" + name);
        if (!last) place.replaceChildren(picture);
        last = name;
      }
    } catch {
      await rested(LOOK_MS);
    }
    await seen();
  } while (place.isConnected);
}

// What a recorder has written so far; words until there is a picture of it.
function growing(result) {
  const place = made("div", "", "growing");
  place.append(made("p", say("recordingRead")));
  follow(result, place);
  return place;
}

function otherCard(result) {
  const card = made("div", "", "card " + (result.problem ? "failed" : result.state));
  if (result.state === "recording") card.append(growing(result));
  const text = made("div", "", "words");
  text.append(made("strong", title(result), "title"));
  if (result.problem) {
    text.append(made("span", say("failed"), "dig"), made("span", result.problem));
  } else {
    text.append(made("span", say(result.state === "recording" ? "beingRecorded" : result.state)));
  }
  card.append(text);
  return card;
}

function entry(result) {
  const item = made("li");
  item.append(result.problem || result.state !== "done" ? otherCard(result) : doneCard(result));
  return item;
}

function tell(text) {
  if (byId("note").textContent !== text) byId("note").textContent = text;
}

let looks = 0;

async function look() {
  const turn = ++looks;
  try {
    const results = await asked("/api/results?language=" + tongue.language);
    if (turn !== looks) return;
    const now = tongue.language + JSON.stringify(results);
    if (single && results.some((one) => one.key === single && !one.problem)) { location.replace("/view/" + single); return; }
    if (now !== shown) {
      // Where the finger or the keyboard is, it stays.
      const held = document.activeElement && document.activeElement.href;
      shown = now;
      byId("results").replaceChildren(...results.map(entry));
      if (held) { const same = [...document.querySelectorAll("a.card")].find((one) => one.href === held); if (same) same.focus(); }
    }
    tell(results.length ? say("counted", { what: say("scans"), count: results.length }) : say("noScans"));
  } catch (problem) {
    tell(say("lost", { problem: problem.message }));
  }
  if (turn === looks) setTimeout(look, LOOK_MS);
}

begin(async () => {
  tell(say("reading"));
  const folder = await asked("/api/folder");
  single = new URLSearchParams(location.search).has("list") ? "" : folder.single;
  byId("name").textContent = folder.name;
  document.title = folder.name ? folder.name + " · dualsense" : "dualsense";
  await look();
}, look).catch((problem) => tell(String(problem.message)));
