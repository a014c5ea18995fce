// What makes the set-up page live: it looks for itself again and changes in place, and copies what one asks it to.
// Without this file the page works, by loading it again.
"use strict";
(() => {
  const EVERY = 2000;
  const live = document.getElementById("live");

  const offerCopies = () => {
    for (const button of document.querySelectorAll("[data-copy][hidden]")) {
      if (navigator.clipboard) button.hidden = false;
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.firstChild.textContent = "Copied";
      setTimeout(() => { button.firstChild.textContent = "Copy"; }, 2000);
    } catch {
      // The browser doesn't allow it here: the value can be marked by hand.
    }
  });

  // What somebody is typing, and what they have opened, is theirs.
  const isTouched = (node) => node instanceof HTMLInputElement && node.value !== node.defaultValue;
  const morph = (old, fresh) =>
    window.Idiomorph.morph(old, fresh, {
      ignoreActiveValue: true,
      restoreFocus: true,
      callbacks: {
        beforeNodeMorphed: (node) => !isTouched(node),
        beforeAttributeUpdated: (name, node) =>
          !(name === "open" && node instanceof HTMLDetailsElement) && !(name === "hidden" && node.dataset.copy),
      },
    });

  const look = async () => {
    if (!("looks" in document.body.dataset)) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.pathname, { redirect: "error" });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const [old, next] = [document.getElementById("main"), fresh.getElementById("main")];
        const heading = (main) => main.querySelector("h1")?.textContent;
        if (answer.ok && next) {
          const isOther = heading(old) !== heading(next);
          // What was said stays until there is something else to say.
          const said = old.querySelector(".said");
          if (said && !isOther && !next.querySelector(".said")) next.querySelector("h1").after(said.cloneNode(true));
          morph(old, next);
          document.title = fresh.title;
          if (isOther) live.textContent = heading(next);
          if (!("looks" in fresh.body.dataset)) delete document.body.dataset.looks;
          offerCopies();
        } else if (answer.status === 404) {
          location.reload();
          return;
        }
      } catch {
        // The next look tries again.
      }
    }
    setTimeout(look, EVERY);
  };

  offerCopies();
  // What an act came to is said once; loading the page again doesn't say it anew.
  if (location.search) history.replaceState(null, "", location.pathname);
  setTimeout(look, EVERY);
})();
