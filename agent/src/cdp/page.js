// What the driver does inside a page: one function, called with a verb and what it is
// about, in a world of its own, so that the page's scripts neither see nor change it.
//
// Not here: what a page means. Nothing is kept but `bursar`, the mark that an act
// leaves in the document so that a later watch can tell whether the page was left.
async function bursarInPage(verb, request) {
  "use strict";

  const MINIMUM_PAUSE = 16; // A frame.
  const TICK = 250; // For what changes without an event.
  const ERROR_PAGE_PATIENCE = 2000; // For a page with an error status to be recognised.

  const all = (selector) => {
    try {
      return [...document.querySelectorAll(selector)];
    } catch {
      return null; // This browser can't read the selector.
    }
  };
  const visible = (element) =>
    element.getClientRects().length > 0 &&
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const enabled = (element) =>
    !element.matches(":disabled") && element.closest('[aria-disabled="true"], [inert]') === null;
  const fold = (text) => text.toLowerCase().replace(/\s+/gu, " ").trim();
  const squeeze = (text) => text.toLowerCase().replace(/\s+/gu, "");

  const contains = (element, wanted) => {
    // All text first, which needs no layout; then only what is shown.
    if (!squeeze(element.textContent).includes(squeeze(wanted))) return false;
    return visible(element) && fold(element.innerText ?? element.textContent).includes(fold(wanted));
  };
  const condition = (wanted) => {
    if (wanted.url !== undefined) return location.href.includes(wanted.url);
    const found = all(wanted.visible ?? wanted.absent ?? wanted.within);
    if (found === null) return false;
    if (wanted.visible !== undefined) return found.some(visible);
    if (wanted.absent !== undefined) return !found.some(visible);
    return found.some((element) => contains(element, wanted.contains));
  };
  const holds = (page) => page.conditions.every(condition);

  const html = () => document.documentElement?.outerHTML.slice(0, request.limit).toWellFormed() ?? "";
  const here = () => ({ url: location.href.toWellFormed(), html: html() });

  // Calls `look` soon after whatever may have changed what is seen, and at least every
  // tick; returns a function that ends it.
  const observe = (look) => {
    let pending = null;
    const soon = () => (pending ??= setTimeout(() => ((pending = null), look()), MINIMUM_PAUSE));
    const observer = new MutationObserver(soon);
    observer.observe(document, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    const tick = setInterval(soon, TICK);
    const events = ["load", "readystatechange", "transitionend", "animationend"];
    const windowEvents = ["hashchange", "popstate", "resize"];
    for (const event of events) document.addEventListener(event, soon, true);
    for (const event of windowEvents) addEventListener(event, soon, true);
    return () => {
      observer.disconnect();
      clearInterval(tick);
      clearTimeout(pending);
      for (const event of events) document.removeEventListener(event, soon, true);
      for (const event of windowEvents) removeEventListener(event, soon, true);
    };
  };

  // The mark of an act: how the document stood, and whether its page was seen not to
  // hold since.
  const mark = (page) => {
    globalThis.bursar?.end();
    const was = document.documentElement?.cloneNode(true) ?? document.createElement("html");
    const made = { page: page?.page ?? null, was, left: false };
    made.look = () => (made.left ||= page ? !holds(page) : false);
    made.end = observe(made.look);
    globalThis.bursar = made;
  };
  const regionText = (root, selector) => {
    try {
      return root.querySelector(selector)?.textContent ?? null;
    } catch {
      return null;
    }
  };

  const status = () => performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0;
  const errorPage = () => {
    if (location.protocol !== "chrome-error:") return null;
    const code = /\b(?:ERR|HTTP|DNS)_[A-Z0-9_]+\b/u.exec(document.documentElement.textContent);
    return { errorPage: code?.[0] ?? "", status: status() };
  };

  const loaded = () =>
    new Promise((resolve) => {
      const done = () => resolve(errorPage() ?? { status: status() });
      if (document.readyState !== "loading") done();
      else document.addEventListener("DOMContentLoaded", done, { once: true });
    });

  const watch = () =>
    new Promise((resolve) => {
      if (request.left && globalThis.bursar?.page !== request.left.page) {
        mark(request.pages.find((page) => page.page === request.left.page));
      }
      const wasLeft = (page) => {
        if (request.left?.page !== page) return true;
        const made = globalThis.bursar;
        const region = request.left.region;
        if (region && !made.left) {
          made.left = regionText(document, region) !== regionText(made.was, region);
        }
        return made.left;
      };
      const shows = () => {
        // Half a document may lack the very thing that tells two pages apart.
        if (document.readyState === "loading") return null;
        if (request.busy.some((selector) => all(selector)?.some(visible))) return null;
        return request.pages.find(holds)?.page ?? null;
      };

      let candidate = null;
      let confirming = null;
      let erroneous = null;
      const finish = (answer) => {
        stop();
        clearTimeout(confirming);
        clearTimeout(patience);
        resolve(answer);
      };
      const unrecognised = () => {
        const page = shows();
        const still = page !== null && !wasLeft(page) ? page : null;
        const failed = errorPage() ?? (status() >= 400 ? { status: status() } : null);
        finish(failed ?? { page: null, still, ...here() });
      };
      const look = () => {
        const failed = errorPage();
        if (failed) return finish(failed);
        if (request.left) globalThis.bursar.look();
        const page = shows();
        const seen = page !== null && wasLeft(page) ? page : null;
        if (seen !== null && seen === candidate) return finish({ page: seen, ...here() });
        candidate = seen;
        clearTimeout(confirming);
        if (seen !== null) {
          confirming = setTimeout(look, MINIMUM_PAUSE);
        } else if (status() >= 400 && document.readyState === "complete") {
          erroneous ??= performance.now();
          if (performance.now() - erroneous > ERROR_PAGE_PATIENCE) unrecognised();
        }
      };
      const stop = observe(look);
      const patience = setTimeout(unrecognised, request.patience);
      look();
    });

  // Waits until the selector fits exactly one thing that can be acted on.
  const target = async (selector) => {
    const end = performance.now() + request.patience;
    for (;;) {
      const found = all(selector) ?? [];
      const usable = found.filter((element) => visible(element) && enabled(element));
      if (usable.length === 1) return usable[0];
      if (performance.now() >= end) {
        if (usable.length > 1) return "ambiguous";
        return found.length === 0 ? "missing" : "notActionable";
      }
      await new Promise((resolve) => setTimeout(resolve, MINIMUM_PAUSE));
    }
  };
  const tell = (element, name) => element.dispatchEvent(new Event(name, { bubbles: true, composed: true }));
  const fill = (element, text) => {
    element.focus();
    if (element.readOnly) return false;
    if (element instanceof HTMLSelectElement) {
      const options = [...element.options];
      const option =
        options.find((option) => option.value === text) ??
        options.find((option) => fold(option.text) === fold(text));
      if (!option) return false;
      element.value = option.value;
    } else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) {
      // The prototype's own setter in this world: frameworks put theirs on the element
      // in the page's world, and notice the change by the event.
      element.value = text;
      if (element.value !== text) return false;
    } else {
      return false;
    }
    tell(element, "input");
    tell(element, "change");
    return true;
  };
  const act = async () => {
    if (request.first || !globalThis.bursar) mark(request.page);
    for (const one of request.acts) {
      const selector = one.into ?? one.target;
      const element = await target(selector);
      if (typeof element === "string") return { stuck: selector, problem: element, ...here() };
      // The lease may have ended while this waited.
      if (Date.now() >= request.until) return { late: true };
      element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
      if (one.into === undefined) {
        if (element.click) element.click();
        else element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, composed: true }));
      } else if (!fill(element, one.text)) {
        return { stuck: selector, problem: "notActionable", ...here() };
      }
    }
    return { acted: true };
  };

  return { loaded, watch, act }[verb]();
}
