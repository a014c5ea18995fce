// How `page.js` is called over WebDriver: in the page's own world, with the document's
// name in the answer, and no longer than for a slice.
//
// Not here: what is done in the page. This is the end of a function's body, in which
// `bursarInPage` is defined.
const [verb, request, since, slice, done] = arguments;
const name = String(performance.timeOrigin);
const tell = (answer) => done({ document: name, url: location.href.toWellFormed(), answer });
// Browsers tell of an error by a page of their own: Firefox in its address, Chromium in its
// text, where a browser with a window has the names of other errors before it.
const errorName = () => {
  const address = /^about:(?:neterror|certerror|httpserror|blocked)\?(.*)$/u.exec(document.documentURI);
  if (address) return new URLSearchParams(address[1]).get("e") ?? "";
  if (location.protocol !== "chrome-error:") return null;
  return document.documentElement.textContent.match(/\b(?:ERR|HTTP|DNS)_[A-Z0-9_]+\b/gu)?.at(-1) ?? "";
};
const error = errorName();
if (verb === "where") {
  tell(null);
} else if (verb === "loaded" && (since === name || document.URL === "about:blank")) {
  // The document that is to be left, or one that stands between: its end ends this call.
  setTimeout(() => tell(null), slice);
} else if (error !== null) {
  const status = performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0;
  tell({ errorPage: error, status });
} else {
  // A page that was acted on in another document counts again.
  if (request.left && since !== null && since !== name) request.left = null;
  const called = bursarInPage(verb, request).catch(() => ({ failed: true }));
  const over = new Promise((resolve) => setTimeout(() => resolve(null), slice));
  void (slice === null ? called : Promise.race([called, over])).then(tell);
}
