// What the driver does inside a page: one function, called with a verb and what it is
// about, in a world of its own, so that the page's scripts neither see nor change it.
//
// A world of its own still sees the page's elements under the names that the page gave
// them: `<div id=bursar>` is a property of the window, `<img name=querySelectorAll>` one
// of the document, `<input name=matches>` one of its form. So what is kept is kept under
// a symbol, and of the document and of elements the prototypes' own methods are called.
//
// Not here: what a page means. Nothing is kept but the mark that an act leaves in the
// world so that a later watch can tell whether the page was left.
async function bursarInPage(verb, request) {
  "use strict";

  const MINIMUM_PAUSE = 16; // A frame.
  const TICK = 250; // For what changes without an event.
  const ERROR_PAGE_PATIENCE = 2000; // For a page with an error status to be recognised.

  const MARK = Symbol.for("bursar");
  const marked = () => (Object.hasOwn(window, MARK) ? window[MARK] : null);

  const method = (prototype, name) => {
    const own = prototype[name];
    return (self, ...rest) => Reflect.apply(own, self, rest);
  };
  const getter = (prototype, name) => {
    const { get } = Object.getOwnPropertyDescriptor(prototype, name);
    return (self) => Reflect.apply(get, self, []);
  };
  const queryDocument = method(Document.prototype, "querySelectorAll");
  const queryElement = method(Element.prototype, "querySelectorAll");
  const root = getter(Document.prototype, "documentElement");
  const readyState = getter(Document.prototype, "readyState");
  const implementation = getter(Document.prototype, "implementation");
  const importNode = method(Document.prototype, "importNode");
  const addListener = method(EventTarget.prototype, "addEventListener");
  const removeListener = method(EventTarget.prototype, "removeEventListener");
  const dispatch = method(EventTarget.prototype, "dispatchEvent");
  const getClientRects = method(Element.prototype, "getClientRects");
  const checkVisibility = method(Element.prototype, "checkVisibility");
  const matches = method(Element.prototype, "matches");
  const closest = method(Element.prototype, "closest");
  const scrollIntoView = method(Element.prototype, "scrollIntoView");
  const outerHtml = getter(Element.prototype, "outerHTML");
  const textContent = getter(Node.prototype, "textContent");
  const htmlText = getter(HTMLElement.prototype, "innerText");
  const innerText = (element) => (element instanceof HTMLElement ? htmlText(element) : textContent(element));
  const setter = (prototype, name) => {
    const { set } = Object.getOwnPropertyDescriptor(prototype, name);
    return (self, value) => Reflect.apply(set, self, [value]);
  };
  const setInput = setter(HTMLInputElement.prototype, "value");
  const setTextArea = setter(HTMLTextAreaElement.prototype, "value");
  const htmlFocus = method(HTMLElement.prototype, "focus");
  const htmlClick = method(HTMLElement.prototype, "click");

  const all = (selector) => {
    try {
      return [...queryDocument(document, selector)];
    } catch {
      return null; // This browser can't read the selector.
    }
  };
  const visible = (element) =>
    getClientRects(element).length > 0 &&
    checkVisibility(element, { opacityProperty: true, visibilityProperty: true });
  const enabled = (element) =>
    !matches(element, ":disabled") && closest(element, '[aria-disabled="true"], [inert]') === null;
  const fold = (text) => text.toLowerCase().replace(/\s+/gu, " ").trim();
  const squeeze = (text) => text.toLowerCase().replace(/\s+/gu, "");

  const contains = (element, wanted) => {
    // All text first, which needs no layout; then only what is shown.
    if (!squeeze(textContent(element)).includes(squeeze(wanted))) return false;
    return visible(element) && fold(innerText(element)).includes(fold(wanted));
  };
  const condition = (wanted) => {
    if (wanted.url !== undefined) return location.href.includes(wanted.url);
    const found = all(wanted.visible ?? wanted.absent ?? wanted.within);
    if (found === null) return false;
    if (wanted.visible !== undefined) return found.some(visible);
    if (wanted.absent !== undefined) return !found.some(visible);
    return found.some((element) => contains(element, wanted.contains));
  };
  // What can't be looked at doesn't hold.
  const holds = (page) => {
    try {
      return page.conditions.every(condition);
    } catch {
      return false;
    }
  };

  const html = () => {
    const element = root(document);
    return element === null ? "" : outerHtml(element).slice(0, request.limit).toWellFormed();
  };
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
    for (const event of events) addListener(document, event, soon, true);
    for (const event of windowEvents) addEventListener(event, soon, true);
    return () => {
      observer.disconnect();
      clearInterval(tick);
      clearTimeout(pending);
      for (const event of events) removeListener(document, event, soon, true);
      for (const event of windowEvents) removeEventListener(event, soon, true);
    };
  };

  // The mark of an act: how the document stood, and whether its page was seen not to
  // hold since.
  const mark = (page) => {
    marked()?.end();
    // In a document that is nowhere: in this one a copy of an image would be loaded, and
    // say so to the page.
    const nowhere = implementation(document).createHTMLDocument("");
    const element = root(document);
    const was = element === null ? null : importNode(nowhere, element, true);
    const made = { page: page?.page ?? null, was, left: false };
    made.look = () => (made.left ||= page ? !holds(page) : false);
    made.end = observe(made.look);
    window[MARK] = made;
  };
  const regionText = (element, selector) => {
    try {
      const [first] = queryElement(element, selector);
      return first === undefined ? null : textContent(first);
    } catch {
      return null;
    }
  };

  const status = () => performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0;
  const errorPage = () => {
    if (location.protocol !== "chrome-error:") return null;
    const code = /\b(?:ERR|HTTP|DNS)_[A-Z0-9_]+\b/u.exec(textContent(root(document)));
    return { errorPage: code?.[0] ?? "", status: status() };
  };

  const loaded = () =>
    new Promise((resolve) => {
      const done = () => resolve(errorPage() ?? { status: status() });
      if (readyState(document) !== "loading") done();
      else addListener(document, "DOMContentLoaded", done, { once: true });
    });

  const watch = () =>
    new Promise((resolve) => {
      if (request.left && marked()?.page !== request.left.page) {
        mark(request.pages.find((page) => page.page === request.left.page));
      }
      const wasLeft = (page) => {
        if (request.left?.page !== page) return true;
        const made = marked();
        const region = request.left.region;
        if (region && !made.left) {
          made.left = regionText(root(document), region) !== regionText(made.was, region);
        }
        return made.left;
      };
      const shows = () => {
        // Half a document may lack the very thing that tells two pages apart.
        if (readyState(document) === "loading") return null;
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
        if (request.left) marked().look();
        const page = shows();
        const seen = page !== null && wasLeft(page) ? page : null;
        if (seen !== null && seen === candidate) return finish({ page: seen, ...here() });
        candidate = seen;
        clearTimeout(confirming);
        if (seen !== null) {
          confirming = setTimeout(look, MINIMUM_PAUSE);
        } else if (status() >= 400 && readyState(document) === "complete") {
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
  const tell = (element, name) => dispatch(element, new Event(name, { bubbles: true, composed: true }));
  const fill = (element, text) => {
    if (element instanceof HTMLElement) htmlFocus(element);
    if (element.readOnly) return false;
    if (element instanceof HTMLSelectElement) {
      const options = [...element.options];
      const option =
        options.find((option) => option.value === text) ??
        options.find((option) => fold(option.text) === fold(text));
      if (!option) return false;
      element.value = option.value;
    } else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) {
      // The prototype's own setter: frameworks put theirs on the element, where a driver
      // has no world of its own they are in this one, and they notice the change by the
      // event only if theirs wasn't called.
      (element instanceof HTMLInputElement ? setInput : setTextArea)(element, text);
      if (element.value !== text) return false;
    } else {
      return false;
    }
    tell(element, "input");
    tell(element, "change");
    return true;
  };
  const act = async () => {
    if (request.first || marked() === null) mark(request.page);
    for (const one of request.acts) {
      const selector = one.into ?? one.target;
      const element = await target(selector);
      if (typeof element === "string") return { stuck: selector, problem: element, ...here() };
      // The lease may have ended while this waited.
      if (Date.now() >= request.until) return { late: true };
      scrollIntoView(element, { block: "center", inline: "nearest", behavior: "instant" });
      if (one.into === undefined) {
        if (element instanceof HTMLElement) htmlClick(element);
        else dispatch(element, new MouseEvent("click", { bubbles: true, cancelable: true, composed: true }));
      } else if (!fill(element, one.text)) {
        return { stuck: selector, problem: "notActionable", ...here() };
      }
    }
    return { acted: true };
  };

  return { loaded, watch, act }[verb]();
}
