  // The ground seen from above: one layer in colours, contours of the metal over it, targets, cross-hair.

  const planCanvas = element("plan");
  const planCells = {};
  let planPlaces = [];
  let planBox = null;
  let planDrawn = null;
  let still = { key: "", canvas: null, labels: [] };

  function layerName() {
    return state.layer === "solid" || state.layer === "traces" ? "depth" : state.layer;
  }

  // Colour limit of a layer: one for all depths, or, on request, what the strongest 0.1 % of what is shown exceed.
  function limitOf(name, cells, start, count, top) {
    const layer = data.layers[name];
    if (!layer) { return 1; }
    if (!state.auto) { return layer.limit * 2 ** (state.limit / 4); }
    const held = new Uint32Array(unmeasured + 1);
    for (let i = start; i < start + count; i += 1) { held[cells[i]] += 1; }
    let rest = Math.ceil(0.001 * (count - held[unmeasured]));
    let step = unmeasured - 1;
    while (step > 1 && rest > held[step]) { rest -= held[step]; step -= 1; }
    return Math.max(amplitude(step, top), 1e-12);
  }

  function planLayer() {
    const name = layerName();
    const layer = data.layers[name];
    if (!layer) { return null; }
    const own = name === "depth" ? ground : layer.ground;
    const cells = name === "depth" ? volume : maps[name];
    const start = name === "depth" ? state.slice * plane : 0;
    const top = name === "depth" ? data.top : layer.top;
    return { name, layer, own, cells, start, top, limit: limitOf(name, cells, start, own.columns * own.rows, top) };
  }

  function barWords(name) {
    const words = name === "metal" ? say("barMetal", { units: term(data.layers.metal.units) }) : say(name === "all" ? "barAll" : "barDepth", {});
    return state.auto ? `${words} · ${say("autoOn", {})}` : words;
  }

  // Ground that no sensor of the layer measured is grey; where the other one did not, lines lie over the colours.
  function planMasks(name) {
    const key = name === "metal" ? "metal" : "radar";
    if (!planCells[key]) {
      const { columns, rows } = seen.ground;
      const own = data.bits[key];
      const both = data.bits.metal | data.bits.radar;
      const at = (column, row) => seen.cells[row * columns + column];
      planCells[key] = {
        none: masked(columns, rows, (column, row) => !(at(column, row) & own)),
        one: masked(columns, rows, (column, row) => (at(column, row) & own) && (at(column, row) & both) !== both),
        small: masked(columns, rows, (column, row) => data.small > 0 && (at(column, row) & data.bits.patch) && (at(column, row) & both) === both && at(column, row) < data.bits.mine * data.small),
      };
    }
    return planCells[key];
  }

  // Contours, each with its value where there is room, and the track: drawn once for a size and a look.
  function drawStill(pen, box, toX, toY, symbols) {
    const labels = [];
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    if (state.track) {
      pen.globalAlpha = 0.6;
      outlined(pen, () => { data.track.forEach((line) => polyline(pen, line, toX, toY)); }, 0.9, look.line, 0.9);
    }
    if (state.metal > 0) {
      pen.globalAlpha = state.metal;
      data.contours.forEach((lines, level) => {
        outlined(pen, () => { lines.forEach((line) => polyline(pen, line, toX, toY)); }, 1.6 + 0.5 * level, look.line, 2.4);
      });
      pen.font = font(13, 700);
      data.contours.forEach((lines, level) => {
        const text = number(data.levels[level]);
        const width = pen.measureText(text).width + 8;
        const longest = lines.slice().sort((one, other) => other.length - one.length)[0] || [];
        const parts = longest.length / 2;
        // Places all around the line, far from one another first.
        for (let n = 0; n < 40 && parts >= 8; n += 1) {
          const i = Math.floor(((0.3 + 0.618 * n) % 1) * parts);
          const x = toX(longest[2 * i]);
          const y = toY(longest[2 * i + 1]);
          const place = { left: x - width / 2, right: x + width / 2, top: y - 9, bottom: y + 9 };
          const inside = place.left > box.left && place.right < box.left + box.width && place.top > box.top && place.bottom < box.bottom;
          if (!inside || symbols.concat(labels).some((other) => touches(place, other))) { continue; }
          labels.push(place);
          pen.fillStyle = "#000";
          pen.fillRect(place.left, place.top, width, 18);
          pen.fillStyle = "#fff";
          pen.textAlign = "center";
          pen.textBaseline = "middle";
          pen.fillText(text, x, y + 1);
          break;
        }
      });
    }
    pen.restore();
    return labels;
  }

  function cross(pen, box, x, y) {
    const gap = SYMBOL + 12;
    outlined(pen, () => {
      for (const [x0, y0, x1, y1] of [[box.left, y, x - gap, y], [x + gap, y, box.left + box.width, y], [x, box.top, x, y - gap], [x, y + gap, x, box.bottom]]) {
        if (x1 >= x0 && y1 >= y0) { pen.moveTo(x0, y0); pen.lineTo(x1, y1); }
      }
    }, 1.2, look.mark, 1.8);
  }

  // Lane arrow, north where it is known, and scale bar, in a strip under the map.
  function drawStrip(pen, box, scale, middle) {
    arrow(pen, box.left, middle, 0, 46);
    pen.fillStyle = look.ink;
    pen.font = font(14, 700);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    const length = niceStep(shown.right - shown.left, 6);
    const end = box.left + box.width;
    const start = end - length * scale;
    const room = start - pen.measureText(say("lengthValue", { length })).width - box.left - 70;
    const lane = pen.measureText(say("lane", {})).width < room ? say("lane", {}) : say("laneShort", {});
    pen.fillText(lane, box.left + 53, middle);
    pen.fillRect(start, middle - 5, (end - start) / 2, 10);
    pen.lineWidth = 1.5;
    pen.strokeStyle = look.ink;
    pen.strokeRect(start, middle - 5, end - start, 10);
    pen.textAlign = "right";
    pen.fillText(say("lengthValue", { length }), start - 6, middle);
    if (data.azimuth === null) { return; }
    pen.font = font(14, 700);
    drawNorth(pen, box.left + 53 + pen.measureText(lane).width + 30, middle);
  }

  // To the right lies the azimuth, clockwise from north: north lies that angle to its left.
  function drawNorth(pen, at, down) {
    const angle = -data.azimuth * Math.PI / 180;
    arrow(pen, at - 13 * Math.cos(angle), down - 13 * Math.sin(angle), angle, 28);
    pen.fillStyle = look.ink;
    pen.textAlign = "left";
    pen.fillText(say("north", {}), at + 18, down);
  }

  // Why a view shows nothing of the ground: the first part of the sentence, the rest of which stands above the page.
  function message(pen, box, sentence) {
    const size = box.width < 260 ? 13 : 16;
    pen.font = font(size, 700);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const lines = [""];
    for (const word of sentence.split(" — ")[0].split(" ")) {
      const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
      if (pen.measureText(longer).width < box.width - 24) { lines[lines.length - 1] = longer; } else { lines.push(word); }
    }
    const high = 1.35 * size;
    const tall = high * lines.length + 12;
    const middle = box.top + box.height / 2;
    const wide = Math.max(...lines.map((line) => pen.measureText(line).width)) + 20;
    pen.fillStyle = "#ffe3d6";
    pen.fillRect(box.left + (box.width - wide) / 2, middle - tall / 2, wide, tall);
    pen.strokeStyle = "#c23600";
    pen.lineWidth = 3;
    pen.strokeRect(box.left + (box.width - wide) / 2, middle - tall / 2, wide, tall);
    pen.fillStyle = "#000";
    lines.forEach((line, index) => { pen.fillText(line, box.left + box.width / 2, middle + high * (index - (lines.length - 1) / 2)); });
  }

  // All of a long ground in a bar, with its targets and what the map shows of it: a tap there goes there.
  let wholeBar = null;
  function drawWhole(pen, box, top) {
    const long = wide >= tall;
    const at = (place) => box.left + box.width * (place - (long ? frame.left : frame.bottom)) / (long ? wide : tall);
    const start = at(long ? shown.left : shown.bottom);
    const end = at(long ? shown.right : shown.top);
    wholeBar = { left: box.left, top, width: box.width, height: 44 };
    pen.fillStyle = look.grey;
    pen.fillRect(box.left, top + 8, box.width, 28);
    pen.strokeStyle = look.ink;
    pen.lineWidth = 1.5;
    pen.strokeRect(box.left, top + 8, box.width, 28);
    pen.lineWidth = 4;
    pen.strokeRect(start, top + 4, end - start, 36);
    data.targets.slice().reverse().forEach((target) => { drawSymbol(pen, target.call, at(long ? standing(target).x : standing(target).y), top + 22, 6); });
  }

  function wholeAt(place) {
    const share = (place.x - wholeBar.left) / wholeBar.width;
    return wide >= tall ? { x: frame.left + share * wide, y: state.y } : { x: state.x, y: frame.bottom + share * tall };
  }

  function planMargin(width) {
    const bottom = inParts ? 118 : 58;
    return width < 450 ? { left: 36, right: 70, top: 8, bottom } : { left: 56, right: 80, top: 10, bottom };
  }

  // On a narrow screen the map is as high as the ground asks for, and the page scrolls.
  function fitPlan() {
    const room = planCanvas.parentElement;
    if (!window.matchMedia("(max-width: 899px)").matches) { room.style.height = ""; return; }
    const margin = planMargin(room.clientWidth);
    const scale = (room.clientWidth - margin.left - margin.right) / (shown.right - shown.left);
    const wanted = Math.max(scale * (shown.top - shown.bottom) + margin.top + margin.bottom, state.layer === "solid" ? 340 : 0);
    room.style.height = `${Math.round(Math.min(wanted, 0.7 * window.innerHeight))}px`;
  }

  function drawPlan() {
    if (line) { drawLine(); return; }
    fitPlan();
    const size = fitted(planCanvas);
    const { pen, width, height, ratio } = size;
    element("solid").hidden = true;
    if (state.layer === "solid") { drawSolid(pen, width, height, ratio); return; }
    const margin = planMargin(width);
    const scale = Math.min((width - margin.left - margin.right) / (shown.right - shown.left), (height - margin.top - margin.bottom) / (shown.top - shown.bottom));
    const box = { left: margin.left, top: margin.top, width: scale * (shown.right - shown.left), height: scale * (shown.top - shown.bottom) };
    box.bottom = box.top + box.height;
    const toX = (x) => box.left + (x - shown.left) * scale;
    const toY = (y) => box.bottom - (y - shown.bottom) * scale;
    planBox = { ...box, scale };
    const layer = planLayer();
    pen.imageSmoothingEnabled = false;
    pen.fillStyle = pattern(pen, look.grey, look.hatch, 9, 1);
    pen.fillRect(box.left, box.top, box.width, box.height);
    if (layer) {
      const image = planCells.image || (planCells.image = sheet(1, 1));
      if (image.width !== layer.own.columns || image.height !== layer.own.rows) { image.width = layer.own.columns; image.height = layer.own.rows; }
      paintCells(image, layer.cells, layer.start, layer.own.columns, layer.own.rows, palette(layer.layer, layer.top, layer.limit), true);
      const own = edges(layer.own);
      pen.save();
      pen.beginPath();
      pen.rect(box.left, box.top, box.width, box.height);
      pen.clip();
      pen.drawImage(image, toX(own.left), toY(own.top), scale * (own.right - own.left), scale * (own.top - own.bottom));
      pen.restore();
    }
    planPlaces = data.targets.map((target, index) => ({ index, at: standing(target), alpha: strength(target) }))
      .filter(({ at }) => isShown(at)).map((place) => ({ ...place, x: toX(place.at.x), y: toY(place.at.y) }));
    const key = [width, height, ratio, state.theme, tongue.name, state.metal, state.track, layer && layer.name, state.layer, shown.left, shown.bottom].join();
    if (still.key !== key) {
      still = { key, canvas: sheet(width * ratio, height * ratio), labels: [] };
      const brush = still.canvas.getContext("2d");
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      const masks = planMasks(layerName());
      const { cell } = seen.ground;
      const part = { left: (shown.left - frame.left) / cell, top: (frame.top - shown.top) / cell, width: (shown.right - shown.left) / cell, height: (shown.top - shown.bottom) / cell };
      hatched(brush, masks.none, part, box, ratio, "none");
      hatched(brush, masks.one, part, box, ratio, "one");
      hatched(brush, masks.small, part, box, ratio, "small");
      still.labels = drawStill(brush, box, toX, toY, planPlaces.map(({ x, y }) => ({ left: x - 18, right: x + 18, top: y - 18, bottom: y + 18 })));
    }
    const text = data.messages[layerName() === "metal" ? "metal" : "radar"];
    const around = [layer && layer.layer, layer && layer.limit, layer && barWords(layer.name), shown.left, shown.bottom, shown.right, shown.top];
    const rim = kept("around the map", around, size, (brush) => {
      drawAxes(brush, box, toX, toY, [shown.left, shown.right], [shown.bottom, shown.top], width < 450 ? null : { up: say("axisY", {}) });
      drawStrip(brush, box, scale, box.bottom + 42);
      if (layer) { drawBar(brush, { left: box.left + box.width + 8, top: box.top, width: 12, height: box.height }, layer.layer, layer.limit, barWords(layer.name)); }
    });
    // All that lies over the colours in one picture: another depth changes it where a target grows faint or strong.
    const strengths = planPlaces.map(({ index, alpha }) => `${index} ${alpha}`).join();
    const over = kept("over the map", [rim.asked, still.key, strengths, state.x, state.y, state.target, state.targets, data.targets, text], size, (brush) => {
      brush.drawImage(still.canvas, 0, 0, width, height);
      cross(brush, box, toX(state.x), toY(state.y));
      if (text) { message(brush, box, term(text)); }
      const drawn = state.targets ? drawTargets(brush, planPlaces, box, still.labels) : { symbols: [], labels: [] };
      brush.drawImage(rim.canvas, 0, 0, width, height);
      if (inParts) { drawWhole(brush, box, box.bottom + 62); }
      planDrawn = JSON.stringify({ box: planBox, symbols: drawn.symbols, labels: drawn.labels, strengths: planPlaces.map(({ alpha }) => alpha) });
    });
    pen.drawImage(over.canvas, 0, 0, width, height);
    tellName(planCanvas, "data-drawn", planDrawn);
  }
