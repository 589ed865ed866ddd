  // The volume from any side: the strongest echo along each line of sight, by WebGL 2 or, without it, by the processor.

  const RAY = `#version 300 es
    precision highp float;
    precision highp sampler3D;
    uniform sampler3D echoes;
    uniform sampler2D ground;
    uniform sampler2D colours;
    uniform mat3 turn;
    uniform vec3 size;
    uniform vec2 reach;
    uniform float gain;
    uniform float gamma;
    uniform float least;
    uniform vec3 grey;
    uniform vec3 hatch;
    uniform vec3 sparse;
    in vec2 place;
    out vec4 colour;
    void main() {
      vec3 from = turn * vec3(place * reach, -2.0);
      vec3 along = turn * vec3(0.0, 0.0, 1.0);
      vec3 one = (-0.5 * size - from) / along;
      vec3 other = (0.5 * size - from) / along;
      vec3 near = min(one, other);
      vec3 far = max(one, other);
      float start = max(max(near.x, near.y), near.z);
      float stop = min(min(far.x, far.y), far.z);
      if (stop <= start) { colour = vec4(0.0); return; }
      float most = 0.0;
      for (int i = 0; i < 160; i += 1) {
        vec3 at = (from + along * mix(start, stop, (float(i) + 0.5) / 160.0)) / size + 0.5;
        most = max(most, texture(echoes, at).r);
      }
      float part = min(pow(most * 255.0 / 248.0, 2.0) * gain, 1.0);
      float share = part < least ? 0.0 : pow(part, gamma);
      colour = vec4(texture(colours, vec2(share, 0.5)).rgb, 1.0);
      vec3 floorAt = (from + along * other.z) / size + 0.5;
      vec3 lid = (from + along * one.z) / size + 0.5;
      for (int side = 0; side < 2; side += 1) {
        vec2 at = side == 0 ? floorAt.xy : lid.xy;
        if (all(greaterThanEqual(at, vec2(0.0))) && all(lessThanEqual(at, vec2(1.0)))) {
          float told = texture(ground, at).r;
          float across = gl_FragCoord.x + gl_FragCoord.y;
          if (told < 0.25) { colour.rgb = mix(colour.rgb, mix(grey, hatch, step(mod(across, 9.0), 2.0)), side == 0 ? 0.5 : 0.75); }
          else if (told < 0.75 && side == 1) { colour.rgb = mix(colour.rgb, sparse, step(mod(across, 22.0), 2.0)); }
        }
      }
    }`;
  const CORNER = `#version 300 es
    out vec2 place;
    void main() {
      vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
      place = corner * 2.0 - 1.0;
      gl_Position = vec4(place, 0.0, 1.0);
    }`;

  const solid = { tried: false, gl: null, reduce: 1, places: [], held: [] };
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

  // How many sensors the column under a place rests on: 0 without the radar, 1 with the radar alone, 2 with both.
  function sensorsAt(x, y) {
    const cell = cellAt(seen.ground, x, y);
    const bits = cell < 0 ? 0 : seen.cells[cell];
    return bits & data.bits.radar ? (bits & data.bits.metal ? 2 : 1) : 0;
  }

  function compiled(gl) {
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, CORNER], [gl.FRAGMENT_SHADER, RAY]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
  }

  function texture(gl, unit, kind, filter) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    const made = gl.createTexture();
    solid.held.push(made);
    gl.bindTexture(kind, made);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texParameteri(kind, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(kind, gl.TEXTURE_MAG_FILTER, filter);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) { gl.texParameteri(kind, side, gl.CLAMP_TO_EDGE); }
  }

  // Forget a volume that another one has taken the place of.
  function closeSolid() {
    if (solid.gl) { solid.held.forEach((one) => { solid.gl.deleteTexture(one); }); solid.gl.deleteProgram(solid.program); }
    Object.assign(solid, { tried: false, gl: null, held: [] });
  }

  function openSolid() {
    solid.tried = true;
    if (data.noWebgl || !volume) { return; }
    const canvas = element("solid");
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: false });
    const most = gl ? gl.getParameter(gl.MAX_3D_TEXTURE_SIZE) : 0;
    if (!gl || Math.max(ground.columns, ground.rows, data.depths.length) > most) { return; }
    const program = compiled(gl);
    if (!program) { return; }
    gl.useProgram(program);
    texture(gl, 0, gl.TEXTURE_3D, gl.LINEAR);
    const levels = volume.map((step) => (step === unmeasured ? 0 : 4 * step));
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.R8, ground.columns, ground.rows, data.depths.length, 0, gl.RED, gl.UNSIGNED_BYTE, levels);
    texture(gl, 1, gl.TEXTURE_2D, gl.NEAREST);
    const mask = new Uint8Array(plane);
    for (let i = 0; i < plane; i += 1) {
      const x = ground.left + ((i % ground.columns) + 0.5) * ground.cell;
      const y = ground.bottom + (Math.floor(i / ground.columns) + 0.5) * ground.cell;
      mask[i] = [0, 128, 255][sensorsAt(x, y)];
    }
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, ground.columns, ground.rows, 0, gl.RED, gl.UNSIGNED_BYTE, mask);
    texture(gl, 2, gl.TEXTURE_2D, gl.LINEAR);
    ["echoes", "ground", "colours"].forEach((name, unit) => { gl.uniform1i(gl.getUniformLocation(program, name), unit); });
    if (!solid.canvas) { canvas.addEventListener("webglcontextlost", () => { solid.gl = null; go({}); }); }
    Object.assign(solid, { gl, canvas, program });
  }

  // Turned axes, screen to ground, in columns: right, up (both of the screen), and away from the eye. Depth grows downwards.
  function turned() {
    const [s, c, st, ct] = [Math.sin(state.turn), Math.cos(state.turn), Math.sin(state.tilt), Math.cos(state.tilt)];
    return { right: [c, s, 0], up: [-s * st, c * st, -ct], away: [-s * ct, c * ct, st] };
  }

  function solidByGraphics(axes, reach, size, width, height, ratio) {
    const { gl, canvas, program } = solid;
    canvas.width = Math.max(Math.round(width * ratio / solid.reduce), 1);
    canvas.height = Math.max(Math.round(height * ratio / solid.reduce), 1);
    gl.viewport(0, 0, canvas.width, canvas.height);
    const colours = new Uint8Array(shades(data.layers.depth).flatMap((colour) => [...colour, 255]));
    gl.activeTexture(gl.TEXTURE2);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, colours.length / 4, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, colours);
    const at = (name) => gl.getUniformLocation(program, name);
    gl.uniformMatrix3fv(at("turn"), false, [...axes.right, ...axes.up, ...axes.away]);
    gl.uniform3fv(at("size"), size);
    gl.uniform2fv(at("reach"), reach);
    gl.uniform1f(at("gain"), data.top / limitOf("depth", volume, 0, volume.length, data.top));
    gl.uniform1f(at("gamma"), data.layers.depth.gamma);
    gl.uniform1f(at("least"), state.floor);
    gl.uniform3fv(at("grey"), rgb(look.grey));
    gl.uniform3fv(at("hatch"), rgb(look.hatch));
    gl.uniform3fv(at("sparse"), rgb(look.one));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Every second cell thrown onto the screen, the strongest last: coarser, but the same picture.
  function solidByProcessor(toScreen, width, height, perCm) {
    const columns = Math.round(width / 3);
    const rows = Math.round(height / 3);
    const most = new Uint8Array(columns * rows).fill(unmeasured);
    const bare = new Uint8Array(columns * rows);
    // As large as the step from cell to cell, so that no gap is left between them.
    const wideStep = Math.max(Math.ceil(2 * ground.cell * perCm / 3), 2);
    const splat = (picture, x, y, depth, step) => {
      const at = toScreen(x, y, depth);
      const column = Math.round(at.x / 3 - wideStep / 2);
      const row = Math.round(at.y / 3 - wideStep / 2);
      for (let down = 0; down < wideStep; down += 1) {
        for (let right = 0; right < wideStep; right += 1) {
          if (column + right < 0 || column + right >= columns || row + down < 0 || row + down >= rows) { continue; }
          const to = (row + down) * columns + column + right;
          if (picture[to] === unmeasured || step > picture[to]) { picture[to] = step; }
        }
      }
    };
    for (let row = 0; row < ground.rows; row += 2) {
      const y = ground.bottom + (row + 0.5) * ground.cell;
      for (let column = 0; column < ground.columns; column += 2) {
        const x = ground.left + (column + 0.5) * ground.cell;
        const sensors = sensorsAt(x, y);
        if (sensors < 2) { splat(bare, x, y, data.deep[0], 2 - sensors); }
        if (!sensors) { continue; }
        for (let index = 0; index < data.depths.length; index += 2) {
          const step = volume[index * plane + row * ground.columns + column];
          if (step !== unmeasured) { splat(most, x, y, data.depths[index], step); }
        }
      }
    }
    const canvas = sheet(columns, rows);
    paintCells(canvas, most, 0, columns, rows, palette(data.layers.depth, data.top, limitOf("depth", volume, 0, volume.length, data.top)), false);
    const pen = canvas.getContext("2d");
    bare.forEach((step, index) => {
      if (!step) { return; }
      const column = index % columns;
      const row = Math.floor(index / columns);
      if (step === 1 && (column + row) % 8) { return; }
      pen.fillStyle = step === 1 ? look.one : (column + row) % 3 ? look.grey : look.hatch;
      pen.fillRect(column, row, 1, 1);
    });
    return canvas;
  }

  function drawFrame(pen, toScreen) {
    const [top, bottom] = data.deep;
    const corners = [[frame.left, frame.bottom], [frame.right, frame.bottom], [frame.right, frame.top], [frame.left, frame.top]];
    const edge = (from, to) => { const a = toScreen(...from); const b = toScreen(...to); pen.moveTo(a.x, a.y); pen.lineTo(b.x, b.y); };
    pen.strokeStyle = look.ink;
    pen.lineWidth = 1.5;
    pen.beginPath();
    corners.forEach((corner, index) => {
      const next = corners[(index + 1) % 4];
      edge([...corner, top], [...next, top]);
      edge([...corner, bottom], [...next, bottom]);
      edge([...corner, top], [...corner, bottom]);
    });
    pen.stroke();
    pen.fillStyle = look.ink;
    pen.font = font(14, 700);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const far = toScreen(frame.right, (frame.bottom + frame.top) / 2, top);
    const start = toScreen(frame.left, (frame.bottom + frame.top) / 2, top);
    const length = Math.hypot(far.x - start.x, far.y - start.y);
    if (length > 60) {
      const angle = Math.atan2(far.y - start.y, far.x - start.x);
      arrow(pen, far.x + 6 * Math.cos(angle), far.y + 6 * Math.sin(angle), angle, 34);
      pen.fillText(say("laneShort", {}), far.x + 60 * Math.cos(angle), far.y + 60 * Math.sin(angle));
    }
  }

  function drawSolid(pen, width, height, ratio) {
    if (!volume) { message(pen, { left: 0, top: 0, width, height }, data.messages.radar ? term(data.messages.radar) : say("noVolume", {})); return; }
    if (!solid.tried) { openSolid(); }
    const span = [frame.right - frame.left, frame.top - frame.bottom, data.deep[1] - data.deep[0]];
    const middle = [(frame.right + frame.left) / 2, (frame.top + frame.bottom) / 2, (data.deep[1] + data.deep[0]) / 2];
    const longest = Math.max(...span);
    const size = span.map((each) => each / longest);
    // Room for any turn at this tilt, and for the arrow of the lane.
    const reachAround = Math.hypot(size[0], size[1]);
    const high = reachAround * Math.sin(state.tilt) + size[2] * Math.cos(state.tilt);
    const scale = Math.min((width - 40) / reachAround, (height - 50) / high);
    const reach = [0.5 * width / scale, 0.5 * height / scale];
    const axes = turned();
    const toScreen = (x, y, depth) => {
      const at = [x - middle[0], y - middle[1], depth - middle[2]].map((each) => each / longest);
      const along = (axis) => axis[0] * at[0] + axis[1] * at[1] + axis[2] * at[2];
      return { x: width / 2 + scale * along(axes.right), y: height / 2 - scale * along(axes.up) };
    };
    const started = performance.now();
    if (solid.gl) { solidByGraphics(axes, reach, size, width, height, ratio); } else { pen.drawImage(solidByProcessor(toScreen, width, height, scale / longest), 0, 0, width, height); }
    element("solid").hidden = !solid.gl;
    const took = performance.now() - started;
    if (took > 40 && solid.reduce < 4) { solid.reduce *= 2; }
    drawFrame(pen, toScreen);
    planPlaces = data.targets.map((target, index) => ({ index, ...toScreen(target.x, target.y, target.depth === null ? data.deep[0] : target.depth), alpha: 1 }));
    const drawn = state.targets ? drawTargets(pen, planPlaces, { left: 0, top: 0, width, height }) : { symbols: [], labels: [] };
    planBox = null;
    planCanvas.dataset.drawn = JSON.stringify({ by: solid.gl ? "graphics" : "processor", symbols: drawn.symbols, labels: drawn.labels, turn: state.turn, tilt: state.tilt });
  }
