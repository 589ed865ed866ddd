"use strict";
(function () {
  const section = document.getElementById("viewer");
  if (!section) { return; }
  const data = JSON.parse(document.getElementById("viewer-data").textContent);
  const canvas = document.getElementById("ground");
  const pen = canvas.getContext("2d");
  const element = (id) => document.getElementById(id);
  const depth = element("depth");
  const limit = element("limit");
  const right = data.left + data.columns * data.cell;
  const topEdge = data.bottom + data.rows * data.cell;
  const unmeasured = data.alphabet.length - 1;
  const letter = new Uint8Array(128);
  for (let i = 0; i < data.alphabet.length; i += 1) { letter[data.alphabet.charCodeAt(i)] = i; }
  const picture = document.createElement("canvas");
  picture.width = data.columns;
  picture.height = data.rows;
  const picturePen = picture.getContext("2d");

  // Colour of each step of amplitude under the chosen limit; steps are even in the root of the amplitude.
  function palette(highest) {
    const steps = unmeasured;
    return Array.from({ length: steps }, (_, step) => {
      const amplitude = data.top * (step / (steps - 1)) ** 2;
      const share = Math.min(amplitude / highest, 1) ** data.gamma;
      const hex = data.colours[Math.round(share * (data.colours.length - 1))];
      return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    });
  }

  function paintSlice(highest) {
    const colours = palette(highest);
    const cells = data.slices[Number(depth.value)];
    const pixels = picturePen.createImageData(data.columns, data.rows);
    for (let row = 0; row < data.rows; row += 1) {
      for (let column = 0; column < data.columns; column += 1) {
        const step = letter[cells.charCodeAt(row * data.columns + column)];
        if (step === unmeasured) { continue; }
        const at = 4 * ((data.rows - 1 - row) * data.columns + column);
        pixels.data.set(colours[step], at);
        pixels.data[at + 3] = 255;
      }
    }
    picturePen.putImageData(pixels, 0, 0);
  }

  function hatching() {
    const tile = document.createElement("canvas");
    tile.width = 10;
    tile.height = 10;
    const stroke = tile.getContext("2d");
    stroke.fillStyle = "#d4d4d4";
    stroke.fillRect(0, 0, 10, 10);
    stroke.strokeStyle = "#6e6e6e";
    stroke.lineWidth = 1.4;
    stroke.beginPath();
    for (const shift of [-10, 0, 10]) {
      stroke.moveTo(shift - 1, 11);
      stroke.lineTo(shift + 11, -1);
    }
    stroke.stroke();
    return pen.createPattern(tile, "repeat");
  }

  function niceStep(span, parts) {
    const rough = span / parts;
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= rough * (1 - 1e-9));
  }

  function outlined(draw, width, inner, halo = 2.4) {
    pen.lineJoin = "round";
    for (const [colour, thick] of [["#000", width + halo], [inner, width]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.beginPath();
      draw();
      pen.stroke();
    }
  }

  function polyline(line, toX, toY) {
    for (let i = 0; i < line.length; i += 2) {
      if (i) { pen.lineTo(toX(line[i]), toY(line[i + 1])); } else { pen.moveTo(toX(line[i]), toY(line[i + 1])); }
    }
  }

  function drawTarget(target, x, y, box) {
    const size = 12;
    if (target.call === "suspect") {
      for (const [reach, fill, edge] of [[size + 4, "#000", "#fff"], [size, "#e8440a", "#000"]]) {
        pen.beginPath();
        pen.moveTo(x, y - reach);
        pen.lineTo(x + reach, y);
        pen.lineTo(x, y + reach);
        pen.lineTo(x - reach, y);
        pen.closePath();
        pen.fillStyle = fill;
        pen.fill();
        pen.strokeStyle = edge;
        pen.lineWidth = 1.6;
        pen.stroke();
      }
    } else if (target.call === "likely-clutter") {
      outlined(() => { pen.arc(x, y, size - 1, 0, 2 * Math.PI); }, 2.6, "#fff");
    } else {
      pen.fillStyle = "#fff";
      pen.fillRect(x - size, y - size, 2 * size, 2 * size);
      pen.strokeStyle = "#000";
      pen.lineWidth = 2.2;
      pen.strokeRect(x - size, y - size, 2 * size, 2 * size);
      pen.fillStyle = "#000";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText("?", x, y + 1);
    }
    const width = pen.measureText(target.id).width + 10;
    const fits = x + size + 8 + width < box.left + box.width;
    const tag = fits ? x + size + 8 : x - size - 8 - width;
    pen.fillStyle = "#fff";
    pen.fillRect(tag, y - 12, width, 24);
    pen.strokeStyle = "#000";
    pen.lineWidth = 1.4;
    pen.strokeRect(tag, y - 12, width, 24);
    pen.fillStyle = "#000";
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(target.id, tag + 5, y + 1);
  }

  function drawAxes(toX, toY, box) {
    pen.fillStyle = "#000";
    pen.strokeStyle = "#000";
    pen.lineWidth = 1.5;
    pen.font = "16px system-ui, sans-serif";
    const stepX = niceStep(right - data.left, Math.max(2, Math.floor(box.width / 70)));
    const stepY = niceStep(topEdge - data.bottom, Math.max(2, Math.floor(box.height / 55)));
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (let x = Math.ceil(data.left / stepX) * stepX; x <= right; x += stepX) {
      pen.beginPath();
      pen.moveTo(toX(x), box.bottom);
      pen.lineTo(toX(x), box.bottom + 6);
      pen.stroke();
      pen.fillText(String(Math.round(x)), toX(x), box.bottom + 9);
    }
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (let y = Math.ceil(data.bottom / stepY) * stepY; y <= topEdge; y += stepY) {
      pen.beginPath();
      pen.moveTo(box.left - 6, toY(y));
      pen.lineTo(box.left, toY(y));
      pen.stroke();
      pen.fillText(String(Math.round(y)), box.left - 9, toY(y));
    }
    pen.strokeRect(box.left, box.top, box.width, box.height);
    pen.font = "700 16px system-ui, sans-serif";
    const line = box.bottom + 48;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.beginPath();
    pen.moveTo(box.left, line);
    pen.lineTo(box.left + 44, line);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(box.left + 60, line);
    pen.lineTo(box.left + 40, line - 8);
    pen.lineTo(box.left + 40, line + 8);
    pen.closePath();
    pen.fill();
    pen.fillText(box.width > 380 ? "lane direction (+x)" : "lane", box.left + 68, line);
    const length = niceStep(right - data.left, 6);
    const end = box.left + box.width;
    const start = end - toX(data.left + length) + box.left;
    pen.fillRect(start, line - 6, (end - start) / 2, 12);
    pen.lineWidth = 1.5;
    pen.strokeRect(start, line - 6, end - start, 12);
    pen.textAlign = "right";
    pen.fillText(length + " cm", start - 8, line);
  }

  function draw() {
    const shown = Number(depth.value);
    const highest = data.limit * 2 ** (Number(limit.value) / 4);
    const words = data.depths[shown].toFixed(1) + " cm";
    element("depth-text").textContent = words;
    depth.setAttribute("aria-valuetext", words + " deep");
    element("limit-text").textContent = highest.toPrecision(2) + " " + data.units;
    paintSlice(highest);

    const wide = canvas.clientWidth;
    const margin = { left: 48, right: 14, top: 12, bottom: 72 };
    const tallest = Math.max(window.innerHeight - 60, 320) - margin.top - margin.bottom;
    const scale = Math.min((wide - margin.left - margin.right) / (right - data.left), tallest / (topEdge - data.bottom));
    const tall = scale * (topEdge - data.bottom) + margin.top + margin.bottom;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(tall * ratio);
    canvas.style.height = tall + "px";
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, wide, tall);
    const toX = (x) => margin.left + (x - data.left) * scale;
    const toY = (y) => margin.top + (topEdge - y) * scale;
    const box = { left: margin.left, top: margin.top, width: toX(right) - margin.left, height: toY(data.bottom) - margin.top, bottom: toY(data.bottom) };

    pen.fillStyle = hatching();
    pen.fillRect(box.left, box.top, box.width, box.height);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, box.left, box.top, box.width, box.height);
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    if (element("show-track").checked) {
      pen.globalAlpha = 0.6;
      outlined(() => { data.track.forEach((line) => polyline(line, toX, toY)); }, 0.9, "#fff", 0.9);
      pen.globalAlpha = 1;
    }
    if (element("show-metal").checked) {
      data.contours.forEach((lines, level) => {
        outlined(() => { lines.forEach((line) => polyline(line, toX, toY)); }, 1.6 + 0.5 * level, "#fff");
      });
    }
    pen.restore();
    if (element("show-targets").checked) {
      pen.font = "700 16px system-ui, sans-serif";
      data.targets.slice().reverse().forEach((target) => { drawTarget(target, toX(target.x), toY(target.y), box); });
    }
    drawAxes(toX, toY, box);
    const seen = data.targets.map((target) => target.id + " " + target.words).join(", ");
    canvas.setAttribute("aria-label", "Radar slice at " + words + (seen ? "; targets: " + seen : "; no targets"));
    canvas.dataset.depth = String(data.depths[shown]);
  }

  function step(by) {
    depth.value = String(Math.min(Math.max(Number(depth.value) + by, 0), data.depths.length - 1));
    draw();
  }

  section.hidden = false;
  element("shallower").addEventListener("click", () => { step(-1); });
  element("deeper").addEventListener("click", () => { step(1); });
  for (const id of ["depth", "limit", "show-metal", "show-track", "show-targets"]) {
    element(id).addEventListener("input", draw);
  }
  window.addEventListener("resize", draw);
  draw();
}());
