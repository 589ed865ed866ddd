// The page over a batch: which scans to look at, and what went wrong. What comes from a scan only ever becomes text.

let sorted = { name: "", down: false };

const digs = (scan) => data.open.reduce((sum, call) => sum + (scan.calls ? scan.calls[call] || 0 : 0), 0);
const GRADES = ["red", "amber", "", "green"];
const limiting = (scan) => (scan.fault_codes || []).length;

// The gravest comes first where a head is pressed for the first time.
const COLUMNS = [
  { name: "scan", word: () => say("scan"), value: (scan) => scan.name, down: false },
  { name: "targets", word: () => say("targets"), value: (scan) => (scan.error ? 1e9 : scan.coverage_fraction ? digs(scan) : 1e8 + digs(scan)), down: true },
  { name: "covered", word: () => say("covered"), value: (scan) => (scan.error ? -1 : scan.coverage_fraction), down: false },
  { name: "survey", word: () => say("survey"), value: (scan) => (scan.error ? -1 : GRADES.indexOf(scan.survey || "")), down: false },
  { name: "faults", word: () => say("faultKinds"), value: (scan) => (scan.error ? 1e9 : limiting(scan)), down: true },
  { name: "took", word: () => say("took"), value: (scan) => scan.took_s || 0, down: true },
];

const codes = [...new Set(data.scans.flatMap((scan) => scan.fault_codes || []))].sort();
const ONLY = ["all", "dig", "failed", "amber", "red", "faults", ...codes.map((one) => "fault:" + one)];

function onlyWord(name) {
  const words = { all: "all", dig: "withDig", failed: "failedShort", amber: "survey_amber", red: "survey_red", faults: "withFaults" };
  return name.startsWith("fault:") ? say("withFault", { code: name.slice(6) }) : say(words[name]);
}

function passes(scan) {
  const only = byId("only").value;
  const wanted = byId("search").value.trim().toLowerCase();
  if (wanted && !scan.name.toLowerCase().includes(wanted)) return false;
  if (only === "dig") return digs(scan) > 0;
  if (only === "failed") return Boolean(scan.error);
  if (only === "amber" || only === "red") return scan.survey === only;
  if (only === "faults") return limiting(scan) > 0;
  return only.startsWith("fault:") ? (scan.fault_codes || []).includes(only.slice(6)) : true;
}

const percentDown = (part) => say("percent", { share: Math.floor(part * 100 + 1e-9) });

function pictureCell(scan) {
  const cell = made("td", "", "picture");
  if (scan.error) return cell;
  const link = made("a", "", "open");
  link.href = scan.place + "/report.html";
  const picture = made("img");
  picture.alt = say("thumbnail", { name: scan.name });
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.src = scan.place + "/fused.png";
  link.append(picture);
  cell.append(link);
  return cell;
}

function nameCell(scan) {
  const cell = made("td", "", "name");
  if (scan.error) {
    cell.append(made("strong", scan.name));
  } else {
    const link = made("a", scan.name, "open");
    link.href = scan.place + "/report.html";
    link.setAttribute("aria-label", say("openScan", { name: scan.name }));
    cell.append(link);
  }
  if (scan.source === "simulated") cell.append(made("span", say("simulated"), "tag simulated"));
  return cell;
}

// What must be dug comes first, and nothing called is never all that is said.
function targetsCell(scan) {
  const cell = made("td");
  const dig = digs(scan);
  const open = scan.coverage_fraction ? say("noDig") : say("nothingCovered");
  cell.append(made("span", dig ? say("toDig", { count: dig }) : open, dig ? "dig" : ""));
  const list = made("ul");
  for (const call of data.order) {
    const count = scan.calls[call] || 0;
    if (count) list.append(made("li", say("counted", { what: say("call_" + call), count })));
  }
  if (list.childElementCount) cell.append(list);
  return cell;
}

// On a narrow screen, where there are no columns, a cell says of what it is.
function labelled(column, text = "") {
  const cell = made("td", text);
  cell.dataset.head = COLUMNS.find((one) => one.name === column).word();
  return cell;
}

const areaText = (area) => (area < 0.1 ? Math.ceil(1e4 * area) + " cm²" : area.toFixed(1) + " m²");

function surveyCell(scan) {
  const cell = labelled("survey");
  cell.append(made("span", say("survey_" + (scan.survey || "none")), "tag " + (scan.survey || "")));
  if (scan.again_m2) cell.append(made("div", say("again", { area: areaText(scan.again_m2) })));
  return cell;
}

function faultsCell(scan) {
  const cell = labelled("faults");
  for (const one of scan.fault_codes || []) cell.append(made("span", one, "tag"));
  return cell;
}

function tookCell(scan) {
  return labelled("took", scan.took_s === null ? say("kept") : say("seconds", { time: scan.took_s }));
}

function row(scan) {
  const line = made("tr", "", scan.error ? "failed" : "");
  line.append(pictureCell(scan), nameCell(scan));
  if (scan.error) {
    const cell = made("td");
    cell.colSpan = COLUMNS.length - 1;
    cell.append(made("span", say("failed"), "tag bad"), made("div", scan.error, "error"));
    line.append(cell);
    return line;
  }
  line.append(targetsCell(scan), labelled("covered", percentDown(scan.coverage_fraction)), surveyCell(scan), faultsCell(scan), tookCell(scan));
  return line;
}

function heads() {
  const cells = COLUMNS.map((column) => {
    const cell = made("th");
    cell.scope = "col";
    const button = made("button", column.word());
    button.type = "button";
    button.dataset.column = column.name;
    button.setAttribute("aria-label", say("sort", { what: column.word() }));
    button.addEventListener("click", () => {
      sorted = { name: column.name, down: sorted.name === column.name ? !sorted.down : column.down };
      show();
      document.querySelector(`[data-column=${column.name}]`).focus();
    });
    if (sorted.name === column.name) cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    cell.append(button);
    return cell;
  });
  const picture = made("td");
  byId("heads").replaceChildren(picture, ...cells);
}

function inOrder(scans) {
  const column = COLUMNS.find((one) => one.name === sorted.name);
  if (!column) return scans;
  const sign = sorted.down ? -1 : 1;
  const compared = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  return [...scans].sort((one, other) => sign * compared(column.value(one), column.value(other)));
}

function show() {
  heads();
  const found = inOrder(data.scans.filter(passes));
  byId("rows").replaceChildren(...found.map(row));
  byId("count").textContent = say("shown", { shown: found.length, count: data.scans.length });
}

function sumText() {
  const failed = data.scans.filter((scan) => scan.error).length;
  const dig = data.scans.reduce((sum, scan) => sum + digs(scan), 0);
  const parts = [say("toDig", { count: dig })];
  const bare = data.scans.filter((scan) => !scan.error && !scan.coverage_fraction).length;
  if (bare) parts.push(say("counted", { what: say("nothingCovered"), count: bare }));
  if (failed) parts.push(say("counted", { what: say("failedShort"), count: failed }));
  if (data.whole_s !== null) parts.push(say("counted", { what: say("took"), count: say("seconds", { time: data.whole_s }) }));
  return parts.join(" · ");
}

function speak(wished) {
  speakPage(wished, sumText);
  choicesOf(byId("only"), ONLY, onlyWord, byId("only").value);
  show();
}

byId("only").addEventListener("change", show);
byId("search").addEventListener("input", show);
begin(speak, show);
