  // Fingers, mouse and keyboard.

  const REACH = 26;
  const MOVE_CM = 1;
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  function valueWords(x, y, slice = state.slice) {
    const cm = (value) => value.toFixed(0);
    const parts = [line ? say("lineAt", { x: cm(x) }) : say("at", { x: cm(x), y: cm(y) })];
    if (volume) {
      const echo = radarAt(x, y, slice);
      const depth = data.depths[slice].toFixed(1);
      parts.push(echo === null ? say("radarNone", {}) : say("radarValue", { depth, echo: echo.toFixed(2) }));
    } else { parts.push(say("radarNone", {})); }
    const metal = mapAt("metal", x, y);
    parts.push(metal === null ? say("metalNone", {}) : say("metalValue", { metal: shortNumber(metal), units: term(data.layers.metal.units) }));
    return parts.join(" · ");
  }

  function shortNumber(value) {
    const [digits, power] = value.toExponential(1).split("e").map(Number);
    return power > -3 && power < 5 ? String(Number(value.toPrecision(2))) : `${digits} × 10${raised(power)}`;
  }

  function placeOf(event, canvas) {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left - canvas.clientLeft, y: event.clientY - box.top - canvas.clientTop };
  }

  function groundAt(place) {
    return { x: shown.left + (place.x - planBox.left) / planBox.scale, y: shown.bottom + (planBox.bottom - place.y) / planBox.scale };
  }

  // The map keeps still under a finger that pulls the cross-hair, and follows when it is lifted.
  function pullTo(at) {
    go({ target: -1, pulled: inParts, x: Math.min(Math.max(at.x, shown.left), shown.right), y: Math.min(Math.max(at.y, shown.bottom), shown.top) });
  }

  // A tap goes to a target or a place; a pull moves the cross-hair at its depth, or turns the volume.
  function onPlan() {
    let held = null;
    planCanvas.addEventListener("pointerdown", (event) => { held = { ...placeOf(event, planCanvas), moved: false, turn: state.turn, tilt: state.tilt }; });
    planCanvas.addEventListener("pointermove", (event) => {
      const place = placeOf(event, planCanvas);
      if (held && event.buttons) {
        if (Math.hypot(place.x - held.x, place.y - held.y) > 8) { held.moved = true; planCanvas.setPointerCapture(event.pointerId); }
        if (held.moved && state.layer === "solid") {
          go({ turn: held.turn - (place.x - held.x) / 120, tilt: Math.min(Math.max(held.tilt + (place.y - held.y) / 120, 0), Math.PI / 2) });
        } else if (held.moved && planBox) { pullTo(groundAt(place)); }
      } else if (planBox) {
        const at = groundAt(place);
        if (at.x >= shown.left && at.x <= shown.right && at.y >= shown.bottom && at.y <= shown.top) { element("readout").textContent = valueWords(at.x, at.y); }
      }
    });
    planCanvas.addEventListener("pointerup", (event) => {
      const place = placeOf(event, planCanvas);
      if (held && !held.moved) {
        const near = state.targets ? targetNear(planPlaces, place.x, place.y, REACH) : -1;
        if (near >= 0) { goToTarget(near); } else if (planBox && inParts && place.y >= wholeBar.top) {
          const at = wholeAt(place);
          goToPlace(at.x, at.y);
        } else if (planBox) { const at = groundAt(place); goToPlace(at.x, at.y); }
      }
      held = null;
      if (state.pulled) { go({ pulled: false }); }
    });
    planCanvas.addEventListener("pointercancel", () => { held = null; state.pulled = false; });
    planCanvas.addEventListener("pointerleave", () => { showReadout(); });
  }

  function onCut(side) {
    const canvas = cutCanvases[side];
    canvas.addEventListener("click", (event) => {
      const place = placeOf(event, canvas);
      const near = state.targets ? targetNear(cutState[side].places, place.x, place.y, REACH) : -1;
      if (near >= 0) { goToTarget(near); return; }
      const { left, top, scale, low } = cutState[side].box;
      const along = low + (place.x - left) / scale;
      const slice = data.depths.length ? sliceOf(data.deep[0] + (place.y - top) / scale) : 0;
      go({ target: -1, slice, ...(side === "along" ? { x: along } : { y: along }) });
    });
  }

  function onKeys(canvas) {
    canvas.addEventListener("keydown", (event) => {
      const fast = event.shiftKey ? 5 : 1;
      const move = MOVES[event.key];
      const count = data.targets.length;
      if (move && state.layer === "solid" && canvas === planCanvas) {
        go({ turn: state.turn - 0.1 * fast * move[0], tilt: Math.min(Math.max(state.tilt + 0.1 * fast * move[1], 0), Math.PI / 2) });
      } else if (move && (line || canvas !== planCanvas)) {
        const along = line || canvas === cutCanvases.along ? "x" : "y";
        go({ target: -1, [along]: state[along] + MOVE_CM * fast * move[0], slice: state.slice - move[1] });
      } else if (move) { go({ target: -1, x: state.x + MOVE_CM * fast * move[0], y: state.y + MOVE_CM * fast * move[1] }); }
      else if (event.key === "PageUp" || event.key === "PageDown") { go({ slice: state.slice + (event.key === "PageUp" ? -fast : fast) }); }
      else if (event.key === "n" && count) { goToTarget((state.target + 1) % count); }
      else if (event.key === "p" && count) { goToTarget((Math.max(state.target, 0) + count - 1) % count); }
      else if (event.key === "Enter" || event.key === " ") { goToPlace(state.x, state.y); }
      else { return; }
      event.preventDefault();
    });
  }

  function showReadout() {
    tellText(element("readout"), valueWords(state.x, state.y));
  }

  let listed = null;
  function showList() {
    if (listed === state.target) { return; }
    listed = state.target;
    document.querySelectorAll("#targets .row").forEach((row) => {
      const chosen = Number(row.dataset.index) === state.target;
      row.classList.toggle("chosen", chosen);
      const button = row.querySelector("button");
      button.setAttribute("aria-expanded", String(chosen));
      row.querySelector(".more").hidden = !chosen;
      if (chosen && row.dataset.shown !== "yes") {
        // Only the list scrolls: the page must not jump under a finger.
        const list = element("targets");
        if (list.scrollHeight > list.clientHeight) { list.scrollTop = row.offsetTop - list.offsetTop; }
      }
      row.dataset.shown = chosen ? "yes" : "no";
    });
  }

  function showControls() {
    const depth = element("depth");
    const known = data.depths.length > 0;
    const words = known ? say("depthValue", { depth: data.depths[state.slice].toFixed(1) }) : say("depthNone", {});
    depth.value = String(state.slice);
    depth.disabled = !known;
    tellName(depth, "aria-valuetext", words);
    tellText(element("depth-text"), words);
    element("shallower").disabled = !known || state.slice === 0;
    element("deeper").disabled = !known || state.slice === data.depths.length - 1;
    const layer = data.layers[layerName()];
    const factor = 2 ** (state.limit / 4);
    const limit = element("limit");
    limit.disabled = state.auto || !layer;
    const limitWords = !layer ? "" : state.auto ? say("autoOn", {}) : say("limitValue", { limit: shortNumber(layer.limit * factor), units: layerName() === "metal" ? term(layer.units) : say(layerName() === "all" ? "unitAll" : "unitDepth", {}) });
    tellName(limit, "aria-valuetext", limitWords);
    tellText(element("limit-text"), limitWords);
    const share = say("percent", { share: Math.round(100 * state.metal) });
    tellName(element("metal"), "aria-valuetext", share);
    tellText(element("metal-text"), share);
    document.querySelectorAll("input[name=layer]").forEach((radio) => { radio.checked = radio.value === state.layer; });
    document.querySelectorAll("input[name=theme]").forEach((radio) => { radio.checked = radio.value === state.theme; });
    const at = { x: state.x.toFixed(0), y: state.y.toFixed(0), depth: words };
    const chosen = state.target < 0 ? say("noTarget", {}) : say("chosen", { name: data.targets[state.target].id });
    const layerWords = say(line && state.layer === "depth" ? "layer_section" : `layer_${state.layer}`, {});
    tellName(planCanvas, "aria-label", say(line ? "lineName" : "planName", { ...at, layer: layerWords, chosen }));
    tellName(cutCanvases.along, "aria-label", say(line ? "aboveName" : "alongName", at));
    tellName(cutCanvases.across, "aria-label", say(line ? "traceName" : "acrossName", at));
    tellText(element("said"), `${chosen}. ${valueWords(state.x, state.y)}`);
  }

  function setTheme(theme) {
    look = THEMES[theme];
    document.documentElement.dataset.theme = theme;
    try { window.localStorage.setItem("dualsense-theme", theme); } catch { /* a page from a memory stick may not keep anything */ }
    go({ theme });
  }

  function knownTheme() {
    try { return window.localStorage.getItem("dualsense-theme"); } catch { return null; }
  }
