// What a person does on a page, reported act by act: this runs in every document of the recorder's browser, in a world of
// its own, before the page's scripts, so that they neither see nor change it.
//
// An act of the page's own scripts isn't reported. What was typed is never a part of what is reported of an act: it is said
// apart, once, so that the recorder can take it out of whatever the portal shows of it, and is kept nowhere.
//
// A world of its own still sees the page's elements under the names that the page gave them, so of the document and of
// elements the prototypes' own methods are called.
//
// Not here: what a page or an act means.
(() => {
  "use strict";

  const MARK = Symbol.for("bursar trail");
  if (Object.hasOwn(globalThis, MARK)) return globalThis[MARK];
  const LARGEST = 8 * 1024 * 1024; // In bytes of UTF-8, as saved pages may be.
  const SEEN = 1000; // Milliseconds after which a person may have seen a page.
  const TEXT = 300; // Of a name or a text.

  const tell = (report) => {
    const binding = globalThis.bursarTrail;
    if (typeof binding === "function") binding(JSON.stringify(report));
  };

  const method = (prototype, name) => {
    const own = prototype[name];
    return (self, ...rest) => Reflect.apply(own, self, rest);
  };
  const getter = (prototype, name) => {
    const { get } = Object.getOwnPropertyDescriptor(prototype, name);
    return (self) => Reflect.apply(get, self, []);
  };
  const queryDocument = method(Document.prototype, "querySelectorAll");
  const queryFragment = method(DocumentFragment.prototype, "querySelectorAll");
  const queryElement = method(Element.prototype, "querySelectorAll");
  const nodeType = getter(Node.prototype, "nodeType");
  const isDocument = (node) => nodeType(node) === Node.DOCUMENT_NODE;
  const query = (own, selector) => [...(isDocument(own) ? queryDocument(own, selector) : queryFragment(own, selector))];
  const rootOf = method(Node.prototype, "getRootNode");
  const parentElement = getter(Node.prototype, "parentElement");
  const firstChild = getter(Node.prototype, "firstChild");
  const nextSibling = getter(Node.prototype, "nextSibling");
  const previous = getter(Element.prototype, "previousElementSibling");
  const textContent = getter(Node.prototype, "textContent");
  const contains = method(Node.prototype, "contains");
  const shadowRoot = getter(Element.prototype, "shadowRoot");
  const scrollHeight = getter(Element.prototype, "scrollHeight");
  const clientHeight = getter(Element.prototype, "clientHeight");
  const localName = getter(Element.prototype, "localName");
  const attribute = method(Element.prototype, "getAttribute");
  const setAttribute = method(Element.prototype, "setAttribute");
  const removeAttribute = method(Element.prototype, "removeAttribute");
  const replaceChildren = method(Element.prototype, "replaceChildren");
  const insertFirst = method(Element.prototype, "prepend");
  const appendChild = method(Node.prototype, "appendChild");
  const createElement = method(Document.prototype, "createElement");
  const implementation = getter(Document.prototype, "implementation");
  const importNode = method(Document.prototype, "importNode");
  const contentOfFrame = getter(HTMLFrameElement.prototype, "contentDocument");
  const contentOfIframe = getter(HTMLIFrameElement.prototype, "contentDocument");
  const templateContent = getter(HTMLTemplateElement.prototype, "content");
  const root = getter(Document.prototype, "documentElement");
  const outerHtml = getter(Element.prototype, "outerHTML");
  const htmlText = getter(HTMLElement.prototype, "innerText");
  const matches = method(Element.prototype, "matches");
  const checkVisibility = method(Element.prototype, "checkVisibility");
  const inputValue = getter(HTMLInputElement.prototype, "value");
  const areaValue = getter(HTMLTextAreaElement.prototype, "value");
  const labelControl = getter(HTMLLabelElement.prototype, "control");
  const formOf = getter(HTMLInputElement.prototype, "form");
  const editable = getter(HTMLElement.prototype, "isContentEditable");
  const isOne = (element, name) => localName(element) === name;
  const innerText = (element) => {
    try {
      return htmlText(element) ?? "";
    } catch {
      return textContent(element) ?? "";
    }
  };
  const fold = (text) => text.replace(/\s+/gu, " ").trim().slice(0, TEXT).toWellFormed();

  const isFrame = (element) => isOne(element, "iframe") || isOne(element, "frame");
  // Of another origin's frame there is none.
  const frameDocument = (frame) => {
    try {
      return isOne(frame, "frame") ? contentOfFrame(frame) : contentOfIframe(frame);
    } catch {
      return null;
    }
  };

  // What takes text; the others are ticked or chosen.
  const NO_TEXT = ["submit", "button", "image", "reset", "checkbox", "radio", "file", "hidden", "color", "range"];
  const kindOf = (element) => (attribute(element, "type") ?? "text").trim().toLowerCase();
  const takesText = (element) =>
    isOne(element, "textarea") || (isOne(element, "input") && !NO_TEXT.includes(kindOf(element)));

  // An element that is no field and can be typed into all the same: the outermost of them.
  const editedIn = (element) => {
    const isEdited = (one) => {
      try {
        return editable(one);
      } catch {
        return false;
      }
    };
    if (!isEdited(element)) return null;
    const above = parentElement(element);
    return above === null ? element : (editedIn(above) ?? element);
  };
  const isPassword = (element) => isOne(element, "input") && kindOf(element) === "password";

  // The page as it shows, in the standard's own form: shadow roots as they are declared, what a frame shows in its
  // `srcdoc`. What a style sheet hides says so itself, as a saved page has no style. No script, no style, and nothing that
  // stands in a field is in it.
  const UNSEEN =
    "head *, script, style, noscript, template, option, optgroup, datalist, br, wbr, col, colgroup, area, map, source, frameset, html, head, body";
  const isHiddenByStyle = (element) =>
    !matches(element, UNSEEN) && !checkVisibility(element, { visibilityProperty: true, opacityProperty: true });
  const composed = (own) => {
    const nowhere = implementation(document).createHTMLDocument("");
    const copyOf = (node) => {
      const copy = importNode(nowhere, node, true);
      if (nodeType(node) !== Node.ELEMENT_NODE) return copy;
      const originals = [node, ...queryElement(node, "*")];
      const copies = [copy, ...queryElement(copy, "*")];
      originals.forEach((original, index) => compose(original, copies[index]));
      return copy;
    };
    const compose = (original, copy) => {
      if (copy === undefined) return;
      if (isOne(original, "script") || isOne(original, "style") || isOne(original, "textarea")) replaceChildren(copy);
      if (takesText(original)) removeAttribute(copy, "value");
      if (isHiddenByStyle(original)) setAttribute(copy, "hidden", "");
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
  // The window's own document, or of those around this one the outermost that may be looked into.
  const outermost = () => {
    let own = window;
    try {
      while (own.parent !== own && own.parent.document) own = own.parent;
    } catch {
      // It is of another origin.
    }
    return own;
  };
  // None has fewer bytes than units.
  const isTooLarge = (html) => html.length > LARGEST || new TextEncoder().encode(html).length > LARGEST;
  const whole = () => {
    const own = outermost();
    const html = `<!doctype html>\n${composed(own.document)}`.toWellFormed();
    return { url: own.location.href.toWellFormed(), html: isTooLarge(html) ? null : html };
  };

  // How a thing may be found again.
  const isAlone = (own, selector, element) => {
    try {
      const found = query(own, selector);
      return found.length === 1 && found[0] === element;
    } catch {
      return false;
    }
  };
  const quoted = (text) => `"${text.replaceAll(/["\\]/gu, "\\$&").replaceAll("\n", "\\a ")}"`;
  const place = (element) => {
    let before = 1;
    for (let other = previous(element); other !== null; other = previous(other)) {
      if (localName(other) === localName(element)) before += 1;
    }
    return before;
  };
  // From the nearest thing above that has an `id` of its own down, each by its place.
  const cssOf = (element) => {
    const own = rootOf(element);
    const parts = [];
    for (let above = element; above !== null; above = parentElement(above)) {
      const id = attribute(above, "id");
      if (id && isAlone(own, `[id=${quoted(id)}]`, above)) {
        parts.unshift(/^[A-Za-z][\w-]*$/u.test(id) ? `#${id}` : `[id=${quoted(id)}]`);
        break;
      }
      parts.unshift(`${localName(above)}:nth-of-type(${place(above)})`);
    }
    return parts.join(" > ");
  };
  const xpathOf = (element) => {
    const parts = [];
    for (let above = element; above !== null; above = parentElement(above)) {
      parts.unshift(`${localName(above)}[${place(above)}]`);
    }
    return `/${parts.join("/")}`;
  };
  const labelsOf = (element) => {
    const id = attribute(element, "id");
    const isOf = (label) => {
      const wanted = attribute(label, "for");
      return wanted === null ? contains(label, element) : wanted === id;
    };
    return query(rootOf(element), "label").filter(isOf);
  };
  const isField = (element) => ["input", "select", "textarea"].some((name) => isOne(element, name));
  const INPUTS = { submit: "button", button: "button", image: "button", reset: "button", checkbox: "checkbox", radio: "radio" };
  const roleOf = (element) => {
    const said = attribute(element, "role");
    if (said !== null) return said.trim().toLowerCase();
    if (isOne(element, "a") || isOne(element, "area")) return attribute(element, "href") === null ? null : "link";
    if (isOne(element, "button") || isOne(element, "summary")) return "button";
    if (isOne(element, "select")) return "combobox";
    if (isOne(element, "textarea")) return "textbox";
    return isOne(element, "input") ? (INPUTS[kindOf(element)] ?? "textbox") : null;
  };
  const wordsOf = (element) => {
    if (isOne(element, "input")) {
      return takesText(element) ? "" : fold(attribute(element, "value") ?? attribute(element, "alt") ?? "");
    }
    return isField(element) ? "" : fold(innerText(element));
  };
  const nameOf = (element) => {
    const ids = (attribute(element, "aria-labelledby") ?? "").split(/\s+/u).filter(Boolean);
    const labelling = ids.flatMap((id) => query(rootOf(element), `[id=${quoted(id)}]`).slice(0, 1));
    if (labelling.length > 0) return fold(labelling.map(innerText).join(" "));
    const said = fold(attribute(element, "aria-label") ?? "");
    if (said !== "") return said;
    const [label] = isField(element) && roleOf(element) !== "button" ? labelsOf(element) : [];
    if (label !== undefined) return fold(innerText(label));
    return wordsOf(element) || fold(attribute(element, "title") ?? attribute(element, "placeholder") ?? "");
  };
  const TEST_IDS = ["data-testid", "data-test", "data-qa", "data-cy"];
  const waysTo = (element) => {
    const ways = [];
    const said = (name) => (attribute(element, name) ?? "").slice(0, TEXT).toWellFormed();
    for (const name of TEST_IDS) {
      if (said(name) !== "") ways.push({ testId: { attribute: name, value: said(name) } });
    }
    if (said("id") !== "") ways.push({ id: said("id") });
    if (said("name") !== "") ways.push({ name: said("name") });
    const [role, name] = [roleOf(element), nameOf(element)];
    if (role !== null && name !== "") ways.push({ role: { role, name } });
    const [label] = isField(element) ? labelsOf(element) : [];
    if (label !== undefined && fold(innerText(label)) !== "") ways.push({ label: fold(innerText(label)) });
    if (said("placeholder") !== "") ways.push({ placeholder: said("placeholder") });
    if (wordsOf(element) !== "") ways.push({ text: wordsOf(element) });
    ways.push({ css: cssOf(element) }, { xpath: xpathOf(element) });
    return ways;
  };
  const edgesTo = (element) => {
    const edges = [];
    for (let own = rootOf(element); ; ) {
      if (!isDocument(own)) {
        edges.unshift({ shadowRoot: { css: cssOf(own.host) } });
        own = rootOf(own.host);
        continue;
      }
      const view = own.defaultView;
      if (view === null || view.parent === view) return edges;
      let frame = null;
      try {
        frame = view.frameElement;
      } catch {
        // It is of another origin.
      }
      if (frame === null) {
        edges.unshift({ frame: { origin: location.origin } });
        return edges;
      }
      const siblings = query(rootOf(frame), "iframe, frame");
      edges.unshift({ frame: { css: cssOf(frame), place: siblings.indexOf(frame) } });
      own = rootOf(frame);
    }
  };
  const targetOf = (element) => ({ within: edgesTo(element), ways: waysTo(element) });

  // What a person means who clicks here: the thing that can be acted on, around what the pointer was above.
  const ACTIONABLE =
    "a[href], area[href], button, input, select, textarea, summary, label, option, [onclick], [role=button], [role=link], [role=menuitem], [role=tab], [role=option], [role=checkbox], [role=radio]";
  const elementsOf = (event) => event.composedPath().filter((node) => node instanceof Node && nodeType(node) === Node.ELEMENT_NODE);
  const pointed = (element) => getComputedStyle(element).cursor === "pointer";
  const meant = (event) => {
    const path = elementsOf(event);
    const known = path.find((element) => matches(element, ACTIONABLE));
    if (known !== undefined) return known;
    // A page that listens to something else says so by its pointer.
    const last = path.findIndex((element) => !pointed(element));
    return last > 0 ? path[last - 1] : null;
  };

  // A list that scrolls by itself, in which rows may come and go. A page that scrolls as a whole only shows more of itself.
  const LISTS = "table, [role=table], [role=grid], [role=treegrid], [role=list], [role=feed]";
  const scrollable = (element) =>
    !isOne(element, "html") && !isOne(element, "body") && !isOne(element, "textarea") &&
    scrollHeight(element) > clientHeight(element) && ["auto", "scroll"].includes(getComputedStyle(element).overflowY);

  let hasActed = false;
  // What was scrolled last: further down is the same act.
  let scrolled = null;
  // Each field that is being typed into: what the page said before, what stands in it, and what stood there before some of it
  // was taken away, which the page may have shown.
  const changed = new Map();
  const PIECE = 4; // Signs of what is a secret by itself; less stands in any text.
  const EARLIER = 16; // Times that something is taken away.
  // Keys that no field has taken, with what the page said before the first: a page may make something of them itself.
  let keyed = { before: "", text: "" };
  // Signs that stand alone in their fields, as a code does in its boxes.
  const boxes = new Map();
  const lengthOf = (count) => (count === 0 ? "empty" : count < 4 ? "few" : count < 9 ? "short" : "long");
  const textOf = (element) => {
    if (isOne(element, "textarea")) return areaValue(element);
    return isOne(element, "input") ? inputValue(element) : (textContent(element) ?? "");
  };
  // Dots that a page puts in place of keys are nobody's.
  const say = (text, isSaid) => {
    if (/[\p{L}\p{N}]/u.test(text)) tell({ say: "typed", text: text.toWellFormed(), isSaid });
  };
  const hasNumber = (text) => /\p{N}/u.test(text);
  const isAmong = (before, text) => !hasNumber(text) && before.includes(text.toLowerCase());
  // What is whole only once something else is done.
  const flushPieces = () => {
    const { before, text } = keyed;
    if (text.length >= PIECE) say(text, isAmong(before, text));
    keyed = { before: "", text: "" };
    const code = [...boxes.values()].join("");
    if (code.length >= PIECE) say(code, false);
    boxes.clear();
  };
  const flush = () => {
    for (const [element, typing] of changed) {
      // A word that the portal said by itself tells nobody what was typed; a number always may, and so may a password that is
      // more than one letter of it.
      const isOwn = (text) => typing.isPassword && text.length >= PIECE;
      const isSaid = (text) => !isOwn(text) && isAmong(typing.before, text);
      const text = textOf(element);
      for (const piece of typing.earlier) say(piece, isSaid(piece));
      say(text, isSaid(text));
      // The page may have put something else in its place.
      if (typing.keys.length >= PIECE && !text.includes(typing.keys)) say(typing.keys, isSaid(typing.keys));
      if (text.length === 1) boxes.set(element, text);
      if (takesText(element)) tell({ say: "act", does: "fill", length: lengthOf(text.length), target: targetOf(element) });
    }
    changed.clear();
  };
  const act = (does, element) => {
    flush();
    flushPieces();
    hasActed = true;
    scrolled = does === "scroll" ? element : null;
    tell({ say: "act", does, target: targetOf(element), page: whole() });
  };
  const on = (name, listener) => addEventListener(name, (event) => event.isTrusted && listener(event), { capture: true, passive: true });

  const typedInto = (event) => {
    const [first] = elementsOf(event);
    return first === undefined || takesText(first) ? first : editedIn(first);
  };
  const typingIn = (element) => {
    if (!changed.has(element)) {
      changed.set(element, { before: (whole().html ?? "").toLowerCase(), last: "", keys: "", earlier: new Set(), isPassword: false });
    }
    return changed.get(element);
  };
  // The keys themselves, before the page's own code makes something else of them.
  on("beforeinput", (event) => {
    const element = typedInto(event);
    if (element === undefined || element === null) return;
    const typing = typingIn(element);
    const isTaken = event.inputType.startsWith("delete");
    typing.keys = (isTaken ? typing.keys.slice(0, -1) : typing.keys + (event.data ?? "")).slice(-TEXT);
  });
  on("input", (event) => {
    const element = typedInto(event);
    if (element === undefined || element === null) return;
    const typing = typingIn(element);
    const text = textOf(element);
    if (!text.startsWith(typing.last) && typing.last.length >= PIECE && typing.earlier.size < EARLIER) typing.earlier.add(typing.last);
    typing.last = text;
    typing.isPassword ||= isPassword(element);
  });
  on("change", (event) => {
    const [element] = elementsOf(event);
    if (element === undefined) return;
    if (takesText(element)) flush();
    else if (isField(element)) tell({ say: "act", does: "choose", target: targetOf(element) });
  });
  on("click", (event) => {
    const element = meant(event);
    if (element === null || takesText(element) || isOne(element, "select") || isOne(element, "option")) return;
    // The field that a label is of is clicked next, and a box that is ticked has changed.
    if (isOne(element, "label") && labelControl(element) !== null) return;
    if (isOne(element, "input") && ["checkbox", "radio", "file"].includes(kindOf(element))) return;
    act("click", element);
  });
  // By the wheel, and not by what scrolls then: pages do that as well, and it stays in its shadow root.
  on("wheel", (event) => {
    const path = elementsOf(event);
    const element = path.find(scrollable);
    if (element === undefined || element === scrolled || event.deltaY <= 0) return;
    const isList = path.some((around) => matches(around, LISTS)) || queryElement(element, LISTS).length > 0;
    if (isList) act("scroll", element);
  });
  on("keydown", (event) => {
    const [element] = elementsOf(event);
    if (element === undefined || event.isComposing) return;
    if (!isField(element) && editedIn(element) === null) {
      const isSign = [...event.key].length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (isSign && keyed.text === "") keyed.before = (whole().html ?? "").toLowerCase();
      const text = event.key === "Backspace" ? keyed.text.slice(0, -1) : keyed.text + (isSign ? event.key : "");
      keyed.text = text.slice(-TEXT);
    }
    if (event.key === "Escape") act("escape", element);
    if (event.key !== "Enter" || !isOne(element, "input") || !takesText(element)) return;
    // The browser clicks the form's own button, if there is one.
    const form = formOf(element);
    const submits = "button:not([type=button], [type=reset]), input[type=submit], input[type=image]";
    if (form === null || queryElement(form, submits).length === 0) act("enter", element);
  });
  addEventListener(
    "pagehide",
    () => {
      flush();
      flushPieces();
      const isOwn = window.parent === window;
      if (isOwn && !hasActed && performance.now() > SEEN && location.protocol.startsWith("http")) {
        tell({ say: "left", page: whole() });
      }
    },
    { capture: true },
  );

  const trail = {
    flush: () => {
      flush();
      flushPieces();
    },
    whole,
  };
  Object.defineProperty(globalThis, MARK, { value: trail });
  return trail;
})()
