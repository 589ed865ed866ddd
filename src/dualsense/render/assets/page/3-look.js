  // Colours of the themes, hatching, and colour scales of the layers.

  const THEMES = {
    light: { paper: "#ffffff", ink: "#000000", halo: "#000000", line: "#ffffff", mark: "#ffffff", grey: "#d4d4d4", hatch: "#6e6e6e", one: "#ffffff" },
    dark: { paper: "#111111", ink: "#f4f4f4", halo: "#000000", line: "#ffffff", mark: "#ffffff", grey: "#4a4a4a", hatch: "#a8a8a8", one: "#ffffff" },
    sun: { paper: "#ffffff", ink: "#000000", halo: "#ffffff", line: "#0030c0", mark: "#000000", grey: "#ffe9a8", hatch: "#7a5200", one: "#7a5200" },
  };
  let look = THEMES.light;

  // In the sun a screen shows little but the difference between white and black: strong is black there.
  const knownShades = new Map();
  function shades(layer) {
    const key = state.theme === "sun" ? "sun" : layer.colours;
    if (!knownShades.has(key)) {
      const last = layer.colours.length - 1;
      knownShades.set(key, key === "sun"
        ? layer.colours.map((_, index) => new Array(3).fill(Math.round(255 * (1 - index / last))))
        : layer.colours.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))));
    }
    return knownShades.get(key);
  }

  // The colours of a layer as a picture one pixel wide, the strongest on top.
  const knownRamps = new Map();
  function ramp(layer) {
    const colours = shades(layer);
    if (!knownRamps.has(colours)) {
      const canvas = sheet(1, colours.length);
      const pen = canvas.getContext("2d");
      colours.forEach(([red, green, blue], index) => {
        pen.fillStyle = `rgb(${red},${green},${blue})`;
        pen.fillRect(0, colours.length - 1 - index, 1, 1);
      });
      knownRamps.set(colours, canvas);
    }
    return knownRamps.get(colours);
  }

  // Colour of each step under a limit, as one number for each pixel; steps are even in the root of the amplitude.
  function palette(layer, top, limit) {
    const colours = shades(layer);
    const table = new Uint32Array(unmeasured + 1);
    for (let step = 0; step < unmeasured; step += 1) {
      const part = Math.min(amplitude(step, top) / limit, 1);
      // What the operator asked not to see of the radar has the colour of no echo; metal is never hidden.
      const share = part < state.floor && layer !== data.layers.metal ? 0 : part ** layer.gamma;
      const [red, green, blue] = colours[Math.round(share * (colours.length - 1))];
      table[step] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    }
    return table;
  }

  function sheet(width, height) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(Math.round(width), 1);
    canvas.height = Math.max(Math.round(height), 1);
    return canvas;
  }

  // Picture of cells, the first row at the bottom, or at the top for depths. A canvas keeps its pixels: the slider
  // fills the same ones at every step.
  const pixelsOf = new WeakMap();
  function paintCells(canvas, cells, start, columns, rows, table, upwards) {
    const pen = canvas.getContext("2d");
    let image = pixelsOf.get(canvas);
    if (!image || image.width !== columns || image.height !== rows) { image = pen.createImageData(columns, rows); pixelsOf.set(canvas, image); }
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < rows; row += 1) {
      let to = (upwards ? rows - 1 - row : row) * columns;
      let from = start + row * columns;
      for (let column = 0; column < columns; column += 1) { pixels[to] = table[cells[from]]; to += 1; from += 1; }
    }
    pen.putImageData(image, 0, 0);
  }

  const knownTiles = new Map();
  function pattern(pen, ground, lines, apart, ratio, falling) {
    const size = Math.round(apart * ratio);
    const key = [ground, lines, size, falling].join();
    if (!knownTiles.has(key)) { knownTiles.set(key, hatchTile(ground, lines, size, ratio, falling)); }
    return pen.createPattern(knownTiles.get(key), "repeat");
  }

  function hatchTile(ground, lines, size, ratio, falling) {
    const tile = sheet(size, size);
    const stroke = tile.getContext("2d");
    if (ground) { stroke.fillStyle = ground; stroke.fillRect(0, 0, size, size); }
    stroke.strokeStyle = lines;
    stroke.lineWidth = 1.5 * ratio;
    stroke.beginPath();
    for (const shift of [-size, 0, size]) {
      stroke.moveTo(shift - 2, falling ? -2 : size + 2);
      stroke.lineTo(shift + size + 2, falling ? size + 2 : -2);
    }
    stroke.stroke();
    return tile;
  }

  // Hatch a box where a part of a mask, a canvas of one pixel for each cell, is set.
  function hatched(pen, mask, part, box, ratio, sensors) {
    const layer = sheet(box.width * ratio, box.height * ratio);
    const brush = layer.getContext("2d");
    brush.imageSmoothingEnabled = false;
    brush.drawImage(mask, part.left, part.top, part.width, part.height, 0, 0, layer.width, layer.height);
    brush.globalCompositeOperation = "source-in";
    brush.fillStyle = sensors === "none" ? pattern(brush, look.grey, look.hatch, 9, ratio) : pattern(brush, null, look.one, sensors === "small" ? 16 : 22, ratio, sensors === "small");
    brush.fillRect(0, 0, layer.width, layer.height);
    pen.drawImage(layer, box.left, box.top, box.width, box.height);
  }

  function masked(columns, rows, test) {
    const canvas = sheet(columns, rows);
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(columns, rows);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        if (test(column, row)) { image.data[4 * ((rows - 1 - row) * columns + column) + 3] = 255; }
      }
    }
    pen.putImageData(image, 0, 0);
    return canvas;
  }

  function niceStep(span, parts) {
    const rough = span / Math.max(parts, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= rough * (1 - 1e-9));
  }

  function ticks(low, high, step) {
    const found = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) { found.push(n * step); }
    return found;
  }

  // A canvas at the resolution of the screen, with a pen in its own pixels; what was drawn there stays on request.
  function fitted(canvas, stays) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    const columns = Math.round(width * ratio);
    const rows = Math.round(height * ratio);
    const anew = canvas.width !== columns || canvas.height !== rows;
    if (anew) { canvas.width = columns; canvas.height = rows; }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.globalAlpha = 1;
    if (!stays) { pen.clearRect(0, 0, width, height); }
    return { pen, width, height, ratio, anew };
  }

  // A part of a view that is drawn once for all that it hangs on, as long as nothing of that changes: the canvas, and
  // what it was asked for, which is another object whenever it is drawn anew.
  const stills = new Map();
  function kept(name, key, { width, height, ratio }, draw) {
    const known = stills.get(name);
    const asked = [width, height, ratio, look, tongue, ...key];
    if (known && asked.length === known.asked.length && asked.every((value, index) => Object.is(value, known.asked[index]))) { return known; }
    const canvas = known ? known.canvas : sheet(1, 1);
    canvas.width = Math.max(Math.round(width * ratio), 1);
    canvas.height = Math.max(Math.round(height * ratio), 1);
    const brush = canvas.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(brush);
    stills.set(name, { asked, canvas });
    return stills.get(name);
  }

  // A small thing that stands in many places, such as a symbol: drawn once, and stamped on whole pixels of the screen.
  const stamps = new Map();
  function stamp(pen, name, x, y, width, height, draw) {
    const ratio = pen.getTransform().a;
    const key = `${name} ${ratio} ${state.theme}`;
    if (!stamps.has(key)) {
      const canvas = sheet(width * ratio, height * ratio);
      const brush = canvas.getContext("2d");
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(brush);
      stamps.set(key, canvas);
    }
    const canvas = stamps.get(key);
    const onPixel = (at) => Math.round(at * ratio) / ratio;
    pen.drawImage(canvas, onPixel(x - width / 2), onPixel(y - height / 2), canvas.width / ratio, canvas.height / ratio);
  }

  // Set what differs only: the page is laid out anew for words that are the same, too.
  function tellText(part, text) { if (part.textContent !== text) { part.textContent = text; } }
  function tellName(part, name, text) { if (part.getAttribute(name) !== text) { part.setAttribute(name, text); } }

  const font = (size, weight) => `${weight || 400} ${size}px ${LETTERS}`;
  const touches = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
