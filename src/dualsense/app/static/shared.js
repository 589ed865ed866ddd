"use strict";

// What all pages share: sentences, themes, elements, and the way to the server.

const byId = (id) => document.getElementById(id);
let words = {};
let tongue = { language: "en", direction: "ltr", decimal: ".", reviewed: true, languages: [] };
const LETTERS_MS = 1500;
let wished = "";
let respoken = () => {};

function kept(name) {
  try { return localStorage.getItem("dualsense-" + name) || ""; } catch { return ""; }
}

function keepAs(name, text) {
  try { localStorage.setItem("dualsense-" + name, text); } catch { /* a browser may keep nothing */ }
}

// A value as the language writes it; among words from the right it keeps a direction of its own.
function written(value) {
  const text = String(value);
  const shown = tongue.decimal === "." ? text : text.replace(/^([-−]?\d+)\.(?=\d+$)/, "$1" + tongue.decimal);
  return tongue.direction === "rtl" ? "\u2068" + shown + "\u2069" : shown;
}

function say(name, values = {}) {
  const text = words[name] === undefined ? name : words[name];
  return text.replace(/\{(\w+)\}/g, (_, key) => written(values[key]));
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
  return THEMES.includes(kept("theme")) ? kept("theme") : "light";
}

function setTheme(name) {
  if (!THEMES.includes(name)) return;
  document.documentElement.dataset.theme = name;
  keepAs("theme", name);
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
  place.onchange = (event) => setTheme(event.target.value);
}

function showLanguages() {
  const select = byId("language");
  if (!select) return;
  select.replaceChildren(...tongue.languages.map((one) => {
    const option = made("option", one.name);
    option.value = one.code;
    option.lang = one.code;
    return option;
  }));
  select.value = tongue.language;
  select.onchange = () => { setLanguage(select.value).catch(() => { select.value = tongue.language; }); };
}

const percentDown = (part) => (typeof part === "number" ? say("percent", { share: Math.floor(part * 100 + 1e-9) }) : say("unknownPart"));

// Letters of another script are there before the words are: what is drawn without them may stay boxes.
async function lettersOf(text) {
  if (!document.fonts) return;
  const loaded = document.fonts.load('17px "dualsense letters"', text).catch(() => {});
  await Promise.race([loaded, new Promise((done) => { setTimeout(done, LETTERS_MS); })]);
}

// Fill every element that names its sentence; of several wishes the last one holds.
async function speak(code) {
  wished = code;
  const found = await asked("/words.json?language=" + encodeURIComponent(code));
  await lettersOf(Object.values(found.words).join(""));
  if (wished !== code) return;
  tongue = found;
  wished = found.language;
  words = tongue.words;
  document.documentElement.lang = tongue.language;
  document.documentElement.dir = tongue.direction;
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  const unreviewed = byId("unreviewed");
  if (unreviewed) { unreviewed.textContent = say("notReviewed"); unreviewed.hidden = tongue.reviewed; }
  showThemes();
  showLanguages();
}

async function setLanguage(code) {
  if (!code || code === wished) return;
  await speak(code);
  keepAs("language", code);
  respoken();
}

// Speak, then begin; what the page itself worded is worded again when another language is chosen.
async function begin(start, again) {
  document.documentElement.dataset.theme = theme();
  await speak(kept("language"));
  respoken = again;
  await start();
}
