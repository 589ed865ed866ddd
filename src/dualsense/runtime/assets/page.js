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

