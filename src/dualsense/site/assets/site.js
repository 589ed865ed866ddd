// The map of a site: what must be dug, and which ground was covered. What comes from a scan only ever becomes text.

const map = byId("map");
let chosen = -1;
let view = null; // metres from the map's corner in its middle, and pixels of the screen per metre
let wanted = 0;

const square = (area) => written(Number(area).toFixed(1)) + " m²";
const percentDown = (part) => written(Math.floor(part * 100 + 1e-9)) + " %";

// ---- what the ground looks like: shape first, colour second

const GROUND = ["outside", "none", "metal", "radar", "apart", "both"];
const LOOKS = {
  light: { outside: "#757575", none: "#bdbdbd", one: "#dadada", both: "#ffffff", line: "#000000" },
  dark: { outside: "#1c1c1c", none: "#4a4a4a", one: "#6a6a6a", both: "#d8d8d8", line: "#000000" },
  sun: { outside: "#6a6a6a", none: "#b0b0b0", one: "#d8d8d8", both: "#ffffff", line: "#000000" },
};
const look = () => LOOKS[theme()];
const fillOf = (kind) => (kind === "none" || kind === "both" ? look()[kind] : look().one);

// Lines that say what is missing: crossed where no sensor measured, one way where one did.
const WAYS = { none: [[0, 0, 12, 12], [0, 12, 12, 0]], metal: [[0, 12, 12, 0]], radar: [[0, 0, 12, 12]], apart: [[6, 0, 6, 12]], both: [] };
const hatches = {};

function hatch(pen, kind) {
  const key = kind + theme();
  if (!hatches[key]) {
    const tile = made("canvas");
    tile.width = 12;
    tile.height = 12;
    const own = tile.getContext("2d");
    own.fillStyle = fillOf(kind);
    own.fillRect(0, 0, 12, 12);
    own.strokeStyle = look().line;
    own.lineWidth = kind === "none" ? 2.2 : 1.4;
    for (const [x0, y0, x1, y1] of WAYS[kind]) {
      // beyond the corners too, where tiles meet
      for (const [dx, dy] of [[0, 0], [12, 0], [-12, 0], [0, 12], [0, -12]]) {
        own.beginPath();
        own.moveTo(x0 + dx, y0 + dy);
        own.lineTo(x1 + dx, y1 + dy);
        own.stroke();
      }
    }
    hatches[key] = pen.createPattern(tile, "repeat");
  }
  return hatches[key];
}

// ---- pictures of the ground: one mask of each kind that a tile holds

const pieces = [];

function readTile([x, y, side, address]) {
  return new Promise((done) => {
    const picture = new Image();
    picture.onload = () => {
      const size = picture.width;
      const seen = made("canvas");
      seen.width = size;
      seen.height = size;
      const pen = seen.getContext("2d", { willReadFrequently: true });
      pen.drawImage(picture, 0, 0);
      const given = pen.getImageData(0, 0, size, size).data;
      const masks = {};
      const ends = [size, size, 0, 0];
      for (let i = 0; i < given.length; i += 4) {
        if (!given[i]) continue;
        const [column, line] = [(i / 4) % size, Math.floor(i / 4 / size)];
        ends[0] = Math.min(ends[0], column);
        ends[1] = Math.min(ends[1], line);
        ends[2] = Math.max(ends[2], column + 1);
        ends[3] = Math.max(ends[3], line + 1);
      }
      const inked = ends.map((end, n) => (n % 2 ? y : x) + end * side / size);
      for (let kind = 1; kind < GROUND.length; kind += 1) {
        let count = 0;
        const mask = new ImageData(size, size);
        for (let i = 0; i < given.length; i += 4) {
          if (Math.round(given[i] / 50) === kind) { mask.data[i + 3] = 255; count += 1; }
        }
        if (!count) continue;
        const canvas = made("canvas");
        canvas.width = size;
        canvas.height = size;
        canvas.getContext("2d").putImageData(mask, 0, 0);
        masks[GROUND[kind]] = canvas;
      }
      pieces.push({ x, y, side, masks, inked });
      done();
    };
    picture.src = address;
  });
}

const screenX = (x) => (x - view.x) * view.scale + map.clientWidth / 2;
const screenY = (y) => (y - view.y) * view.scale + map.clientHeight / 2;
let layer = null;

function drawGround(pen, ratio) {
  layer = layer || made("canvas");
  if (layer.width !== map.width || layer.height !== map.height) { layer.width = map.width; layer.height = map.height; }
  const own = layer.getContext("2d");
  for (const kind of GROUND.slice(1)) {
    own.setTransform(ratio, 0, 0, ratio, 0, 0);
    own.globalCompositeOperation = "source-over";
    own.clearRect(0, 0, map.clientWidth, map.clientHeight);
    own.imageSmoothingEnabled = false;
    let any = false;
    for (const piece of pieces) {
      if (!piece.masks[kind]) continue;
      const left = Math.floor(screenX(piece.x));
      const top = Math.floor(screenY(piece.y));
      const right = Math.floor(screenX(piece.x + piece.side));
      const bottom = Math.floor(screenY(piece.y + piece.side));
      if (right < 0 || bottom < 0 || left > map.clientWidth || top > map.clientHeight) continue;
      own.drawImage(piece.masks[kind], left, top, Math.max(1, right - left), Math.max(1, bottom - top));
      any = true;
    }
    if (!any) continue;
    own.globalCompositeOperation = "source-in";
    own.fillStyle = hatch(own, kind);
    own.fillRect(0, 0, map.clientWidth, map.clientHeight);
    pen.drawImage(layer, 0, 0, map.clientWidth, map.clientHeight);
  }
}

// ---- symbols of what is listed

const SYMBOL = 12;

// Dug, and nothing says so again: struck through and never gone.
function strike(pen, x, y, size) {
  for (const [colour, width] of [["#fff", 7], ["#000", 3.4]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x - size, y + size);
    pen.lineTo(x + size, y - size);
    pen.stroke();
  }
}

function drawSymbol(pen, one, x, y, size) {
  const struck = one.state === "dug" && !one.again;
  shapeSymbol(pen, one.call, x, y, struck ? 0.75 * size : size, theme());
  if (struck) strike(pen, x, y, 0.8 * size);
}

// Two deviations of a place, where that is larger than its symbol.
function spread(pen, one, x, y) {
  if (!one.spread) return;
  const [a, b, c] = one.spread;
  const middle = (a + c) / 2;
  const half = Math.hypot((a - c) / 2, b);
  const long = 2 * Math.sqrt(middle + half) * view.scale;
  if (long < SYMBOL) return;
  const turn = -0.5 * Math.atan2(2 * b, a - c);
  for (const [colour, width] of [["#fff", 4], ["#000", 1.8]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.ellipse(x, y, long, 2 * Math.sqrt(Math.max(middle - half, 0)) * view.scale, turn, 0, 2 * Math.PI);
    pen.stroke();
  }
}

const inList = (one) => byId("only").value !== "dig" || one.dig;
const onMap = () => data.objects.map((one, index) => ({ one, index })).filter(({ one }) => one.at && inList(one));

function drawObjects(pen) {
  const taken = [];
  const places = onMap().map((place) => ({ ...place, x: screenX(place.one.at[0]), y: screenY(place.one.at[1]) }));
  const seen = places.filter(({ x, y }) => x > -30 && y > -30 && x < map.clientWidth + 30 && y < map.clientHeight + 30);
  // the gravest are drawn last, over all others
  for (const { one, index, x, y } of seen.slice().reverse()) {
    spread(pen, one, x, y);
    if (index === chosen) {
      for (const [colour, width] of [["#000", 8], ["#ffd400", 4]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = width;
        pen.beginPath();
        pen.arc(x, y, SYMBOL + 10, 0, 2 * Math.PI);
        pen.stroke();
      }
    }
    drawSymbol(pen, one, x, y, SYMBOL);
  }
  pen.font = "700 15px sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const symbols = seen.map(({ x, y }) => [x - SYMBOL, y - SYMBOL, x + SYMBOL, y + SYMBOL]);
  const touches = (p, q) => p[0] < q[2] && p[2] > q[0] && p[1] < q[3] && p[3] > q[1];
  for (const { one, x, y } of seen.slice(0, 200)) {
    const wide = pen.measureText(one.id).width + 8;
    for (const [dx, dy] of [[SYMBOL + 6 + wide / 2, 0], [-SYMBOL - 6 - wide / 2, 0], [0, -SYMBOL - 16], [0, SYMBOL + 16]]) {
      const box = [x + dx - wide / 2, y + dy - 10, x + dx + wide / 2, y + dy + 10];
      if ([...symbols, ...taken].some((other) => touches(box, other))) continue;
      taken.push(box);
      pen.fillStyle = "#fff";
      pen.fillRect(box[0], box[1], wide, 20);
      pen.strokeStyle = "#000";
      pen.lineWidth = 1.2;
      pen.strokeRect(box[0], box[1], wide, 20);
      pen.fillStyle = "#000";
      pen.fillText(one.id, x + dx, y + dy + 1);
      break;
    }
  }
}

// ---- scale and north

function drawFrame(pen) {
  const room = map.clientWidth * 0.3 / view.scale;
  const power = 10 ** Math.floor(Math.log10(room));
  const length = [5, 2, 1].map((times) => times * power).find((one) => one <= room);
  const wide = length * view.scale;
  const x = 14;
  const y = map.clientHeight - 18;
  pen.fillStyle = "#fff";
  pen.fillRect(x - 8, y - 30, wide + 16, 42);
  pen.strokeStyle = "#000";
  pen.lineWidth = 2;
  pen.strokeRect(x - 8, y - 30, wide + 16, 42);
  pen.lineWidth = 5;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + wide, y);
  pen.stroke();
  pen.fillStyle = "#000";
  pen.font = "700 15px sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(length < 1 ? say("cm", { length: Math.round(100 * length) }) : say("metres", { length }), x + wide / 2, y - 15, wide + 12);
  boxedNorth(pen, 30, 34);
}

function boxedNorth(pen, x, y) {
  pen.fillStyle = "#fff";
  pen.fillRect(x - 20, y - 26, 40, 56);
  pen.strokeStyle = "#000";
  pen.lineWidth = 2;
  pen.strokeRect(x - 20, y - 26, 40, 56);
  pen.fillStyle = "#000";
  pen.beginPath();
  pen.moveTo(x, y - 20);
  pen.lineTo(x + 9, y + 4);
  pen.lineTo(x - 9, y + 4);
  pen.closePath();
  pen.fill();
  pen.font = "700 17px sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(say("north"), x, y + 18, 36);
}

function draw() {
  wanted = 0;
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(map.clientWidth * ratio), Math.round(map.clientHeight * ratio)];
  if (map.width !== wide || map.height !== high) { map.width = wide; map.height = high; }
  const pen = map.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = look().outside;
  pen.fillRect(0, 0, map.clientWidth, map.clientHeight);
  if (!view) return;
  drawGround(pen, ratio);
  drawObjects(pen);
  drawFrame(pen);
  map.dataset.drawn = String(pieces.length);
}

function redraw() { if (!wanted) wanted = requestAnimationFrame(draw); }

// ---- moving: one finger, two fingers, wheel, keys, buttons

function bounds() {
  const tiles = (data.ground ? data.ground.tiles : []).map(([x, y, side]) => [x, y, x + side, y + side]);
  const objects = data.objects.filter((one) => one.at).map(({ at: [x, y] }) => [x, y, x, y]);
  // what is bright, and not the whole of the tiles that hold it
  const inked = pieces.map((piece) => piece.inked);
  const all = [...(inked.length ? inked : tiles), ...objects];
  if (!all.length) return null;
  const least = (n) => all.reduce((low, box) => Math.min(low, box[n]), Infinity);
  const most = (n) => all.reduce((high, box) => Math.max(high, box[n]), -Infinity);
  return [least(0), least(1), most(2), most(3)];
}

function showWhole() {
  const box = bounds();
  if (!box || !map.clientWidth) return;
  const scale = Math.min((map.clientWidth - 90) / Math.max(box[2] - box[0], 0.5), (map.clientHeight - 90) / Math.max(box[3] - box[1], 0.5));
  view = { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, scale };
  redraw();
}

function zoom(times, x = map.clientWidth / 2, y = map.clientHeight / 2) {
  if (!view) return;
  const scale = Math.min(Math.max(view.scale * times, 0.02), 4000);
  view.x += (x - map.clientWidth / 2) * (1 / view.scale - 1 / scale);
  view.y += (y - map.clientHeight / 2) * (1 / view.scale - 1 / scale);
  view.scale = scale;
  redraw();
}

const fingers = new Map();
let moved = 0;

function place(event) {
  const box = map.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

map.addEventListener("pointerdown", (event) => {
  if (!fingers.size) moved = 0;
  fingers.set(event.pointerId, place(event));
  map.setPointerCapture(event.pointerId);
});

map.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before || !view) return;
  const now = place(event);
  const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, one]) => one);
  moved += Math.hypot(now.x - before.x, now.y - before.y);
  if (others.length) {
    const [other] = others;
    const apart = (one) => Math.max(Math.hypot(one.x - other.x, one.y - other.y), 1);
    const middle = { x: (before.x + other.x) / 2, y: (before.y + other.y) / 2 };
    view.x -= (now.x - before.x) / 2 / view.scale;
    view.y -= (now.y - before.y) / 2 / view.scale;
    zoom(apart(now) / apart(before), middle.x, middle.y);
  } else if (moved > 6) {
    view.x -= (now.x - before.x) / view.scale;
    view.y -= (now.y - before.y) / view.scale;
  }
  fingers.set(event.pointerId, now);
  redraw();
});

function lifted(event) {
  const last = fingers.get(event.pointerId);
  fingers.delete(event.pointerId);
  if (!last || fingers.size || moved > 6 || event.type !== "pointerup" || !view) return;
  const near = onMap().map(({ one, index }) => ({ index, away: Math.hypot(screenX(one.at[0]) - last.x, screenY(one.at[1]) - last.y) }));
  near.sort((one, other) => one.away - other.away);
  choose(near.length && near[0].away < 32 ? near[0].index : -1, false);
}

map.addEventListener("pointerup", lifted);
map.addEventListener("pointercancel", lifted);
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  const at = place(event);
  zoom(Math.exp(-event.deltaY / 400), at.x, at.y);
}, { passive: false });

map.addEventListener("keydown", (event) => {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = ways[event.key];
  if (way && view) {
    view.x += way[0] * 60 / view.scale;
    view.y += way[1] * 60 / view.scale;
    redraw();
  } else if (event.key === "+" || event.key === "=") {
    zoom(1.5);
  } else if (event.key === "-") {
    zoom(1 / 1.5);
  } else if (event.key === "0") {
    showWhole();
  } else {
    return;
  }
  event.preventDefault();
});

byId("closer").addEventListener("click", () => zoom(1.6));
byId("farther").addEventListener("click", () => zoom(1 / 1.6));
byId("whole").addEventListener("click", showWhole);

// ---- words beside the map

function icon(paint, size) {
  const ratio = window.devicePixelRatio || 1;
  const canvas = made("canvas");
  canvas.width = size[0] * ratio;
  canvas.height = size[1] * ratio;
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  paint(pen);
  return canvas;
}

function legend() {
  const grounds = ["both", "metal", "radar", "apart", "none"].filter((kind) => data.areas[kind]);
  const rows = grounds.map((kind) => {
    const row = made("li");
    const swatch = icon((pen) => {
      pen.fillStyle = hatch(pen, kind);
      pen.fillRect(1, 1, 36, 30);
      pen.strokeStyle = "#000";
      pen.lineWidth = 2;
      pen.strokeRect(1, 1, 36, 30);
    }, [38, 32]);
    row.append(swatch, made("span", say("ground_" + kind)), made("b", square(data.areas[kind])));
    return row;
  });
  for (const call of data.order) {
    const count = data.objects.filter((one) => one.call === call).length;
    if (!count) continue;
    const row = made("li");
    row.append(icon((pen) => shapeSymbol(pen, call, 19, 16, 10, theme()), [38, 32]), made("span", say("counted", { what: say("call_" + call), count })));
    rows.push(row);
  }
  const struck = data.objects.filter((one) => one.state === "dug" && !one.again).length;
  if (struck) {
    const row = made("li");
    const example = { call: "likely-clutter", state: "dug", again: false };
    row.append(icon((pen) => drawSymbol(pen, example, 19, 16, 11), [38, 32]), made("span", say("counted", { what: say("found"), count: struck })));
    rows.push(row);
  }
  byId("legend").replaceChildren(...rows);
}

const ordered = () => data.objects.map((one, index) => ({ one, index })).sort((a, b) => Number(b.one.dig) - Number(a.one.dig) || a.index - b.index);

function list() {
  const rows = ordered().filter(({ one }) => inList(one)).map(({ one, index }) => {
    const row = made("li");
    const button = made("button");
    button.type = "button";
    button.dataset.object = one.id;
    button.setAttribute("aria-pressed", String(index === chosen));
    const words = made("span", one.id + " · " + say("call_" + one.call), "of");
    button.append(icon((pen) => drawSymbol(pen, one, 17, 17, 11), [34, 34]), words);
    if (!one.at) button.append(made("span", say("notOnMap"), "tag warned"));
    button.addEventListener("click", () => {
      choose(index, true);
      if (map.getBoundingClientRect().bottom < 120) map.scrollIntoView({ block: "start" });
    });
    row.append(button);
    return row;
  });
  byId("list").replaceChildren(...rows);
}

function line(parent, text, className = "") {
  const paragraph = made("p");
  paragraph.append(className ? made("span", text, className) : text);
  parent.append(paragraph);
}

function decidedLines(box, one) {
  if (one.again) line(box, say("again"), "tag bad");
  if (one.found) line(box, say("counted", { what: say("found"), count: say("found_" + one.found) }));
  else if (one.state !== "open") line(box, say("counted", { what: say("decision"), count: say("decided_" + one.state) }));
  if (one.told) line(box, one.told);
}

function placeLines(box, one) {
  if (!one.at) {
    line(box, say("notOnMap"), "tag warned");
    if (data.scans[one.scan].problem) line(box, problem(data.scans[one.scan]));
    if (one.local) line(box, "x " + written(one.local[0]) + " m, y " + written(one.local[1]) + " m");
    return;
  }
  line(box, say("counted", { what: say("wgs84"), count: one.wgs84 }));
  line(box, data.frame + ": " + one.map);
  if (one.std) line(box, say("std", { length: one.std }));
}

function depthText(one) {
  const [depth, std] = one.depth;
  if (depth === null) return say("unknown");
  return say("cm", { length: depth }) + (std === null ? "" : " ± " + say("cm", { length: std }));
}

// The chosen object, or how many there are to dig.
function details() {
  const box = byId("chosen");
  box.replaceChildren();
  const one = data.objects[chosen];
  if (!one) {
    box.append(made("h2", sumText()[0]));
    return;
  }
  const head = made("h2", one.id + " · " + say("call_" + one.call) + " ");
  if (one.dig) head.append(made("span", say("decided_dig"), "dig"));
  box.append(head);
  if (one.chance !== null) {
    const chance = one.chance < 1 ? "< 1" : one.chance > 99 ? "> 99" : Math.round(one.chance);
    line(box, say("counted", { what: say("chance"), count: say("inHundred", { chance }) }));
  }
  if (one.call !== "place") line(box, say("counted", { what: say("depth"), count: depthText(one) }));
  placeLines(box, one);
  decidedLines(box, one);
  if (one.covering && one.at && one.listed.length) {
    const count = new Set(one.listed.map(([scan]) => scan)).size;
    line(box, say("listedBy", { count, covering: one.covering }));
  }
  if (!one.agree) line(box, say("disagree"), "tag warned");
  for (const [scan, id, call] of one.listed) {
    const row = made("p");
    const text = data.scans[scan].name + " " + id + ": " + say("call_" + call);
    row.append(data.scans[scan].place ? linkTo(data.scans[scan], text) : text);
    box.append(row);
  }
}

function linkTo(scan, text) {
  const link = made("a", text);
  link.href = scan.place;
  link.setAttribute("aria-label", say("openScan", { name: text }));
  return link;
}

function choose(index, centred) {
  chosen = index;
  const one = data.objects[index];
  if (one && one.at && centred && view) {
    view.x = one.at[0];
    view.y = one.at[1];
    view.scale = Math.max(view.scale, 60);
  }
  for (const button of document.querySelectorAll("#list button")) {
    button.setAttribute("aria-pressed", String(Boolean(one) && button.dataset.object === one.id));
  }
  details();
  redraw();
}

const problem = (scan) => say("problem_" + scan.problem, { detail: scan.detail });

// Scans that are not on the map come first: their ground and what they list must not be forgotten.
function scans() {
  const sorted = data.scans.slice().sort((one, other) => Number(Boolean(other.problem)) - Number(Boolean(one.problem)));
  byId("scans").replaceChildren(...sorted.map((scan) => {
    const row = made("li", "", scan.problem ? "away" : "");
    row.append(scan.place ? linkTo(scan, scan.name) : made("strong", scan.name), " ");
    if (scan.problem) row.append(made("span", say("notOnMap"), "tag bad"), " ", problem(scan), " ");
    if (scan.problem && !scan.failed) row.append(" · ");
    if (scan.simulated) row.append(made("span", say("simulated"), "tag simulated"), " ");
    if (!scan.failed) row.append(scan.covered ? say("counted", { what: say("ground_both"), count: percentDown(scan.covered) }) : say("nothingCovered"));
    return row;
  }));
}

function sumText() {
  const dig = data.objects.filter((one) => one.dig).length;
  const bare = data.scans.filter((scan) => !scan.failed && !scan.covered).length;
  const away = data.scans.filter((scan) => scan.problem).length;
  const parts = [dig ? say("toDig", { count: dig }) : data.areas.both ? say("noDig") : say("nothingCovered")];
  if (data.uncovered_m2) parts.push(say("uncovered", { area: square(data.uncovered_m2) }));
  if (bare && (dig || data.areas.both)) parts.push(say("counted", { what: say("nothingCovered"), count: bare }));
  if (away) parts.push(say("counted", { what: say("notOnMap"), count: away }));
  return parts;
}

function speak(wished) {
  speakPage(wished, () => sumText().join(" · "));
  map.setAttribute("aria-label", say("title") + ": " + sumText().join(" · "));
  const simulated = data.scans.filter((scan) => scan.simulated).length;
  byId("simulated").hidden = !simulated;
  byId("simulated").textContent = simulated === data.scans.length ? say("simulated") : say("counted", { what: say("simulated"), count: simulated });
  byId("origin").textContent = data.frame ? say("originError", { length: data.origin[0], turn: data.origin[1] }) + " " + data.frame : "";
  choicesOf(byId("only"), ["all", "dig"], (one) => say(one === "all" ? "all" : "withDig"), byId("only").value);
  show();
}

function show() {
  legend();
  list();
  details();
  scans();
  redraw();
}

byId("only").addEventListener("change", () => { list(); redraw(); });
window.addEventListener("resize", redraw);
begin(speak, show);
showWhole();
Promise.all((data.ground ? data.ground.tiles : []).map(readTile)).then(() => { showWhole(); map.dataset.ready = "yes"; });
