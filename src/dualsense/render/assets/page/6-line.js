  // A single line as its instrument shows it: the section or the traces along it, the strip from above, and the
  // trace under the cross-hair. Distance runs to the right, depth downwards, and is drawn larger where that helps.

  const line = data.line;
  const heard = line && line.traces ? { ...line.traces, of: unpacked(line.traces.cells, line.traces, 1) } : null;
  const AIR = 29.979;
  const ON_GROUND_CM = 1;
  const CURVE_CM = 60;
  const TICK_PX = 62;
  let lineBox = null;
  let linePlaces = [];

  // Places in the frame of the scan, which the viewer records, and along the line, which the page shows.
  function toScan({ x, y }) {
    if (!line) { return { x, y }; }
    const [u, v] = line.direction;
    return { x: line.zero[0] + x * u - y * v, y: line.zero[1] + x * v + y * u };
  }

  function fromScan({ x, y }) {
    if (!line) { return { x, y }; }
    const [u, v] = line.direction;
    const [across, up] = [x - line.zero[0], y - line.zero[1]];
    return { x: across * u + up * v, y: up * u - across * v };
  }

  // Time from an antenna to a point: straight in the ground, or refracted where the antenna is above it.
  function wayTime(aside, depth) {
    if (line.height <= ON_GROUND_CM) { return Math.hypot(aside, depth) / line.speed; }
    let [low, high] = [0, Math.abs(aside)];
    const time = (at) => Math.hypot(at, line.height) / AIR + Math.hypot(Math.abs(aside) - at, depth) / line.speed;
    for (let n = 0; n < 24; n += 1) {
      const [one, other] = [low + 0.382 * (high - low), low + 0.618 * (high - low)];
      if (time(one) < time(other)) { high = other; } else { low = one; }
    }
    return time((low + high) / 2);
  }

  // Two-way time of a point at a depth, its distance along the line from the middle of the antennas.
  function timeOf(depth, aside) {
    return wayTime(aside - line.apart / 2, Math.max(depth, 0)) + wayTime(aside + line.apart / 2, Math.max(depth, 0));
  }

  function depthAt(time) {
    let [low, high] = [0, Math.max(2 * data.deep[1], 1)];
    for (let n = 0; n < 30; n += 1) { if (timeOf((low + high) / 2, 0) < time) { low = (low + high) / 2; } else { high = (low + high) / 2; } }
    return (low + high) / 2;
  }

  function isTraces() {
    return state.layer === "traces" && heard !== null;
  }

  // What runs downwards: depth in centimetres, or time where the traces are shown and the speed of waves is known.
  function downSpan() {
    if (!isTraces()) { return data.deep; }
    const end = heard.start + heard.stepNs * heard.rows;
    return [heard.start, line.speed ? Math.min(end, 1.05 * timeOf(data.deep[1], 0)) : end];
  }

  function downOf(depth) {
    if (!isTraces()) { return depth; }
    return line.speed ? timeOf(depth, 0) : null;
  }

  const greys = Uint32Array.from({ length: unmeasured + 1 }, (_, step) => (step === unmeasured ? 0 : ((255 << 24) | (Math.round(255 * step / (unmeasured - 1)) * 0x010101)) >>> 0));
  let tracesImage = null;
  function drawTraces(pen, toX, toDown) {
    if (!tracesImage) { tracesImage = sheet(heard.columns, heard.rows); paintCells(tracesImage, heard.of, 0, heard.columns, heard.rows, greys, false); }
    const top = toDown(heard.start);
    pen.drawImage(tracesImage, toX(heard.left), top, toX(heard.left + heard.step * heard.columns) - toX(heard.left), toDown(heard.start + heard.stepNs * heard.rows) - top);
  }

  // What a point would send back, as the antennas pass over it: a hyperbola.
  function curve(pen, x, depth, toX, toDown) {
    for (let aside = -CURVE_CM; aside <= CURVE_CM; aside += 2) {
      const [at, down] = [toX(x + aside), toDown(timeOf(depth, aside))];
      if (aside > -CURVE_CM) { pen.lineTo(at, down); } else { pen.moveTo(at, down); }
    }
  }

  // Metal along the line: the strongest response across the strip.
  function metalProfile() {
    const layer = data.layers.metal;
    if (!layer) { return []; }
    const { columns, rows, left, cell } = layer.ground;
    return Array.from({ length: columns }, (_, column) => {
      let most = -1;
      for (let row = 0; row < rows; row += 1) { const step = maps.metal[row * columns + column]; if (step !== unmeasured) { most = Math.max(most, step); } }
      return [left + (column + 0.5) * cell, most < 0 ? null : amplitude(most, layer.top)];
    });
  }

  function drawMetalProfile(pen, box, toX) {
    const layer = data.layers.metal;
    const limit = limitOf("metal", maps.metal, 0, maps.metal.length, layer.top);
    const toUp = (value) => box.bottom - box.height * Math.min(value / limit, 1) ** layer.gamma;
    pen.fillStyle = look.paper;
    pen.fillRect(box.left, box.top, box.width, box.height);
    pen.strokeStyle = look.ink;
    pen.lineWidth = 2.5;
    pen.beginPath();
    let open = false;
    for (const [x, value] of metalProfile()) {
      if (value === null) { open = false; continue; }
      if (open) { pen.lineTo(toX(x), toUp(value)); } else { pen.moveTo(toX(x), toUp(value)); open = true; }
    }
    pen.stroke();
    return limit;
  }

  function fitLine() {
    const room = planCanvas.parentElement;
    room.style.height = window.matchMedia("(max-width: 899px)").matches ? `${Math.round(Math.min(0.5 * window.innerHeight, 440))}px` : "";
  }

  function lineCells(pen, box, toX, toDown) {
    if (state.layer === "metal") { return data.layers.metal ? { name: "metal", limit: drawMetalProfile(pen, box, toX) } : null; }
    if (isTraces()) { drawTraces(pen, toX, toDown); return null; }
    if (!volume) { return null; }
    const image = cutImage("along");
    pen.drawImage(image, toX(ground.left), toDown(data.deep[0]), toX(ground.left + ground.columns * ground.cell) - toX(ground.left), box.height);
    return { name: "depth", limit: limitOf("depth", volume, 0, volume.length, data.top) };
  }

  // Hatched where the radar did not measure, over the whole depth: nothing is known of what lies below.
  function hatchLine(pen, box, ratio) {
    const own = seen.ground;
    const bits = (column) => { let all = 0; for (let row = 0; row < own.rows; row += 1) { all |= seen.cells[row * own.columns + column]; } return all; };
    const asked = state.layer === "metal" ? data.bits.metal : data.bits.radar;
    const both = data.bits.metal | data.bits.radar;
    const part = { left: (shown.left - own.left) / own.cell, top: 0, width: (shown.right - shown.left) / own.cell, height: 1 };
    hatched(pen, masked(own.columns, 1, (column) => !(bits(column) & asked)), part, box, ratio, "none");
    hatched(pen, masked(own.columns, 1, (column) => (bits(column) & asked) && (bits(column) & both) !== both), part, box, ratio, "one");
  }

  function lineAxes(pen, box, toX, toDown, span, metal) {
    const narrow = box.left < 50;
    const layer = data.layers.metal;
    const plain = state.layer === "metal";
    const name = plain ? layer && say("barMetal", { units: term(layer.units) }) : say(isTraces() ? "axisTime" : "axisDepth", {});
    drawAxes(pen, box, toX, plain ? () => -100 : toDown, [shown.left, shown.right], plain ? [0, 0] : span, narrow || !name ? null : { up: name });
    pen.fillStyle = look.ink;
    pen.font = font(14);
    pen.textBaseline = "middle";
    if (metal) {
      pen.textAlign = "right";
      const up = (value) => box.bottom - box.height * (value / metal) ** layer.gamma;
      const power = metal < 1e-2 || metal >= 1e4 ? Math.floor(Math.log10(metal)) : 0;
      for (const value of ticks(0, metal, niceStep(metal, 4))) { pen.fillText(number(String(Number((value / 10 ** power).toPrecision(2)))), box.left - 6, up(value)); }
      pen.textAlign = "left";
      if (power) { pen.fillText(`× 10${raised(power)}`, box.left + 6, box.top + 12); }
    }
    if (!isTraces() || !line.speed) { return; }
    // The depth beside the time, as far as this speed is true.
    pen.textAlign = "left";
    for (const depth of ticks(0, data.deep[1], niceStep(data.deep[1], Math.max(2, Math.floor(box.height / 40))))) {
      const down = toDown(timeOf(depth, 0));
      if (down > box.bottom) { continue; }
      pen.fillRect(box.left + box.width, down - 0.75, 6, 1.5);
      pen.fillText(String(Math.round(depth)), box.left + box.width + 9, down);
    }
    pen.save();
    pen.translate(box.left + box.width + 44, box.top + box.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText(say("axisDepth", {}), 0, 0, box.height);
    pen.restore();
  }

  // Under the section: which way the line runs, its scale, and how much larger depth is drawn.
  function lineFoot(pen, box, acrossScale, downScale, top) {
    arrow(pen, box.left, top, 0, 46);
    pen.fillStyle = look.ink;
    pen.font = font(14, 700);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    const length = niceStep(shown.right - shown.left, 6);
    const end = box.left + box.width;
    const start = end - length * acrossScale;
    const scale = say("lengthValue", { length });
    const room = start - pen.measureText(scale).width - box.left - 70;
    const times = downScale === null ? "" : ` · ${say("exaggerated", { times: (downScale / acrossScale).toPrecision(2) })}`;
    const words = [`${say("axisAlong", {})}${times}`, say("axisAlong", {}), say("lineShort", {})].find((each) => pen.measureText(each).width < room);
    if (words) { pen.fillText(words, box.left + 53, top); }
    const north = box.left + 53 + (words ? pen.measureText(words).width + 26 : 0);
    if (data.azimuth !== null && north + 40 < start - pen.measureText(scale).width) { drawNorth(pen, north, top); }
    pen.fillStyle = look.ink;
    pen.textAlign = "left";
    pen.fillRect(start, top - 5, (end - start) / 2, 10);
    pen.lineWidth = 1.5;
    pen.strokeStyle = look.ink;
    pen.strokeRect(start, top - 5, end - start, 10);
    pen.textAlign = "right";
    pen.fillText(scale, start - 6, top);
  }

  function drawLine() {
    fitLine();
    const { pen, width, height, ratio } = fitted(planCanvas);
    const margin = planMargin(width);
    const box = { left: margin.left, top: margin.top, width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    box.bottom = box.top + box.height;
    const span = downSpan();
    const scale = box.width / (shown.right - shown.left);
    const downScale = box.height / (span[1] - span[0]);
    const toX = (x) => box.left + (x - shown.left) * scale;
    const toDown = (down) => box.top + (down - span[0]) * downScale;
    lineBox = { ...box, scale, downScale, span };
    pen.imageSmoothingEnabled = false;
    pen.fillStyle = pattern(pen, look.grey, look.hatch, 9, 1);
    pen.fillRect(box.left, box.top, box.width, box.height);
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    const cells = lineCells(pen, box, toX, toDown);
    const metal = state.layer === "metal";
    hatchLine(pen, box, ratio);
    const down = data.depths.length && !metal ? downOf(data.depths[state.slice]) : null;
    linePlaces = data.targets.map((target, index) => {
      const at = metal ? null : downOf(target.depth === null ? data.deep[0] : target.depth);
      return { index, x: toX(standing(target).x), y: at === null ? box.top + 16 : Math.min(Math.max(toDown(at), box.top), box.bottom - SYMBOL), alpha: 1 };
    }).filter(({ x }) => x >= box.left && x <= box.left + box.width);
    if (isTraces() && line.speed) {
      pen.globalAlpha = 0.75;
      if (state.targets) {
        outlined(pen, () => { linePlaces.forEach(({ index }) => { const { x, depth } = data.targets[index]; if (depth !== null) { curve(pen, x, depth, toX, toDown); } }); }, 1.1, "#ffd400", 1.6);
      }
      pen.globalAlpha = 1;
      if (data.depths.length) { outlined(pen, () => { curve(pen, state.x, data.depths[state.slice], toX, toDown); }, 2, "#ffffff", 2.4); }
    }
    outlined(pen, () => {
      pen.moveTo(toX(state.x), box.top);
      pen.lineTo(toX(state.x), box.bottom);
      if (down !== null) { pen.moveTo(box.left, toDown(down)); pen.lineTo(box.left + box.width, toDown(down)); }
    }, 1.2, look.mark, 1.8);
    pen.restore();
    const text = data.messages[state.layer === "metal" ? "metal" : "radar"];
    if (text) { message(pen, box, term(text)); }
    let drawn = { symbols: [], labels: [] };
    if (state.targets) {
      if (!metal && !isTraces()) { linePlaces.forEach(({ index, x }) => { drawDepthMark(pen, data.targets[index], x, toDown, box, 1); }); }
      drawn = drawTargets(pen, linePlaces, box, []);
    }
    lineAxes(pen, box, toX, toDown, span, metal && cells ? cells.limit : 0);
    lineFoot(pen, box, scale, metal || isTraces() ? null : downScale, box.bottom + 42);
    if (inParts) { drawWhole(pen, box, box.bottom + 62); }
    if (cells && !metal) { drawBar(pen, { left: box.left + box.width + 8, top: box.top, width: 12, height: box.height }, data.layers.depth, cells.limit, barWords("depth")); }
    planCanvas.dataset.drawn = JSON.stringify({ box: lineBox, symbols: drawn.symbols, labels: drawn.labels, strengths: linePlaces.map(({ alpha }) => alpha) });
  }

  // The strip from above, its width not to scale: metal where there is any, and what each sensor measured.
  function drawAbove(width) {
    const canvas = cutCanvases.along;
    sized(canvas, width, 92);
    const { pen, ratio } = fitted(canvas);
    const box = { left: 34, top: 26, width: width - 44, height: 42 };
    box.bottom = box.top + box.height;
    const scale = box.width / (shown.right - shown.left);
    const toX = (x) => box.left + (x - shown.left) * scale;
    const toY = (y) => box.bottom - (y - shown.bottom) * box.height / (shown.top - shown.bottom);
    pen.imageSmoothingEnabled = false;
    pen.fillStyle = pattern(pen, look.grey, look.hatch, 9, 1);
    pen.fillRect(box.left, box.top, box.width, box.height);
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    const layer = data.layers.metal || data.layers.depth;
    if (layer) {
      const name = data.layers.metal ? "metal" : "depth";
      const own = name === "metal" ? layer.ground : ground;
      const cells = name === "metal" ? maps.metal : volume;
      const start = name === "metal" ? 0 : state.slice * plane;
      const top = name === "metal" ? layer.top : data.top;
      const image = sheet(own.columns, own.rows);
      paintCells(image, cells, start, own.columns, own.rows, palette(layer, top, limitOf(name, cells, start, own.columns * own.rows, top)), true);
      const right = toX(own.left + own.columns * own.cell);
      pen.drawImage(image, toX(own.left), box.top, right - toX(own.left), box.height);
    }
    const masks = planMasks(data.layers.metal ? "metal" : "depth");
    const part = { left: (shown.left - frame.left) / seen.ground.cell, top: 0, width: (shown.right - shown.left) / seen.ground.cell, height: seen.ground.rows };
    hatched(pen, masks.none, part, box, ratio, "none");
    hatched(pen, masks.one, part, box, ratio, "one");
    if (state.track) { outlined(pen, () => { data.track.forEach((each) => polyline(pen, each, toX, toY)); }, 0.9, look.line, 0.9); }
    if (state.metal > 0) {
      pen.globalAlpha = state.metal;
      outlined(pen, () => { data.contours.forEach((lines) => { lines.forEach((each) => polyline(pen, each, toX, toY)); }); }, 1.4, look.line, 2.2);
      pen.globalAlpha = 1;
    }
    outlined(pen, () => { pen.moveTo(toX(state.x), box.top); pen.lineTo(toX(state.x), box.bottom); }, 1.2, look.mark, 1.8);
    pen.restore();
    cutState.along.places = data.targets.map((target, index) => ({ index, x: toX(standing(target).x), y: toY(standing(target).y), alpha: 1 })).filter(({ x }) => x >= box.left && x <= box.left + box.width);
    if (state.targets) { cutState.along.places.slice().reverse().forEach(({ index, x, y }) => { drawSymbol(pen, data.targets[index].call, x, y, 8); }); }
    drawAxes(pen, box, toX, toY, [shown.left, shown.right], [0, 0], null);
    heading(pen, say("fromAbove", {}), box.left);
    cutState.along.box = { ...box, scale, low: shown.left };
    canvas.dataset.drawn = JSON.stringify({ box: cutState.along.box, here: state.x });
  }

  function heading(pen, words, left) {
    pen.font = font(14, 700);
    pen.fillStyle = look.ink;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(words, left, 12);
  }

  // One trace: how strong the echo is at each depth under the cross-hair, or what was heard there over time.
  function drawOneTrace(width, height) {
    const canvas = cutCanvases.across;
    sized(canvas, width, height);
    const { pen } = fitted(canvas);
    const box = { left: 34, top: 26, width: width - 44, height: height - 46 };
    box.bottom = box.top + box.height;
    const span = downSpan();
    const toDown = (down) => box.top + box.height * (down - span[0]) / (span[1] - span[0]);
    const points = [];
    if (isTraces()) {
      const column = Math.floor((state.x - heard.left) / heard.step);
      for (let row = 0; row < heard.rows && column >= 0 && column < heard.columns; row += 1) {
        const step = heard.of[row * heard.columns + column];
        if (step !== unmeasured) { points.push([step / (unmeasured - 1), toDown(heard.start + (row + 0.5) * heard.stepNs)]); }
      }
    } else if (volume) {
      const limit = limitOf("depth", volume, 0, volume.length, data.top);
      data.depths.forEach((depth, index) => { const echo = radarAt(state.x, state.y, index); if (echo !== null) { points.push([Math.min(echo / limit, 1), toDown(depth)]); } });
    }
    if (!points.length) {
      pen.fillStyle = pattern(pen, look.grey, look.hatch, 9, 1);
      pen.fillRect(box.left, box.top, box.width, box.height);
    }
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    pen.strokeStyle = look.ink;
    pen.lineWidth = 2;
    pen.beginPath();
    points.forEach(([part, y], index) => { const x = box.left + part * box.width; if (index) { pen.lineTo(x, y); } else { pen.moveTo(x, y); } });
    pen.stroke();
    const down = data.depths.length ? downOf(data.depths[state.slice]) : null;
    if (down !== null) { outlined(pen, () => { pen.moveTo(box.left, toDown(down)); pen.lineTo(box.left + box.width, toDown(down)); }, 1.2, look.mark, 1.8); }
    pen.restore();
    drawAxes(pen, box, () => -100, toDown, [0, 0], span, null);
    heading(pen, say("traceHere", { x: state.x.toFixed(0) }), box.left);
    cutState.across.box = { ...box, span };
    canvas.dataset.drawn = JSON.stringify({ box: cutState.across.box, points: points.length });
  }

  function drawLineCuts() {
    const room = element("cuts");
    room.classList.remove("beside");
    drawAbove(room.clientWidth);
    drawOneTrace(room.clientWidth, Math.max(room.clientHeight - 96, 130));
  }

  // Depth of a place in a section or among traces.
  function sliceAt(down) {
    if (!data.depths.length) { return 0; }
    if (!isTraces()) { return sliceOf(down); }
    return line.speed ? sliceOf(depthAt(down)) : state.slice;
  }

  function lineAt(place) {
    const x = Math.min(Math.max(shown.left + (place.x - lineBox.left) / lineBox.scale, shown.left), shown.right);
    const slice = state.layer === "metal" ? state.slice : sliceAt(lineBox.span[0] + (place.y - lineBox.top) / lineBox.downScale);
    return { x, slice };
  }

  // A tap or a pull in the section goes to a place and its depth; a tap on a target to the target.
  function onLine() {
    let held = null;
    planCanvas.addEventListener("pointerdown", (event) => { held = { ...placeOf(event, planCanvas), moved: false }; });
    planCanvas.addEventListener("pointermove", (event) => {
      const place = placeOf(event, planCanvas);
      if (held && event.buttons) {
        if (Math.hypot(place.x - held.x, place.y - held.y) > 8) { held.moved = true; planCanvas.setPointerCapture(event.pointerId); }
        if (held.moved && lineBox) { go({ target: -1, pulled: inParts, ...lineAt(place) }); }
      } else if (lineBox && place.y <= lineBox.bottom) {
        const { x, slice } = lineAt(place);
        element("readout").textContent = valueWords(x, 0, slice);
      }
    });
    planCanvas.addEventListener("pointerup", (event) => {
      const place = placeOf(event, planCanvas);
      if (held && !held.moved && lineBox) {
        const near = state.targets ? targetNear(linePlaces, place.x, place.y, REACH) : -1;
        if (near >= 0) { goToTarget(near); } else if (inParts && place.y >= wholeBar.top) { goToPlace(wholeAt(place).x, 0); } else { go({ target: -1, y: 0, ...lineAt(place) }); }
      }
      held = null;
      if (state.pulled) { go({ pulled: false }); }
    });
    planCanvas.addEventListener("pointercancel", () => { held = null; state.pulled = false; });
    planCanvas.addEventListener("pointerleave", () => { showReadout(); });
    cutCanvases.along.addEventListener("click", (event) => {
      const place = placeOf(event, cutCanvases.along);
      const near = state.targets ? targetNear(cutState.along.places, place.x, place.y, REACH) : -1;
      if (near >= 0) { goToTarget(near); return; }
      const { left, scale, low } = cutState.along.box;
      goToPlace(low + (place.x - left) / scale, 0);
    });
    cutCanvases.across.addEventListener("click", (event) => {
      const { top, height, span } = cutState.across.box;
      const part = (placeOf(event, cutCanvases.across).y - top) / height;
      go({ target: -1, slice: sliceAt(span[0] + part * (span[1] - span[0])) });
    });
  }
