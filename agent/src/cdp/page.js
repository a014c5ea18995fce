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
  const SCROLL_PATIENCE = 500; // For something to change after scrolling.
  const SCROLL_SHARE = 0.75; // Of what shows.
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
  const queryFragment = method(DocumentFragment.prototype, "querySelectorAll");
  const nodeType = getter(Node.prototype, "nodeType");
  const isDocument = (node) => nodeType(node) === Node.DOCUMENT_NODE;
  const queryAny = (own, selector) => [
    ...(isDocument(own) ? queryDocument(own, selector) : queryFragment(own, selector)),
  ];
  const rootOf = method(Node.prototype, "getRootNode");
  const parentElement = getter(Node.prototype, "parentElement");
  const firstChild = getter(Node.prototype, "firstChild");
  const nextSibling = getter(Node.prototype, "nextSibling");
  const ownerDocument = getter(Node.prototype, "ownerDocument");
  const defaultView = getter(Document.prototype, "defaultView");
  const shadowRoot = getter(Element.prototype, "shadowRoot");
  const localName = getter(Element.prototype, "localName");
  const namespace = getter(Element.prototype, "namespaceURI");
  const setAttribute = method(Element.prototype, "setAttribute");
  const insertFirst = method(Element.prototype, "prepend");
  const appendChild = method(Node.prototype, "appendChild");
  const createElement = method(Document.prototype, "createElement");
  const contentOfFrame = getter(HTMLFrameElement.prototype, "contentDocument");
  const contentOfIframe = getter(HTMLIFrameElement.prototype, "contentDocument");
  const templateContent = getter(HTMLTemplateElement.prototype, "content");
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
  // By name, as an element of a frame is an instance of that frame's own classes.
  const isHtml = (element) => namespace(element) === "http://www.w3.org/1999/xhtml";
  const isOne = (element, name) => isHtml(element) && localName(element) === name;
  const innerText = (element) => (isHtml(element) ? htmlText(element) : textContent(element));
  const setter = (prototype, name) => {
    const { set } = Object.getOwnPropertyDescriptor(prototype, name);
    return (self, value) => Reflect.apply(set, self, [value]);
  };
  const setInput = setter(HTMLInputElement.prototype, "value");
  const setTextArea = setter(HTMLTextAreaElement.prototype, "value");
  const htmlFocus = method(HTMLElement.prototype, "focus");
  const htmlClick = method(HTMLElement.prototype, "click");

  // `a >>> b`: what `b` fits somewhere within what `a` fits, through the shadow roots and the
  // frames of this origin. The parts, the first empty where it is to be anywhere.
  const PIERCING = />>>(?=(?:[^"']|"[^"]*"|'[^']*')*$)/u;
  const parts = (selector) => selector.split(PIERCING).map((part) => part.trim());

  // The roots of the page, each with the element that shows it, the document's own first.
  const rootsBelow = () => {
    const hosts = new Map([[document, null]]);
    for (const [own] of hosts) {
      for (const element of queryAny(own, "*")) {
        const inner = isFrame(element) ? frameDocument(element) : shadowRoot(element);
        if (inner !== null && inner !== undefined && !hosts.has(inner)) hosts.set(inner, element);
      }
    }
    return hosts;
  };
  const isFrame = (element) => isOne(element, "iframe") || isOne(element, "frame");
  // Of another origin's frame there is none.
  const frameDocument = (frame) => {
    try {
      return isOne(frame, "frame") ? contentOfFrame(frame) : contentOfIframe(frame);
    } catch {
      return null;
    }
  };
  const fitsWithin = (within, isAnywhere, element, hosts) => {
    const wanted = [...within];
    let own = rootOf(element);
    let above = element;
    while (wanted.length > 0) {
      above = parentElement(above) ?? hosts.get(own) ?? null;
      if (above === null) return false;
      own = rootOf(above);
      const isOutermost = wanted.length === 1 && !isAnywhere;
      if ((!isOutermost || own === document) && matches(above, wanted.at(-1))) wanted.pop();
    }
    return true;
  };
  const pierced = (selector) => {
    const [first, ...rest] = parts(selector);
    const isAnywhere = first === "";
    const within = isAnywhere ? rest : [first, ...rest];
    const last = within.pop();
    const hosts = rootsBelow();
    const found = [];
    for (const [own] of hosts) {
      found.push(...queryAny(own, last).filter((one) => fitsWithin(within, isAnywhere, one, hosts)));
    }
    return found;
  };
  const all = (selector) => {
    try {
      return selector.includes(">>>") ? pierced(selector) : [...queryDocument(document, selector)];
    } catch {
      return null; // This browser can't read the selector.
    }
  };
  const targetOf = (one) => one.into ?? one.target ?? one.scroll;
  const selectors = () =>
    (request.pages ?? [request.page ?? { conditions: [] }])
      .flatMap((page) => page.conditions.map((one) => one.visible ?? one.absent ?? one.within ?? ""))
      .concat(request.busy ?? [], request.region ?? [], (request.acts ?? []).map(targetOf));
  // Whether what is asked looks into roots below the document's own; most portals have none.
  const pierces = selectors().some((selector) => selector.includes(">>>"));

  const visible = (element) => {
    if (getClientRects(element).length === 0) return false;
    if (!checkVisibility(element, { opacityProperty: true, visibilityProperty: true })) return false;
    if (!pierces) return true;
    const own = rootOf(element);
    const frame = own === document || !isDocument(own) ? null : frameOf(own);
    return frame === null || visible(frame);
  };
  const frameOf = (own) => defaultView(own)?.frameElement ?? null;
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

  // A document with what shows in it, in the standard's own form for both: shadow roots as
  // they are declared, what a frame shows in its `srcdoc`.
  const composed = (own) => {
    const nowhere = implementation(document).createHTMLDocument("");
    const copyOf = (node) => {
      const copy = importNode(nowhere, node, true);
      if (node instanceof Text || nodeType(node) !== Node.ELEMENT_NODE) return copy;
      const originals = [node, ...queryElement(node, "*")];
      const copies = [copy, ...queryElement(copy, "*")];
      originals.forEach((original, index) => compose(original, copies[index]));
      return copy;
    };
    const compose = (original, copy) => {
      if (copy === undefined) return;
      if (isFrame(original)) {
        const inner = frameDocument(original);
        if (inner !== null) setAttribute(copy, "srcdoc", composed(inner));
        return;
      }
      const shadow = shadowRoot(original);
      if (shadow === null) return;
      const template = createElement(nowhere, "template");
      setAttribute(template, "shadowrootmode", "open");
      for (let child = firstChild(shadow); child !== null; child = nextSibling(child)) {
        appendChild(templateContent(template), copyOf(child));
      }
      insertFirst(copy, template);
    };
    const element = root(own);
    return element === null ? "" : outerHtml(copyOf(element));
  };
  const html = () => {
    const element = root(document);
    if (element === null) return "";
    return (pierces ? composed(document) : outerHtml(element)).slice(0, request.limit).toWellFormed();
  };
  const here = () => ({ url: location.href.toWellFormed(), html: html() });

  // Calls `look` soon after whatever may have changed what is seen, and at least every
  // tick; returns a function that ends it.
  const observe = (look) => {
    let pending = null;
    const soon = () => (pending ??= setTimeout(() => ((pending = null), follow(), look()), MINIMUM_PAUSE));
    const observer = new MutationObserver(soon);
    const events = ["load", "readystatechange", "transitionend", "animationend"];
    const windowEvents = ["hashchange", "popstate", "resize"];
    const followed = new Set();
    const follow = () => {
      for (const own of pierces ? rootsBelow().keys() : [document]) {
        if (followed.has(own)) continue;
        followed.add(own);
        observer.observe(own, { subtree: true, childList: true, attributes: true, characterData: true });
        for (const event of events) addListener(own, event, soon, true);
      }
    };
    follow();
    const tick = setInterval(soon, TICK);
    for (const event of windowEvents) addEventListener(event, soon, true);
    return () => {
      observer.disconnect();
      clearInterval(tick);
      clearTimeout(pending);
      for (const own of followed) {
        for (const event of events) removeListener(own, event, soon, true);
      }
      for (const event of windowEvents) removeEventListener(event, soon, true);
    };
  };

  // What tells one state of a page from the next: the texts of its region, and the documents
  // that hold it.
  const stateOf = (region) => {
    const found = region.flatMap((selector) => all(selector) ?? []);
    return { texts: found.map(textContent).join("\0"), documents: new Set(found.map(ownerDocument)) };
  };
  const differs = (one, other) =>
    one.texts !== other.texts ||
    one.documents.size !== other.documents.size ||
    [...one.documents].some((own) => !other.documents.has(own));

  // The mark of an act: how the page's region stood, and whether the page was seen not to
  // hold since.
  const mark = (page, region) => {
    marked()?.end();
    const made = { page: page?.page ?? null, region, was: stateOf(region), left: false };
    made.look = () => (made.left ||= page ? !holds(page) : false);
    made.end = observe(made.look);
    window[MARK] = made;
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
        mark(request.pages.find((page) => page.page === request.left.page), []);
      }
      const wasLeft = (page) => {
        if (request.left?.page !== page) return true;
        const made = marked();
        return (made.left ||= made.region.length > 0 && differs(stateOf(made.region), made.was));
      };
      const shows = () => {
        // Half a document may lack the very thing that tells two pages apart.
        if (readyState(document) === "loading") return null;
        const roots = pierces ? [...rootsBelow().keys()] : [];
        if (roots.some((own) => isDocument(own) && readyState(own) === "loading")) return null;
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
    if (isHtml(element)) htmlFocus(element);
    if (element.readOnly) return false;
    if (isOne(element, "select")) {
      const options = [...element.options];
      const option =
        options.find((option) => option.value === text) ??
        options.find((option) => fold(option.text) === fold(text));
      if (!option) return false;
      element.value = option.value;
    } else if (isOne(element, "input") || isOne(element, "textarea")) {
      // The prototype's own setter: frameworks put theirs on the element, where a driver
      // has no world of its own they are in this one, and they notice the change by the
      // event only if theirs wasn't called.
      (isOne(element, "input") ? setInput : setTextArea)(element, text);
      if (element.value !== text) return false;
    } else {
      return false;
    }
    tell(element, "input");
    tell(element, "change");
    return true;
  };
  // Scrolls on by less than what shows, so that something of it still does, and waits for what
  // comes of it; whether there was anything further down.
  const scroll = async (element) => {
    const before = element.scrollTop;
    const changed = new Promise((resolve) => {
      const observer = new MutationObserver(resolve);
      observer.observe(rootOf(element), { subtree: true, childList: true, characterData: true });
      setTimeout(resolve, SCROLL_PATIENCE);
    });
    element.scrollTop = before + Math.max(1, Math.floor(element.clientHeight * SCROLL_SHARE));
    if (element.scrollTop <= before) return false;
    await changed;
    return true;
  };
  const act = async () => {
    if (request.first || marked() === null) mark(request.page, request.region);
    for (const one of request.acts) {
      const selector = targetOf(one);
      const element = await target(selector);
      if (typeof element === "string") return { stuck: selector, problem: element, ...here() };
      // The lease may have ended while this waited.
      if (Date.now() >= request.until) return { late: true };
      scrollIntoView(element, { block: "center", inline: "nearest", behavior: "instant" });
      if (one.scroll !== undefined) {
        if (!(await scroll(element))) return { stuck: selector, problem: "atEnd", ...here() };
      } else if (one.into === undefined) {
        if (isHtml(element)) htmlClick(element);
        else dispatch(element, new MouseEvent("click", { bubbles: true, cancelable: true, composed: true }));
      } else if (!fill(element, one.text)) {
        return { stuck: selector, problem: "notActionable", ...here() };
      }
    }
    return { acted: true };
  };

  return { loaded, watch, act }[verb]();
}
