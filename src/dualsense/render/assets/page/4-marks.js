  // Symbols of targets, labels that keep off symbols, lines with a halo, axes.

  const SYMBOL = 12;
  const NEAR = SYMBOL + 10;

  function outlined(pen, draw, width, inner, halo) {
    pen.lineJoin = "round";
    for (const [colour, thick] of [[look.halo, width + halo], [inner, width]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.beginPath();
      draw();
      pen.stroke();
    }
  }

  function polyline(pen, line, toX, toY) {
    for (let i = 0; i < line.length; i += 2) {
      if (i) { pen.lineTo(toX(line[i]), toY(line[i + 1])); } else { pen.moveTo(toX(line[i]), toY(line[i + 1])); }
    }
  }

  function drawSymbol(pen, call, x, y, size) {
    const room = 2 * (size + 8);
    stamp(pen, `${call} ${size}`, x, y, room, room, (brush) => { shapeSymbol(brush, call, room / 2, room / 2, size, state.theme); });
  }

  function ring(pen, x, y) {
    for (const [colour, width] of [["#000", 6], ["#ffd400", 3]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.arc(x, y, SYMBOL + 8, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  const AROUND = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]];

  // Place for a label: on no symbol, on no other label, inside the box; null where there is none.
  function freePlace(x, y, width, height, symbols, labels, box) {
    for (const away of [NEAR, SYMBOL + 28, SYMBOL + 46, SYMBOL + 72, SYMBOL + 100]) {
      for (const [right, down] of AROUND) {
        const middleX = x + right * (away + width / 2);
        const middleY = y + down * (away + height / 2);
        const place = { left: middleX - width / 2, right: middleX + width / 2, top: middleY - height / 2, bottom: middleY + height / 2 };
        const inside = place.left >= box.left && place.right <= box.left + box.width && place.top >= box.top && place.bottom <= box.top + box.height;
        if (inside && !symbols.some((other) => touches(place, other)) && !labels.some((other) => touches(place, other))) {
          return { place, far: away > NEAR };
        }
      }
    }
    return null;
  }

  const LABEL_FONT = font(15, 700);
  const knownWidths = new Map();
  function labelWidth(pen, text) {
    if (!knownWidths.has(text)) { pen.font = LABEL_FONT; knownWidths.set(text, pen.measureText(text).width + 10); }
    return knownWidths.get(text);
  }

  function label(pen, text, place) {
    const [wide, high] = [place.right - place.left, place.bottom - place.top];
    stamp(pen, `label ${text}`, (place.left + place.right) / 2, (place.top + place.bottom) / 2, wide + 2, high + 2, (brush) => {
      brush.fillStyle = "#fff";
      brush.fillRect(1, 1, wide, high);
      brush.strokeStyle = "#000";
      brush.lineWidth = 1.4;
      brush.strokeRect(1, 1, wide, high);
      brush.fillStyle = "#000";
      brush.font = LABEL_FONT;
      brush.textAlign = "center";
      brush.textBaseline = "middle";
      brush.fillText(text, 1 + wide / 2, 2 + high / 2);
    });
  }

  // Letters that came later are drawn with them.
  function forgetStills() {
    for (const known of [stills, stamps, knownWidths]) { for (const name of [...known.keys()]) { known.delete(name); } }
  }

  // Targets at places on the screen, the faint first and the chosen one last; says where symbols and labels lie.
  function drawTargets(pen, places, box, kept) {
    const order = places.slice().sort((one, other) => one.alpha - other.alpha || (one.index === state.target) - (other.index === state.target) || other.index - one.index);
    const symbols = places.map(({ x, y }) => ({ left: x - SYMBOL - 5, right: x + SYMBOL + 5, top: y - SYMBOL - 5, bottom: y + SYMBOL + 5 }));
    const labels = [];
    const planned = [];
    const taken = kept || [];
    for (const place of order.slice().reverse()) {
      const text = data.targets[place.index].id;
      const found = freePlace(place.x, place.y, labelWidth(pen, text), 22, symbols, labels.concat(taken), box);
      if (found) { labels.push(found.place); planned.push({ ...found, ...place, text, own: found.place }); }
    }
    for (const one of planned) {
      if (!one.far) { continue; }
      pen.globalAlpha = one.alpha;
      outlined(pen, () => { pen.moveTo(one.x, one.y); pen.lineTo((one.own.left + one.own.right) / 2, (one.own.top + one.own.bottom) / 2); }, 1.4, look.mark, 2);
    }
    for (const place of order) {
      pen.globalAlpha = place.alpha;
      if (place.index === state.target) { ring(pen, place.x, place.y); }
      drawSymbol(pen, data.targets[place.index].call, place.x, place.y, SYMBOL);
    }
    for (const one of planned.reverse()) {
      pen.globalAlpha = Math.max(one.alpha, 0.7);
      label(pen, one.text, one.own);
    }
    pen.globalAlpha = 1;
    return { symbols, labels };
  }

  // Targets near the finger, the nearest first among those that are drawn strong.
  function targetNear(places, x, y, reach) {
    const near = places.map((place) => ({ ...place, away: Math.hypot(place.x - x, place.y - y) })).filter(({ away }) => away <= reach);
    near.sort((one, other) => one.away - other.away);
    return near.length ? near[0].index : -1;
  }

  function drawAxes(pen, box, toX, toY, across, up, names) {
    pen.fillStyle = look.ink;
    pen.strokeStyle = look.ink;
    pen.lineWidth = 1.5;
    pen.font = font(14);
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const x of ticks(across[0], across[1], niceStep(across[1] - across[0], Math.max(2, Math.floor(box.width / 62))))) {
      pen.beginPath();
      pen.moveTo(toX(x), box.bottom);
      pen.lineTo(toX(x), box.bottom + 5);
      pen.stroke();
      pen.fillText(String(Math.round(x)), toX(x), box.bottom + 7);
    }
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const y of ticks(up[0], up[1], niceStep(up[1] - up[0], Math.max(2, Math.floor(box.height / 34))))) {
      pen.beginPath();
      pen.moveTo(box.left - 5, toY(y));
      pen.lineTo(box.left, toY(y));
      pen.stroke();
      pen.fillText(String(Math.round(y)), box.left - 8, toY(y));
    }
    pen.strokeRect(box.left, box.top, box.width, box.height);
    if (!names) { return; }
    pen.save();
    pen.translate(box.left - 40, box.top + box.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(names.up, 0, 0);
    pen.restore();
  }

  function arrow(pen, x, y, angle, length) {
    pen.save();
    pen.translate(x, y);
    pen.rotate(angle);
    pen.lineWidth = 3;
    pen.strokeStyle = look.ink;
    pen.fillStyle = look.ink;
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(length - 12, 0);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(length, 0);
    pen.lineTo(length - 16, -8);
    pen.lineTo(length - 16, 8);
    pen.closePath();
    pen.fill();
    pen.restore();
  }

  function raised(power) {
    return String(power).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]));
  }

  // Colours of a layer from nothing to its limit, with numbers.
  function drawBar(pen, box, layer, limit, words) {
    pen.drawImage(ramp(layer), box.left, box.top, box.width, box.height);
    pen.strokeStyle = look.ink;
    pen.lineWidth = 1.5;
    pen.strokeRect(box.left, box.top, box.width, box.height);
    pen.fillStyle = look.ink;
    pen.font = font(13);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    const step = niceStep(limit, Math.max(2, Math.floor(box.height / 45)));
    const power = limit > 0 && (limit < 1e-2 || limit >= 1e4) ? Math.floor(Math.log10(limit)) : 0;
    let lowest = box.top + box.height + 20;
    let widest = 0;
    for (const value of ticks(0, limit, step)) {
      const y = box.top + box.height * (1 - (value / limit) ** layer.gamma);
      if (lowest - y < 15) { continue; }
      lowest = y;
      pen.beginPath();
      pen.moveTo(box.left + box.width, y);
      pen.lineTo(box.left + box.width + 5, y);
      pen.stroke();
      const written = number(String(Number((value / 10 ** power).toPrecision(3))));
      widest = Math.max(widest, pen.measureText(written).width);
      pen.fillText(written, box.left + box.width + 8, y);
    }
    pen.save();
    pen.translate(box.left + box.width + widest + (tongue === languages.tongues.en ? 18 : 22), box.top + box.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText(power ? `${words} × 10${raised(power)}` : words, 0, 0, box.height);
    pen.restore();
  }
