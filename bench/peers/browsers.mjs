// A program that drives browsers through puppeteer or playwright as their documents say, for whoever breaks something in
// it. It prints a JSON object a line: that it is ready; that a page's call came to nothing, and which; that a browser was
// closed.
//
//     node browsers.mjs <library> <browser> <address> watch        two sessions in one browser, each read again and again
//     node browsers.mjs <library> <browser> <address> runs <n>     so many browsers one after the other, then at rest
//
// A line `close` on standard input closes the browser; its end ends the program.
//
// Not here: what is broken, and how long it took until it was heard.

import { createInterface } from "node:readline";
import { setTimeout as after } from "node:timers/promises";

const [library, executablePath, address, mode, count] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));

const drivers = {
  async puppeteer() {
    const { default: puppeteer } = await import("puppeteer-core");
    const browser = await puppeteer.launch({ executablePath, headless: "shell", args: ["--no-sandbox"] });
    return { browser, session: () => browser.createBrowserContext() };
  },
  async playwright() {
    const { chromium } = await import("playwright-core");
    const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
    return { browser, session: () => browser.newContext() };
  },
};

async function opened(driver) {
  const page = await (await driver.session()).newPage();
  await page.goto(address, { waitUntil: "load" });
  return page;
}

// Read again and again, as a run reads pages. Each library tells of a crash by an event, too.
async function read(page, place) {
  const crashed = () => say({ lost: place, message: "crashed" });
  page.on("crash", crashed);
  page.on("error", crashed);
  for (;;) {
    try {
      await page.evaluate(() => document.body.innerText.length);
    } catch (error) {
      say({ lost: place, message: String(error.message).split("\n")[0] });
      return;
    }
    say({ read: place });
    await after(200);
  }
}

if (mode === "runs") {
  for (let run = 0; run < Number(count); run += 1) {
    const driver = await drivers[library]();
    await opened(driver);
    await driver.browser.close();
  }
  say({ rest: true });
  for await (const _ of createInterface({ input: process.stdin }));
  process.exit(0);
}
const driver = await drivers[library]();
const pages = [await opened(driver), await opened(driver)];
say({ ready: true });
pages.forEach((page, place) => void read(page, place));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "close") {
    driver.browser.close().then(
      () => say({ closed: true }),
      (error) => say({ closed: false, message: String(error.message).split("\n")[0] }),
    );
  }
}
process.exit(0);
