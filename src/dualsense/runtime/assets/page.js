"use strict";

// What every page with its data inline begins with: what a reader keeps, and the words of their language.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
let code = data.first;

function kept(name) {
  try { return localStorage.getItem("dualsense-" + name) || ""; } catch { return ""; }
}

function keepAs(name, text) {
  try { localStorage.setItem("dualsense-" + name, text); } catch { /* a browser may keep nothing */ }
}

function written(value) {
  const tongue = data.tongues[code];
  const text = String(value);
  const shown = tongue.decimal === "." ? text : text.replace(/^([-−]?\d+)\.(?=\d+$)/, "$1" + tongue.decimal);
  return tongue.direction === "rtl" ? "\u2068" + shown + "\u2069" : shown;
}

function say(name, values = {}) {
  return data.tongues[code].say[name].replace(/\{(\w+)\}/g, (_, key) => written(values[key]));
}

function made(tag, text = "", className = "") {
  const one = document.createElement(tag);
  if (text) one.textContent = text;
  if (className) one.className = className;
  return one;
}

function choicesOf(select, values, word, chosen) {
  select.replaceChildren(...values.map((value) => {
    const option = made("option", word(value));
    option.value = value;
    return option;
  }));
  select.value = values.includes(chosen) ? chosen : values[0];
}

const LOOKS_OF_PAGE = ["light", "dark", "sun"];
const theme = () => document.documentElement.dataset.theme;

function setTheme(name) {
  document.documentElement.dataset.theme = LOOKS_OF_PAGE.includes(name) ? name : "light";
}

// What stands on the page itself, in a language; what is made of the data is for the page to say anew.
function speakPage(wished, sum) {
  code = data.tongues[wished] ? wished : data.first;
  const tongue = data.tongues[code];
  document.documentElement.lang = code;
  document.documentElement.dir = tongue.direction;
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  byId("unreviewed").hidden = tongue.reviewed;
  byId("sum").textContent = sum();
  choicesOf(byId("language"), Object.keys(data.tongues), (one) => data.tongues[one].name, code);
  choicesOf(byId("theme"), LOOKS_OF_PAGE, (one) => say("look_" + one), theme());
}

// Begin as this reader left it, and follow what they choose.
function begin(speak, show) {
  byId("language").addEventListener("change", (event) => { keepAs("language", event.target.value); speak(event.target.value); });
  byId("theme").addEventListener("change", (event) => { setTheme(event.target.value); keepAs("theme", event.target.value); show(); });
  setTheme(kept("theme"));
  speak(kept("language") || data.first);
}
