  // The page in the language that is chosen: texts by their place in the tables, which the page brings along.

  const languages = JSON.parse(document.getElementById("languages").textContent);
  const KEPT = "dualsense-language";
  const IN = ["aria-label", "aria-roledescription", "alt"];
  const whenSpoken = [];
  let tongue = languages.tongues[languages.first];

  // A sentence of the scripts with its values, whose decimals are written as the language does.
  function say(name, values) {
    return tongue.say[name].replace(/\{(\w+)\}/g, (_, key) => number(String(values[key])));
  }

  function number(text) {
    const written = tongue.decimal === "." ? text : text.replace(/(\d)\.(?=\d)/g, `$1${tongue.decimal}`);
    // Digits with signs between them run from left to right among Arabic words too.
    return tongue.direction === "rtl" && /^[-\d].*[ ×]/.test(written) ? `\u2066${written}\u2069` : written;
  }

  // A word among the data.
  function term(text) {
    return tongue.terms[text] || text;
  }

  function textAt(place) {
    return tongue.texts[languages.at[Number(place)]];
  }

  // What has no translation is English, and says so to a voice that reads it.
  function told(place) {
    const english = languages.tongues.en.texts[languages.at[Number(place)]];
    return tongue !== languages.tongues.en && textAt(place) === english && /[a-z]{3}/.test(english) ? "en" : "";
  }

  function speak(code) {
    tongue = languages.tongues[code];
    const page = document.documentElement;
    page.lang = code;
    page.dir = tongue.direction;
    document.querySelectorAll("[data-said]").forEach((part) => {
      part.textContent = textAt(part.dataset.said);
      part.lang = told(part.dataset.said) || code;
    });
    for (const name of IN) {
      document.querySelectorAll(`[data-in-${name}]`).forEach((part) => { part.setAttribute(name, textAt(part.getAttribute(`data-in-${name}`))); });
    }
    document.querySelectorAll(".unreviewed").forEach((part) => { part.hidden = tongue.reviewed; });
    document.querySelectorAll(".drawn").forEach((part) => { part.hidden = code === languages.drawn; });
    // Reasons that are longer in this language must not push targets off a sheet of paper.
    document.querySelectorAll("table.targets").forEach((table) => { table.classList.toggle("many", tongue.many); });
    document.getElementById("language").value = code;
    whenSpoken.forEach((draw) => { draw(); });
    // Letters of another script come a moment later: what is drawn with them is drawn again.
    if (document.fonts) { document.fonts.ready.then(() => { whenSpoken.forEach((draw) => { draw(); }); }); }
  }

  function keptLanguage() {
    try { return window.localStorage.getItem(KEPT); } catch { return null; }
  }

  function chooseLanguage(code) {
    try { window.localStorage.setItem(KEPT, code); } catch { /* a page from a memory stick may not keep anything */ }
    speak(code);
  }

  function startLanguages() {
    const choice = document.getElementById("language");
    choice.hidden = false;
    choice.addEventListener("change", () => { chooseLanguage(choice.value); });
    const kept = keptLanguage();
    if (!kept || !languages.tongues[kept] || kept === languages.first) { return; }
    tongue = languages.tongues[kept];
    // What of the page is not there yet speaks when it is.
    document.addEventListener("DOMContentLoaded", () => { speak(kept); });
  }

  startLanguages();
