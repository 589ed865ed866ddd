"use strict";

const byId = (id) => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

const address = (result, file) => "/results/" + result.key + "/" + encodeURIComponent(file);

const title = (result) => (result.name === "." ? result.scan_id || "this folder" : result.name);
const number = (value, digits) => (typeof value === "number" ? value.toFixed(digits) : "–");
const percent = (value) => (typeof value === "number" ? Math.floor(value * 100 + 1e-9) + " %" : "–");

function callsText(calls) {
  const parts = Object.entries(calls).map(([call, count]) => count + " " + call);
  return parts.length ? parts.join(", ") : "no target in what was covered";
}

async function open(result, button) {
  for (const other of document.querySelectorAll("#results button")) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", "true");
  const answer = await fetch(address(result, "targets.json"));
  if (!answer.ok) throw new Error("targets.json: " + answer.status);
  const found = await answer.json();
  byId("name").textContent = title(result);
  byId("facts").textContent =
    number(found.area_m2, 2) + " m², both sensors covered " + percent(found.coverage_fraction) +
    "; confidence by " + found.model;
  byId("report").hidden = !result.report;
  byId("report").href = address(result, "report.html");
  byId("targets").replaceChildren(...found.targets.map(row));
  byId("pictures").replaceChildren(...result.pictures.map((file) => picture(result, file)));
  byId("result").hidden = false;
}

function row(target) {
  const cells = element("tr", "");
  cells.append(
    element("td", target.id),
    element("td", target.call, target.call === "suspect" ? "suspect" : ""),
    element("td", number(target.x_m, 2), "number"),
    element("td", number(target.y_m, 2), "number"),
    element("td", number(target.depth_m, 2), "number"),
    element("td", number(target.confidence, 2), "number"),
    element("td", target.reasons.join("; ")),
  );
  return cells;
}

function picture(result, file) {
  const figure = element("figure", "");
  const image = document.createElement("img");
  image.src = address(result, file);
  image.alt = file.replace(/\.png$/, "").replaceAll("_", " ");
  image.loading = "lazy";
  figure.append(image, element("figcaption", image.alt));
  return figure;
}

function entry(result) {
  const item = element("li", "");
  const button = element("button", "");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.append(element("strong", title(result)));
  if (result.problem) {
    button.disabled = true;
    button.append(element("span", result.problem));
  } else {
    button.append(element("span", callsText(result.calls)));
    button.append(element("span", "both sensors covered " + percent(result.coverage_fraction)));
    button.addEventListener("click", () => open(result, button).catch(tell));
  }
  item.append(button);
  return item;
}

function tell(problem) {
  byId("note").textContent = String(problem.message || problem);
}

async function start() {
  const answer = await fetch("/api/results");
  if (!answer.ok) throw new Error("the list of results: " + answer.status);
  const results = await answer.json();
  byId("results").replaceChildren(...results.map(entry));
  tell(results.length ? results.length + (results.length === 1 ? " scan" : " scans") : "No results in this folder yet.");
  if (results.length === 1 && !results[0].problem) document.querySelector("#results button").click();
}

start().catch(tell);
