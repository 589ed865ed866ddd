  // What the page shows, and where: every view is drawn from this, and `go` is the only way to change it.

  const element = (id) => document.getElementById(id);
  const data = JSON.parse(element("page-data").textContent);
  const unmeasured = data.steps;

  function edges(ground) {
    const right = ground.left + ground.columns * ground.cell;
    const top = ground.bottom + ground.rows * ground.cell;
    return { left: ground.left, right, bottom: ground.bottom, top };
  }

  const ground = data.ground;
  let volume = data.volume ? unpacked(data.volume, ground, data.depths.length) : null;
  const seen = { ground: data.seen.ground, cells: unpacked(data.seen.cells, data.seen.ground, 1) };
  const maps = {};
  for (const name of ["all", "metal"]) {
    const layer = data.layers[name];
    if (layer) { maps[name] = unpacked(layer.cells, layer.ground, 1); }
  }
  const frame = edges(seen.ground);
  let plane = ground.rows * ground.columns;

  // Long ground is shown by parts, so that a find in it is as large as in a square metre: what of it is shown.
  const LEAST_CM = data.line ? 200 : 100;
  const PART = 1.3;
  const shown = { ...frame };
  const wide = frame.right - frame.left;
  const tall = frame.top - frame.bottom;
  const across = Math.min(wide, Math.max(LEAST_CM, PART * tall));
  const upward = Math.min(tall, Math.max(LEAST_CM, PART * wide));
  const inParts = across < wide || upward < tall;

  const state = { x: 0, y: 0, slice: 0, target: -1, layer: "depth", auto: false, limit: 0, floor: 0, metal: 1, track: false, targets: true, theme: "light", turn: -0.6, tilt: 0.5, pulled: false };
  const views = [];

  // Index of the cell of a grid that holds a place, -1 outside.
  function cellAt(grid, x, y) {
    const column = Math.floor((x - grid.left) / grid.cell);
    // A section under a line is one cell wide, and told all across the strip.
    const row = grid.rows === 1 ? 0 : Math.floor((y - grid.bottom) / grid.cell);
    const inside = column >= 0 && row >= 0 && column < grid.columns && row < grid.rows;
    return inside ? row * grid.columns + column : -1;
  }

  function amplitude(step, top) {
    return top * (step / (unmeasured - 1)) ** 2;
  }

  function sliceOf(depth) {
    let best = 0;
    data.depths.forEach((each, index) => {
      if (Math.abs(each - depth) < Math.abs(data.depths[best] - depth)) { best = index; }
    });
    return best;
  }

  // Slice of the strongest echo under a place; null where the radar did not measure.
  function strongest(x, y) {
    const cell = volume ? cellAt(ground, x, y) : -1;
    if (cell < 0) { return null; }
    let best = null;
    let most = -1;
    for (let index = 0; index < data.depths.length; index += 1) {
      const step = volume[index * plane + cell];
      if (step !== unmeasured && step > most) { most = step; best = index; }
    }
    return best;
  }

  function radarAt(x, y, index) {
    const cell = volume ? cellAt(ground, x, y) : -1;
    const step = cell < 0 ? unmeasured : volume[index * plane + cell];
    return step === unmeasured ? null : amplitude(step, data.top);
  }

  function mapAt(name, x, y) {
    const layer = data.layers[name];
    const cell = layer ? cellAt(layer.ground, x, y) : -1;
    const step = cell < 0 ? unmeasured : maps[name][cell];
    return step === unmeasured ? null : amplitude(step, layer.top);
  }

  // Move what is shown when the cross-hair comes near its edge.
  function showAround() {
    if (!inParts) { return; }
    for (const [place, low, high, span] of [["x", "left", "right", across], ["y", "bottom", "top", upward]]) {
      const rim = 0.08 * span;
      if (shown[high] - shown[low] === span && state[place] >= shown[low] + rim && state[place] <= shown[high] - rim) { continue; }
      const start = Math.min(Math.max(state[place] - span / 2, frame[low]), frame[high] - span);
      shown[low] = start;
      shown[high] = start + span;
    }
  }

  // Where a target stands in the map: one that lies beside the ground stands at its edge, and is never left out.
  function standing(target) {
    return { x: Math.min(Math.max(target.x, frame.left), frame.right), y: Math.min(Math.max(target.y, frame.bottom), frame.top) };
  }

  function isShown({ x, y }) {
    return x >= shown.left && x <= shown.right && y >= shown.bottom && y <= shown.top;
  }

  function go(change) {
    Object.assign(state, change);
    state.x = Math.min(Math.max(state.x, frame.left), frame.right);
    state.y = Math.min(Math.max(state.y, frame.bottom), frame.top);
    if (!state.pulled) { showAround(); }
    state.slice = Math.min(Math.max(state.slice, 0), Math.max(data.depths.length - 1, 0));
    views.forEach((draw) => { draw(); });
  }

  function goToTarget(index) {
    const target = data.targets[index];
    const under = strongest(target.x, target.y);
    const slice = target.depth === null ? (under === null ? state.slice : under) : sliceOf(target.depth);
    go({ target: index, x: target.x, y: target.y, slice });
  }

  function goToPlace(x, y) {
    const under = strongest(x, y);
    go({ target: -1, x, y, slice: under === null ? state.slice : under });
  }

  // How strongly a target is drawn at a depth: whole within its spread, faint elsewhere. One whose depth is not
  // known may lie at any.
  function strength(target) {
    if (target.depth === null || !data.depths.length || state.layer !== "depth") { return 1; }
    const reach = Math.max(target.spread || 0, 2);
    return Math.abs(data.depths[state.slice] - target.depth) <= reach ? 1 : 0.45;
  }
