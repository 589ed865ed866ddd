"use strict";

// What all pages share: sentences, themes, elements, and the way to the server.

const byId = (id) => document.getElementById(id);
let words = {};

function say(name, values = {}) {
  const text = words[name] === undefined ? name : words[name];
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

// A new element; what comes from a scan only ever becomes text.
function made(tag, text = "", className = "") {
  const one = document.createElement(tag);
  if (text) one.textContent = text;
  if (className) one.className = className;
  return one;
}

async function asked(address, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(address, { ...options, cache: "no-store" });
  const found = await answer.json().catch(() => ({ problem: String(answer.status) }));
  if (!answer.ok) throw new Error(found.problem || String(answer.status));
  return found;
}

const THEMES = ["light", "dark", "sun"];

function theme() {
  try { const kept = localStorage.getItem("dualsense-theme"); return THEMES.includes(kept) ? kept : "light"; } catch { return "light"; }
}

function setTheme(name) {
  if (!THEMES.includes(name)) return;
  document.documentElement.dataset.theme = name;
  try { localStorage.setItem("dualsense-theme", name); } catch { /* a browser may keep nothing */ }
  for (const radio of document.querySelectorAll("input[name=theme]")) radio.checked = radio.value === name;
}

// Radio buttons that look like one row of keys.
function choices(place, name, values, legend, words_, chosen) {
  const title = made("legend", legend, "unseen");
  const keys = values.map((value) => {
    const label = made("label", "", "choice");
    const radio = made("input");
    radio.type = "radio";
    radio.name = name;
    radio.value = value;
    radio.checked = value === chosen;
    label.append(radio, made("span", words_(value)));
    return label;
  });
  place.replaceChildren(title, ...keys);
}

function showThemes() {
  setTheme(theme());
  const place = byId("themes");
  if (!place) return;
  choices(place, "theme", THEMES, say("look"), (name) => say("look_" + name), theme());
  place.addEventListener("change", (event) => setTheme(event.target.value));
}

const percentDown = (part) => (typeof part === "number" ? say("percent", { share: Math.floor(part * 100 + 1e-9) }) : say("unknownPart"));

// Fill every element that names its sentence, and then begin.
async function begin(start) {
  document.documentElement.dataset.theme = theme();
  words = await asked("/words.json");
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  showThemes();
  await start();
}
