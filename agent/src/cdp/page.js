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
  const SCRIPTS_PATIENCE = 5000; // For the deferred scripts of a page that is parsed.
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
  const isConnected = getter(Node.prototype, "isConnected");
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
  const boundingRect = method(Element.prototype, "getBoundingClientRect");
  const clientLeft = getter(Element.prototype, "clientLeft");
  const clientTop = getter(Element.prototype, "clientTop");
  const animate = method(Element.prototype, "animate");
  const decode = method(HTMLImageElement.prototype, "decode");
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
  // Kept for as long as nothing else runs, which is one look.
  let kept = null;
  const hostsOfRoots = () => {
    if (kept === null) queueMicrotask(() => (kept = null));
    return (kept ??= rootsBelow());
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
    const hosts = hostsOfRoots();
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
  const targetOf = (one) => one.into ?? one.target ?? { ways: [{ css: one.scroll }], votes: 1 };
  const selectors = () =>
    (request.pages ?? [request.page ?? { conditions: [] }])
      .flatMap((page) => page.conditions.map((one) => one.visible ?? one.absent ?? one.within ?? ""))
      .concat(request.busy ?? [], request.region ?? [])
      .concat((request.acts ?? []).flatMap((one) => targetOf(one).ways.map((way) => way.css ?? "")));
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
      for (const own of pierces ? hostsOfRoots().keys() : [document]) {
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
    const made = { page: page?.page ?? null, region, was: stateOf(region), filled: [], left: false };
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

  // Half a document may lack the very thing that tells two pages apart. One whose deferred scripts haven't run lacks what they
  // fill in, and nothing says yet that it is busy; such a script may also never come.
  const isLoading = (own) => {
    const state = readyState(own);
    if (state !== "interactive") return state === "loading";
    const clock = defaultView(own)?.performance;
    const times = clock?.getEntriesByType("navigation")[0];
    return times?.domContentLoadedEventEnd === 0 && clock.now() - times.domInteractive < SCRIPTS_PATIENCE;
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
        if (made.region.length === 0) return made.left;
        // A form that was made anew is another, even if it says the same again.
        made.left ||= made.filled.some((field) => !isConnected(field));
        return (made.left ||= differs(stateOf(made.region), made.was));
      };
      const shows = () => {
        if (isLoading(document)) return null;
        const roots = pierces ? [...hostsOfRoots().keys()] : [];
        if (roots.some((own) => isDocument(own) && isLoading(own))) return null;
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

  // What a person would go by. Names follow the W3C's "Accessible Name and Description Computation" as
  // far as it takes to tell the controls of a form, links and buttons.
  const everything = () => [...(pierces ? hostsOfRoots().keys() : [document])].flatMap((own) => queryAny(own, "*"));
  const attribute = method(Element.prototype, "getAttribute");
  const isField = (element) => ["input", "select", "textarea"].some((name) => isOne(element, name));
  const INPUTS = { submit: "button", button: "button", image: "button", reset: "button", checkbox: "checkbox", radio: "radio" };
  const NO_ROLE = ["hidden", "file", "color", "range"];
  const roleOf = (element) => {
    const said = attribute(element, "role");
    if (said !== null) return said.trim().toLowerCase();
    if (isOne(element, "a") || isOne(element, "area")) return attribute(element, "href") === null ? null : "link";
    if (isOne(element, "button") || isOne(element, "summary")) return "button";
    if (isOne(element, "select")) return "combobox";
    if (isOne(element, "textarea")) return "textbox";
    if (!isOne(element, "input")) return null;
    const kind = (attribute(element, "type") ?? "text").trim().toLowerCase();
    return NO_ROLE.includes(kind) ? null : (INPUTS[kind] ?? "textbox");
  };
  const ownWords = (element) => {
    if (isOne(element, "input")) return fold(attribute(element, "value") ?? attribute(element, "alt") ?? "");
    return isOne(element, "select") || isOne(element, "textarea") ? "" : fold(innerText(element));
  };
  const labelOf = (element) => {
    const id = attribute(element, "id");
    const isFor = (label) => {
      const wanted = attribute(label, "for");
      return wanted === null ? holdsNode(label, element) : wanted === id;
    };
    return queryAny(rootOf(element), "label").find(isFor) ?? null;
  };
  const holdsNode = method(Node.prototype, "contains");
  const nameOf = (element) => {
    const ids = (attribute(element, "aria-labelledby") ?? "").split(/\s+/u).filter(Boolean);
    const labelling = queryAny(rootOf(element), "[id]").filter((one) => ids.includes(attribute(one, "id")));
    if (labelling.length > 0) {
      const of = (id) => labelling.find((one) => attribute(one, "id") === id);
      return fold(ids.map(of).filter(Boolean).map(innerText).join(" "));
    }
    const said = attribute(element, "aria-label");
    if (said !== null && said.trim() !== "") return fold(said);
    const role = roleOf(element);
    if (isField(element) && role !== "button") {
      const label = labelOf(element);
      if (label !== null) return fold(innerText(label));
    }
    const words = ownWords(element);
    if (words !== "" && !(isField(element) && role === "textbox")) return words;
    return fold(attribute(element, "title") ?? attribute(element, "placeholder") ?? "");
  };
  const found = (way) => {
    if (way.css !== undefined) return all(way.css) ?? [];
    if (way.label !== undefined) return everything().filter((one) => isField(one) && nameOf(one) === way.label);
    if (way.role !== undefined) return everything().filter((one) => roleOf(one) === way.role && nameOf(one) === way.name);
    return everything().filter((one) => ["button", "link"].includes(roleOf(one)) && ownWords(one) === way.words);
  };

  // Each way that finds exactly one thing that can be acted on votes for it. A strong way that names
  // another is a veto: the nearest thing that looks alike is the wrong one.
  const elected = (wanted) => {
    const voices = wanted.ways.map((way) => {
      const there = found(way);
      return { way, there, usable: there.filter((element) => visible(element) && enabled(element)) };
    });
    const votes = voices.filter((voice) => voice.usable.length === 1);
    const count = (element) => votes.filter((vote) => vote.usable[0] === element).length;
    const sorted = [...new Set(votes.map((vote) => vote.usable[0]))].sort((one, other) => count(other) - count(one));
    const [element, second] = sorted;
    const nameOfWay = (way) => way.css ?? way.label ?? way.name ?? way.words;
    const seen = ({ there, usable }, winner) => {
      if (there.length === 0) return "missing";
      return winner !== undefined && usable.length === 1 && usable[0] === winner ? "found" : "disagreed";
    };
    // A single way is found or isn't, which the act itself tells.
    const told = (winner) =>
      voices.length < 2 ? [] : voices.map((voice) => ({ way: nameOfWay(voice.way), seen: seen(voice, winner) }));
    if (element === undefined) {
      if (voices.some((voice) => voice.usable.length > 1)) return { problem: "ambiguous", votes: told() };
      const isThere = voices.some((voice) => voice.there.length > 0);
      return { problem: isThere ? "notActionable" : "missing", votes: told() };
    }
    const isVetoed = votes.some((vote) => vote.way.strong && vote.usable[0] !== element);
    const isTied = second !== undefined && count(second) === count(element);
    if (isVetoed || isTied || count(element) < wanted.votes) return { problem: "disagreement", votes: told() };
    return { element, votes: told(element) };
  };

  // Waits until one thing is elected, and stands still for a frame.
  const target = async (wanted) => {
    const end = performance.now() + request.patience;
    const place = (element) => {
      const { x, y, width, height } = getClientRects(element)[0] ?? {};
      return [x, y, width, height].join(" ");
    };
    for (let before = null; ; ) {
      const now = elected(wanted);
      if (now.element !== undefined) {
        const at = place(now.element);
        if (before !== null && before.element === now.element && before.at === at) return now;
        before = { element: now.element, at };
      } else {
        before = null;
        if (performance.now() >= end) return now;
      }
      if (performance.now() >= end + MINIMUM_PAUSE * 4) return { problem: "notActionable", votes: [] };
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
  // Scrolls on by less than what shows, so that something of it still does, or to the end, and
  // waits for what comes of it; whether there was anything further down.
  const scroll = async (element, toEnd) => {
    const before = element.scrollTop;
    let tell;
    const changed = new Promise((resolve) => (tell = resolve));
    const observer = new MutationObserver(tell);
    observer.observe(rootOf(element), { subtree: true, childList: true, characterData: true });
    const patience = setTimeout(tell, SCROLL_PATIENCE);
    const stride = Math.max(1, Math.floor(element.clientHeight * SCROLL_SHARE));
    element.scrollTop = toEnd ? element.scrollHeight : before + stride;
    const isFurther = element.scrollTop > before;
    if (isFurther) await changed;
    observer.disconnect();
    clearTimeout(patience);
    return isFurther;
  };
  const act = async () => {
    if (request.first || marked() === null) mark(request.page, request.region);
    const votes = [];
    for (const one of request.acts) {
      const wanted = targetOf(one);
      const { element, problem, votes: cast } = await target(wanted);
      const named = wanted.text ?? one.scroll;
      votes.push(...cast.map((vote) => ({ ...vote, target: named })));
      if (problem !== undefined) return { stuck: named, problem, votes, ...here() };
      // The lease may have ended while this waited.
      if (Date.now() >= request.until) return { late: true };
      scrollIntoView(element, { block: "center", inline: "nearest", behavior: "instant" });
      if (one.scroll !== undefined) {
        if (!(await scroll(element, one.toEnd))) return { stuck: named, problem: "atEnd", votes, ...here() };
      } else if (one.into === undefined) {
        if (isHtml(element)) htmlClick(element);
        else dispatch(element, new MouseEvent("click", { bubbles: true, cancelable: true, composed: true }));
      } else if (!fill(element, one.text)) {
        return { stuck: named, problem: "notActionable", votes, ...here() };
      } else {
        marked().filled.push(element);
      }
    }
    return { acted: true, votes };
  };

  // Where a thing is in the window, in view and with its images there. It is made to be drawn anew, as a browser
  // hands out no picture of what it has drawn before; no script of the page hears of that.
  const within = async (promise, patience) =>
    Promise.race([promise.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, patience))]);
  const place = async () => {
    const wanted = request.acts[0].target;
    const { element, problem } = await target(wanted);
    if (problem !== undefined) return { stuck: wanted.text, problem, ...here() };
    scrollIntoView(element, { block: "center", inline: "center", behavior: "instant" });
    const images = [element, ...queryElement(element, "*")].filter((one) => isOne(one, "img"));
    await within(Promise.all(images.map(decode)), request.patience);
    animate(element, [{ opacity: 0.99 }, { opacity: 1 }], { duration: 1000 });
    let { left, top, width, height } = boundingRect(element);
    for (let own = ownerDocument(element); own !== document; ) {
      const frame = frameOf(own);
      if (frame === null) return { stuck: wanted.text, problem: "missing", ...here() };
      const around = boundingRect(frame);
      left += around.left + clientLeft(frame);
      top += around.top + clientTop(frame);
      own = ownerDocument(frame);
    }
    return { placed: { left, top, width, height, windowWidth: innerWidth } };
  };

  return { loaded, watch, act, place }[verb]();
}
