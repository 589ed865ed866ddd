  // Vertical sections through the cross-hair, along and across the lane, on the colour scale of the radar.

  const cutCanvases = { along: element("along"), across: element("across") };
  const cutState = { along: { places: [] }, across: { places: [] } };

  function cutSpan(side) {
    return side === "along" ? [shown.left, shown.right] : [shown.bottom, shown.top];
  }

  // Both sections in the same scale, beside each other or one above the other, whichever shows them larger.
  function arrangeCuts() {
    const room = element("cuts");
    const width = room.clientWidth;
    const height = Math.max(room.clientHeight, 220);
    const deep = data.deep[1] - data.deep[0];
    const spans = [cutSpan("along"), cutSpan("across")].map(([low, high]) => high - low);
    const margin = { left: 34, right: 10, top: 26, bottom: 24 };
    const sideways = margin.left + margin.right;
    const upright = margin.top + margin.bottom;
    const stacked = Math.min((width - sideways) / Math.max(...spans), (height - 2 * upright) / (2 * deep));
    const beside = Math.min((width - 2 * sideways) / (spans[0] + spans[1]), (height - upright) / deep);
    const sideBySide = beside > stacked;
    const scale = Math.max(stacked, beside);
    room.classList.toggle("beside", sideBySide);
    const least = 168;
    Object.values(cutCanvases).forEach((canvas, index) => {
      sized(canvas, sideBySide ? Math.max(Math.floor(spans[index] * scale + sideways), least) : width, Math.floor(deep * scale + upright));
    });
    return { scale, margin };
  }

  // What is as large as it was is left alone: the page would be laid out anew.
  function sized(canvas, width, height) {
    const [across, down] = [`${width}px`, `${height}px`];
    if (canvas.style.width !== across) { canvas.style.width = across; }
    if (canvas.style.height !== down) { canvas.style.height = down; }
  }

  function cutCells(side) {
    const columns = side === "along" ? ground.columns : ground.rows;
    const cells = new Uint8Array(columns * data.depths.length).fill(unmeasured);
    const cell = cellAt(ground, Math.min(state.x, ground.left + ground.cell * (ground.columns - 0.5)), Math.min(state.y, ground.bottom + ground.cell * (ground.rows - 0.5)));
    if (cell < 0) { return cells; }
    const row = Math.floor(cell / ground.columns);
    const column = cell % ground.columns;
    for (let index = 0; index < data.depths.length; index += 1) {
      for (let along = 0; along < columns; along += 1) {
        const at = side === "along" ? row * ground.columns + along : along * ground.columns + column;
        cells[index * columns + along] = volume[index * plane + at];
      }
    }
    return cells;
  }

  // Picture of a section, kept while another depth is all that changes: the slider leaves sections as they are.
  function cutImage(side) {
    const kept = cutState[side];
    const columns = side === "along" ? ground.columns : ground.rows;
    const asked = [side === "along" ? state.y : state.x, state.limit, state.auto, state.floor, look];
    if (kept.image && kept.of === volume && asked.every((value, index) => value === kept.asked[index])) { return kept.image; }
    const image = kept.image || sheet(columns, data.depths.length);
    if (image.width !== columns || image.height !== data.depths.length) { image.width = columns; image.height = data.depths.length; }
    const cells = cutCells(side);
    paintCells(image, cells, 0, columns, data.depths.length, palette(data.layers.depth, data.top, limitOf("depth", cells, 0, cells.length, data.top)), false);
    Object.assign(kept, { image, asked, of: volume });
    return image;
  }

  // Columns of a section over ground that the radar, or only the metal detector, did not measure.
  function hatchCut(pen, side, box, ratio) {
    const own = seen.ground;
    const columns = side === "along" ? own.columns : own.rows;
    const bitsAt = (index) => {
      const along = (side === "along" ? own.left : own.bottom) + (index + 0.5) * own.cell;
      const cell = side === "along" ? cellAt(own, along, state.y) : cellAt(own, state.x, along);
      return cell < 0 ? 0 : seen.cells[cell];
    };
    const both = data.bits.metal | data.bits.radar;
    const none = masked(columns, 1, (column) => !(bitsAt(column) & data.bits.radar));
    const one = masked(columns, 1, (column) => (bitsAt(column) & data.bits.radar) && (bitsAt(column) & both) !== both);
    const [low, high] = cutSpan(side);
    const part = { left: (low - (side === "along" ? own.left : own.bottom)) / own.cell, top: 0, width: (high - low) / own.cell, height: 1 };
    hatched(pen, none, part, box, ratio, "none");
    hatched(pen, one, part, box, ratio, "one");
  }

  function drawDepthMark(pen, target, x, toDepth, box, alpha) {
    pen.globalAlpha = alpha;
    if (target.depth === null) {
      pen.setLineDash([7, 6]);
      outlined(pen, () => { pen.moveTo(x, box.top); pen.lineTo(x, box.bottom); }, 1.6, look.mark, 2.4);
      pen.setLineDash([]);
    } else if (target.spread) {
      const low = Math.max(toDepth(target.depth - target.spread), box.top);
      const high = Math.min(toDepth(target.depth + target.spread), box.bottom);
      outlined(pen, () => {
        pen.moveTo(x, low);
        pen.lineTo(x, high);
        for (const end of [low, high]) { pen.moveTo(x - 7, end); pen.lineTo(x + 7, end); }
      }, 2, look.mark, 2.6);
    }
    pen.globalAlpha = 1;
  }

  function drawCut(side, scale, margin) {
    const canvas = cutCanvases[side];
    const size = fitted(canvas, true);
    const { width, height } = size;
    const [low, high] = cutSpan(side);
    const box = { left: margin.left, top: margin.top, width: (high - low) * scale, height: (data.deep[1] - data.deep[0]) * scale };
    box.bottom = box.top + box.height;
    const toX = (x) => box.left + (x - low) * scale;
    const toDepth = (depth) => box.top + (depth - data.deep[0]) * scale;
    const here = side === "along" ? state.x : state.y;
    const off = (target) => Math.abs(side === "along" ? target.y - state.y : target.x - state.x);
    const places = data.targets.map((target, index) => {
      // Without a depth it stands on the ground, and a broken line down from it: anywhere below.
      const depth = target.depth === null ? data.deep[0] : target.depth;
      const strong = index === state.target || off(target) <= 4;
      return { index, x: toX(side === "along" ? standing(target).x : standing(target).y), y: Math.max(Math.min(toDepth(depth), box.bottom - SYMBOL), box.top), alpha: strong ? 1 : 0.35, strong };
    });
    // What lies far from the cut is not in it: only targets whose body may reach it are drawn.
    const near = places.filter(({ index, x, strong }) => x >= box.left && x <= box.left + box.width && (strong || off(data.targets[index]) <= 10));
    cutState[side].places = near;
    const key = [state.x, state.y, state.target, state.limit, state.auto, state.floor, state.targets, low, high, scale, volume, data.targets, data.deep];
    const below = kept(`${side} below`, key, size, (brush) => { drawCutGround(brush, side, { box, scale, toX, here }, size); });
    const above = kept(`${side} above`, key, size, (brush) => {
      if (data.messages.radar) { message(brush, box, term(data.messages.radar)); }
      if (state.targets) {
        near.forEach(({ index, x, alpha }) => { drawDepthMark(brush, data.targets[index], x, toDepth, box, alpha); });
        drawTargets(brush, near, { left: 0, top: 0, width, height });
      }
      drawAxes(brush, box, toX, toDepth, [low, high], data.deep, null);
      brush.font = font(14, 700);
      brush.fillStyle = look.ink;
      brush.textAlign = "left";
      brush.textBaseline = "middle";
      brush.fillText(say(side === "along" ? "cutAlong" : "cutAcross", { at: (side === "along" ? state.y : state.x).toFixed(0) }), box.left, 12);
      cutState[side].box = { ...box, scale, low };
      canvas.dataset.drawn = JSON.stringify({ box: cutState[side].box, here, strengths: near.map(({ index, alpha }) => [data.targets[index].id, alpha]) });
    });
    drawLevel(side, box, data.depths.length ? toDepth(data.depths[state.slice]) : null, below, above, size);
  }

  // The line of the depth between what lies below and above it. Another depth moves that line and nothing else: then
  // only the rows of the old one and of the new one are painted.
  function drawLevel(side, box, y, below, above, { pen, width, height, ratio, anew }) {
    const last = cutState[side].level;
    const moved = last && !anew && last.below === below.asked && last.above === above.asked && last.y !== null && y !== null;
    pen.save();
    if (moved) {
      pen.beginPath();
      for (const at of [last.y, y]) {
        const top = Math.floor((at - 3) * ratio) / ratio;
        pen.rect(0, top, width, Math.ceil((at + 3) * ratio) / ratio - top);
      }
      pen.clip();
    }
    pen.clearRect(0, 0, width, height);
    pen.drawImage(below.canvas, 0, 0, width, height);
    if (y !== null) { outlined(pen, () => { pen.moveTo(box.left, y); pen.lineTo(box.left + box.width, y); }, 1.2, look.mark, 1.8); }
    pen.drawImage(above.canvas, 0, 0, width, height);
    pen.restore();
    cutState[side].level = { below: below.asked, above: above.asked, y };
  }

  // The section itself, hatched where nothing was measured, and the place of the cross-hair.
  function drawCutGround(pen, side, { box, scale, toX, here }, { ratio }) {
    pen.imageSmoothingEnabled = false;
    pen.fillStyle = pattern(pen, look.grey, look.hatch, 9, 1);
    pen.fillRect(box.left, box.top, box.width, box.height);
    if (volume) {
      const columns = side === "along" ? ground.columns : ground.rows;
      const start = side === "along" ? ground.left : ground.bottom;
      pen.save();
      pen.beginPath();
      pen.rect(box.left, box.top, box.width, box.height);
      pen.clip();
      pen.drawImage(cutImage(side), toX(start), box.top, columns * ground.cell * scale, box.height);
      pen.restore();
    }
    hatchCut(pen, side, box, ratio);
    outlined(pen, () => { pen.moveTo(toX(here), box.top); pen.lineTo(toX(here), box.bottom); }, 1.2, look.mark, 1.8);
  }

  function drawCuts() {
    if (line) { drawLineCuts(); return; }
    const { scale, margin } = arrangeCuts();
    drawCut("along", scale, margin);
    drawCut("across", scale, margin);
  }
