  // Bind the controls, then open at the first target, at its depth.

  function onControls() {
    element("depth").addEventListener("input", (event) => { go({ slice: Number(event.target.value) }); });
    element("shallower").addEventListener("click", () => { go({ slice: state.slice - 1 }); });
    element("deeper").addEventListener("click", () => { go({ slice: state.slice + 1 }); });
    element("limit").addEventListener("input", (event) => { go({ limit: Number(event.target.value) }); });
    element("metal").addEventListener("input", (event) => { go({ metal: Number(event.target.value) / 10 }); });
    element("auto").addEventListener("change", (event) => { go({ auto: event.target.checked }); });
    element("track").addEventListener("change", (event) => { go({ track: event.target.checked }); });
    element("show-targets").addEventListener("change", (event) => { go({ targets: event.target.checked }); });
    document.querySelectorAll("input[name=layer]").forEach((radio) => {
      radio.addEventListener("change", () => { go({ layer: radio.value }); });
    });
    document.querySelectorAll("input[name=theme]").forEach((radio) => {
      radio.addEventListener("change", () => { setTheme(radio.value); });
    });
    document.querySelectorAll("#targets .row").forEach((row) => {
      row.querySelector("button").addEventListener("click", () => {
        const index = Number(row.dataset.index);
        if (state.target === index && !row.querySelector(".more").hidden) { go({ target: -1 }); } else { goToTarget(index); }
      });
    });
    const display = element("display-button");
    display.addEventListener("click", () => {
      const open = element("display").hidden;
      element("display").hidden = !open;
      display.setAttribute("aria-expanded", String(open));
      go({});
    });
  }

  function start() {
    element("instrument").hidden = false;
    onControls();
    if (line) { onLine(); } else { onPlan(); onCut("along"); onCut("across"); }
    [planCanvas, cutCanvases.along, cutCanvases.across].forEach(onKeys);
    views.push(showControls, showList, showReadout, drawPlan, drawCuts);
    beLinked();
    window.addEventListener("resize", () => { go({}); });
    // Pictures that the device threw away are made anew.
    [planCanvas, cutCanvases.along, cutCanvases.across].forEach((canvas) => {
      canvas.addEventListener("contextrestored", () => { forgetStills(); go({}); });
    });
    whenSpoken.push(() => { forgetStills(); go({}); });
    state.layer = volume ? "depth" : "metal";
    const theme = knownTheme();
    if (theme && THEMES[theme]) { look = THEMES[theme]; state.theme = theme; document.documentElement.dataset.theme = theme; }
    if (data.targets.length) { goToTarget(0); return; }
    goToStrongest();
  }

  // Without a target the strongest echo is what to look at, and the middle where there is no radar.
  function goToStrongest() {
    if (!volume) { go({ x: (frame.left + frame.right) / 2, y: (frame.bottom + frame.top) / 2 }); return; }
    let best = 0;
    let most = -1;
    volume.forEach((step, index) => { if (step !== unmeasured && step > most) { most = step; best = index; } });
    const column = (best % plane) % ground.columns;
    const row = Math.floor((best % plane) / ground.columns);
    go({ slice: Math.floor(best / plane), x: ground.left + (column + 0.5) * ground.cell, y: ground.bottom + (row + 0.5) * ground.cell });
  }

  start();
