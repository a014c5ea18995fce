// What makes the console's pages live: they hear what changed, ask for themselves again, and change in place, without
// taking away where one is or what one types. Without this file every page works, by loading it again.
"use strict";
(() => {
  const source = document.body.dataset.events;
  const regions = () => [...document.querySelectorAll("[data-live]")];
  const offline = document.getElementById("offline");
  const live = document.getElementById("live");
  let waiting = null;
  let wanted = new Set();
  let busy = false;
  let looked = 0;

  // Whether a region shows what changed: `topic`, or `topic:id` for one thing alone.
  const shows = (region, topic, id) =>
    region.dataset.live.split(" ").some((one) => one === topic || (id && one === `${topic}:${id}`));

  const want = (found) => {
    found.forEach((region) => wanted.add(region.id));
    // Once a second at most, however much goes on.
    const rest = Math.max(50, looked + 1000 - Date.now());
    if (found.length > 0 && waiting === null) waiting = setTimeout(refresh, rest);
  };

  // What somebody has typed, and what they have opened or ticked, is theirs.
  const isTouched = (node) =>
    (node instanceof HTMLInputElement && node.type !== "hidden" &&
      (node.value !== node.defaultValue || node.checked !== node.defaultChecked)) ||
    (node instanceof HTMLSelectElement && [...node.options].some((one) => one.selected !== one.defaultSelected));

  const morph = (old, fresh) =>
    window.Idiomorph.morph(old, fresh, {
      ignoreActiveValue: true,
      restoreFocus: true,
      callbacks: {
        beforeNodeMorphed: (node) => !isTouched(node),
        beforeAttributeUpdated: (name, node) => !(name === "open" && node instanceof HTMLDetailsElement),
      },
    });

  const refresh = async () => {
    waiting = null;
    if (busy) { waiting = setTimeout(refresh, 250); return; }
    const ids = wanted;
    wanted = new Set();
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "x-by-itself": "1" }, redirect: "error" });
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const said = [];
      for (const id of ids) {
        const [old, next] = [document.getElementById(id), fresh.getElementById(id)];
        if (!old || !next) continue;
        if (next.dataset.announce && next.dataset.announce !== old.dataset.announce) said.push(next.dataset.announce);
        morph(old, next);
      }
      const heading = fresh.querySelector("h1");
      const shown = document.querySelector("h1");
      if (heading && shown && heading.textContent !== shown.textContent) {
        shown.textContent = heading.textContent;
        document.title = fresh.title;
      }
      if (said.length > 0) live.textContent = said.join(" ");
      tell();
    } catch {
      // The next change, or the next tick, tries again.
    } finally {
      busy = false;
      looked = Date.now();
    }
  };

  let events = null;
  const listen = () => {
    const line = new EventSource(source);
    const online = () => { offline.hidden = true; };
    const on = (name, heard) => line.addEventListener(name, heard);
    events = line;
    // What changed between the page and the line's beginning is told to nobody: one look when it stands makes that good,
    // and so it does after an interruption.
    on("hello", () => { online(); setTimeout(() => want(regions()), 1500); });
    on("changes", (event) => {
      const changes = JSON.parse(event.data);
      want(regions().filter((region) => changes.some(({ topic, id }) => shows(region, topic, id))));
    });
    on("tick", () => { online(); want(regions().filter((region) => shows(region, "tick"))); });
    on("everything", () => want(regions()));
    on("ended", () => { line.close(); location.reload(); });
    on("error", () => {
      offline.hidden = false;
      // Where it was refused, the browser doesn't try again by itself; the page then learns why.
      if (line.readyState === EventSource.CLOSED) setTimeout(() => { want(regions()); listen(); }, 5000);
    });
  };

  // Browsers allow a site few lines at once: a page that nobody has looked at for a while lets go of its own.
  const PATIENCE = 5 * 60 * 1000;
  let leaving = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) {
      leaving = setTimeout(() => { if (events) events.close(); events = null; }, PATIENCE);
    } else if (source && events === null && regions().length > 0) {
      want(regions());
      listen();
    }
  });

  const span = (seconds) => {
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} d`;
  };
  const show = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const tell = () => {
    for (const node of document.querySelectorAll("time[data-ago]")) {
      const seconds = Math.floor((Date.now() - Date.parse(node.dateTime)) / 1000);
      show(node, seconds < 0 ? `in ${span(-seconds)}` : seconds < 5 ? "just now" : `${span(seconds)} ago`);
    }
    for (const node of document.querySelectorAll("time[data-countdown]")) {
      const left = Math.max(0, Math.floor((Date.parse(node.dateTime) - Date.now()) / 1000));
      show(node, `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
    }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
  tell();
  setInterval(tell, 1000);
  if (source && regions().length > 0) listen();
})();
