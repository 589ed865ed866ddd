  // Within the viewer the page is a frame: what is chosen goes out, and other images, marks and looks come in. The
  // page has an origin of its own there, so that messages are the only way, and they carry nothing secret.

  const outside = window.parent === window ? null : window.parent;
  const ofResult = data.targets;
  let linked = false;
  let lastNews = "";

  function tellOutside() {
    if (!linked) { return; }
    const chosen = state.target < 0 ? null : data.targets[state.target].id;
    const depth = data.depths.length ? data.depths[state.slice] : null;
    const news = { kind: "state", chosen, ...toScan(state), depth, theme: state.theme, language: document.documentElement.lang };
    const text = JSON.stringify(news);
    if (text === lastNews) { return; }
    lastNews = text;
    outside.postMessage(news, "*");
  }

  // A note over the map that says what is not as it was stored; it takes no room while there is none.
  function showOwn(note) {
    let shownNote = element("own");
    if (!shownNote) {
      shownNote = document.createElement("p");
      shownNote.id = "own";
      shownNote.className = "own";
      shownNote.setAttribute("role", "status");
      planCanvas.parentElement.before(shownNote);
    }
    shownNote.textContent = note;
    shownNote.hidden = !note;
  }

  // Another image of the same ground: at another permittivity, or between other depths.
  function showImage(image) {
    const depth = data.depths.length ? data.depths[state.slice] : 0;
    Object.assign(ground, image.ground);
    plane = ground.rows * ground.columns;
    volume = unpacked(image.volume, ground, image.depths.length);
    Object.assign(data, { depths: image.depths, deep: image.deep, top: image.top });
    for (const name of ["depth", "all"]) {
      const { cells, ...layer } = image.layers[name] || {};
      if (!data.layers[name] || !image.layers[name]) { continue; }
      if (cells) { maps[name] = unpacked(cells, layer.ground, 1); }
      Object.assign(data.layers[name], layer);
    }
    closeSolid();
    element("depth").max = String(Math.max(data.depths.length - 1, 0));
    go({ slice: sliceOf(depth) });
  }

  // What lies on the map instead of the targets of the result: a trainee's marks, and then what was there.
  function showMarks(marks) {
    const known = new Set(["suspect", "unclear", "likely-clutter", "not-assessable"]);
    const number = (value) => (Number.isFinite(value) ? value : null);
    data.targets = marks.filter((mark) => known.has(mark.call) && Number.isFinite(mark.x) && Number.isFinite(mark.y))
      .map((mark) => ({ id: String(mark.id).slice(0, 24), call: mark.call, ...fromScan(mark), depth: number(mark.depth), spread: null }));
    go({ target: -1 });
  }

  // What was decided of a target, beside its name in the list.
  function showDecided(names) {
    document.querySelectorAll("#targets .row").forEach((row) => {
      const target = ofResult[Number(row.dataset.index)];
      let tag = row.querySelector(".decided");
      if (!tag) {
        tag = document.createElement("span");
        tag.className = "decided tag";
        row.querySelector(".name").append(" ", tag);
      }
      tag.textContent = (target && names[target.id]) || "";
      tag.hidden = !tag.textContent;
    });
  }

  const answers = {
    hello: ({ theme, language }) => {
      // What is told of this page before it looks as the one outside would change that one back.
      if (THEMES[theme]) { setTheme(theme); }
      if (Object.hasOwn(languages.tongues, language)) { speak(language); }
      linked = true;
      tellOutside();
    },
    theme: ({ theme }) => { if (THEMES[theme]) { setTheme(theme); } },
    image: ({ image, note }) => { showOwn(String(note)); showImage(image); },
    floor: ({ floor, note }) => { showOwn(String(note)); go({ floor: Math.min(Math.max(Number(floor) || 0, 0), 0.9) }); },
    marks: ({ marks }) => { showMarks(marks); },
    decided: ({ names }) => { showDecided(names); },
    choose: ({ id }) => {
      const index = data.targets.findIndex((target) => target.id === id);
      if (index >= 0) { goToTarget(index); }
    },
    look: () => { planCanvas.parentElement.scrollIntoView({ block: "start" }); },
    place: ({ x, y }) => { const at = fromScan({ x: Number(x), y: Number(y) }); goToPlace(at.x, at.y); },
  };

  function beLinked() {
    if (!outside) { return; }
    views.push(tellOutside);
    whenSpoken.push(tellOutside);
    window.addEventListener("message", (event) => {
      const known = event.source === outside && event.data && Object.hasOwn(answers, event.data.kind);
      if (known) { answers[event.data.kind](event.data); }
    });
    outside.postMessage({ kind: "ready" }, "*");
  }
