// A browser that does what it is told, a line of JSON at a time, and answers with a line: the hands and eyes of the
// console's tests. It is Chromium, driven by Playwright, which nobody here wrote; axe-core looks for what keeps people out.
//
// Not here: what is tried; the tests say that.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [executablePath, base, patience] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const pages = new Map();

// Somebody: a browser context with one page, and whatever it complains of.
const somebody = async ({ who, dark = false, phone = false, scripts = true }) => {
  const context = await browser.newContext({
    baseURL: base,
    colorScheme: dark ? "dark" : "light",
    viewport: phone ? { width: 375, height: 700 } : { width: 1280, height: 900 },
    javaScriptEnabled: scripts,
    // The page's policy would keep axe out; what the page itself does against it is told as it is.
    bypassCSP: false,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(patience));
  const complaints = [];
  page.on("console", (message) => {
    const text = message.text();
    // That an answer has a status such as 409 is what some tests are about.
    if (["error", "warning"].includes(message.type()) && !text.startsWith("Failed to load resource")) complaints.push(text);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  pages.set(who, { context, page, complaints });
  return {};
};

const does = {
  somebody,
  async open({ page }, { path }) {
    const answer = await page.goto(path);
    return { status: answer?.status() ?? 0, policy: answer?.headers()["content-security-policy"] ?? "" };
  },
  async fill({ page }, { on, value }) { await page.locator(on).first().fill(value); },
  async choose({ page }, { on, value }) { await page.locator(on).first().selectOption(value); },
  async click({ page }, { on }) { await page.locator(on).first().click(); },
  // At a place of something, in parts of its sides.
  async point({ page }, { on, x, y }) {
    const box = await page.locator(on).first().boundingBox();
    await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
  },
  // Presses at a place, and then the pointer is gone: a finger that became a scroll.
  async cancel({ page }, { on, x, y }) {
    const box = await page.locator(on).first().boundingBox();
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
    await page.mouse.down();
    await page.locator(on).first().dispatchEvent("pointercancel", { pointerId: 1 });
    await page.mouse.up();
  },
  async paste({ page }, { text }) {
    await page.evaluate((text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  },
  async attribute({ page }, { on, name }) { return { value: await page.locator(on).first().getAttribute(name) }; },
  // What a canvas shows, as one number: whether it is another than before.
  async drawn({ page }, { on }) {
    const sum = await page.locator(on).first().evaluate((canvas) => {
      const text = canvas.toDataURL();
      let sum = 0;
      for (let at = 0; at < text.length; at += 1) sum = (sum * 31 + text.charCodeAt(at)) | 0;
      return sum;
    });
    return { sum };
  },
  async shown({ page }, { on }) { await page.locator(on).first().waitFor({ state: "visible" }); },
  async hidden({ page }, { on }) { await page.locator(on).first().waitFor({ state: "hidden" }); },
  // Milliseconds from the opening of a page's first socket to the first picture on its canvas.
  async first({ page }, { path }) {
    await page.goto("about:blank");
    await page.addInitScript(() => {
      const Plain = window.WebSocket;
      window.WebSocket = class extends Plain {
        constructor(...given) { super(...given); this.addEventListener("open", () => { window.openedAt ??= performance.now(); }); }
      };
      new MutationObserver(() => {
        if (document.querySelector("canvas[data-pictures]")) window.picturedAt ??= performance.now();
      }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-pictures"] });
    });
    await page.goto(path);
    await page.waitForFunction(() => window.picturedAt !== undefined);
    return { ms: await page.evaluate(() => window.picturedAt - window.openedAt) };
  },
  // Milliseconds from a click on a canvas to its next picture that is another one. The pointer is there before.
  async timed({ page }, { canvas, x, y }) {
    const box = await page.locator(canvas).boundingBox();
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
    await page.waitForTimeout(700);
    // It listens before the pointer goes down, which takes another way to the page.
    await page.evaluate((canvas) => {
      const node = document.querySelector(canvas);
      let at = null;
      node.addEventListener("pointerdown", () => { at = performance.now(); }, { once: true, capture: true });
      window.measured = new Promise((done) => {
        const observer = new MutationObserver(() => {
          if (at === null) return;
          observer.disconnect();
          done(performance.now() - at);
        });
        observer.observe(node, { attributes: true, attributeFilter: ["data-pictures"] });
      });
    }, canvas);
    await page.mouse.down();
    await page.mouse.up();
    const ms = await page.evaluate(() => Promise.race([
      window.measured,
      new Promise((late) => setTimeout(() => late(null), 10000)),
    ]));
    if (ms === null) throw new Error("no picture came within ten seconds");
    return { ms };
  },
  async leave({ page }) { await page.goto("about:blank"); },
  async press({ page }, { keys }) { for (const key of keys) await page.keyboard.press(key); },
  async type({ page }, { text }) { await page.keyboard.type(text); },
  async see({ page }, { on, text }) {
    const found = page.locator(on).filter(text ? { hasText: text } : {}).first();
    await found.waitFor({ state: "attached" });
    return { text: (await found.innerText()).trim() };
  },
  // The same in the page's frame.
  async framed({ page }, { on, text }) {
    await page.frameLocator("iframe").locator(on).filter({ hasText: text }).first().waitFor({ state: "visible" });
  },
  async gone({ page }, { on }) { await page.locator(on).first().waitFor({ state: "detached" }); },
  async count({ page }, { on }) { return { count: await page.locator(on).count() }; },
  // Where each of several is drawn, from the corner of the first thing that they are in.
  async boxes({ page }, { on, within }) {
    const [frame, parts] = [page.locator(within).first(), page.locator(within).first().locator(on)];
    return frame.evaluate((frame, parts) => {
      const corner = frame.getBoundingClientRect();
      const box = (part) => {
        const { x, y, width, height } = part.getBoundingClientRect();
        return { x: x - corner.x, y: y - corner.y, width, height };
      };
      return { frame: box(frame), boxes: parts.map(box) };
    }, await parts.elementHandles());
  },
  async value({ page }, { on }) { return { value: await page.locator(on).first().inputValue() }; },
  async where({ page }) { return { url: page.url() }; },
  async focus({ page }) {
    return page.evaluate(() => ({ id: document.activeElement?.id ?? "", name: document.activeElement?.getAttribute("name") ?? "",
      text: (document.activeElement?.textContent ?? "").trim().slice(0, 80) }));
  },
  async cookies({ context }) { return { cookies: await context.cookies() }; },
  async picture({ page }, { file, whole = true }) { await page.screenshot({ path: file, fullPage: whole }); },
  // What a page is made of, beside what it tells.
  async outline({ page }) {
    return { outline: await page.evaluate(() => [...document.querySelectorAll("h1, h2, h3, nav a, th:not([scope=row]), dt, label, legend, button, a.button")]
      .filter((part) => part.checkVisibility())
      .map((part) => {
        const bare = part.cloneNode(true);
        bare.querySelectorAll("select, input, textarea").forEach((field) => field.remove());
        return `${part.localName} ${bare.textContent.trim().replace(/\s+/g, " ")}`;
      })) };
  },
  async wide({ page }) {
    return page.evaluate(() => ({ beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth }));
  },
  async complaints({ complaints }) { return { complaints: complaints.splice(0) }; },
  async axe({ page }) {
    // Playwright evaluates over the debugger, which the page's policy doesn't bind.
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], iframes: false }));
    const grave = found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    return { found: grave.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`) };
  },
};

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const { what, who, ...rest } = JSON.parse(line);
  try {
    const done = what === "somebody" ? await somebody({ who, ...rest }) : await does[what](pages.get(who), rest);
    console.log(JSON.stringify({ done: done ?? {} }));
  } catch (error) {
    console.log(JSON.stringify({ failed: `${what} ${JSON.stringify(rest)}: ${error}` }));
  }
}
await browser.close();
