// Shows a page of the portal `harbour` as it goes on and clicks on it, by puppeteer and Chromium's own screencast, as whoever
// watches a browser of their own would: how soon the first picture is there, and the one that shows a click.
//
//     node live.mjs <browser> <address> <user> <password> <rounds>
//
// It asks for the code of the sign-in with a line of JSON, is told it with a line, and says the milliseconds at the end. A
// picture counts when this process has it; nobody draws it.
//
// Not here: a person's browser, and a way to it.
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const [executablePath, address, user, password, rounds] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const how = { format: "jpeg", quality: 60, everyNthFrame: 1 };
// The survey's choices, as `bench/src/people/live.rs` has them.
const choices = [[0.43, 0.47], [0.57, 0.47]];

const browser = await puppeteer.launch({ executablePath, headless: "shell", args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.setViewport({ width: 1280, height: 1024 });
await page.goto(address, { waitUntil: "domcontentloaded" });
await page.locator("#username").fill(user);
await page.locator("#password").fill(password);
await page.locator("#sign-in-submit").click();
await page.waitForSelector("#passcode-form");
say({ asks: "code" });
await page.locator("#passcode").fill(JSON.parse((await told.next()).value).code);
await page.locator("#passcode-submit").click();
await page.waitForSelector("#survey-form");

const line = async () => {
  const cdp = await page.createCDPSession();
  cdp.on("Page.screencastFrame", ({ sessionId }) => void cdp.send("Page.screencastFrameAck", { sessionId }).catch(() => {}));
  return cdp;
};
const next = (cdp) => new Promise((seen) => cdp.once("Page.screencastFrame", () => seen(performance.now())));

const firsts = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const cdp = await line();
  const began = performance.now();
  const seen = next(cdp);
  await cdp.send("Page.startScreencast", how);
  firsts.push((await seen) - began);
  await cdp.send("Page.stopScreencast");
  await cdp.detach();
}

const clicks = [];
const cdp = await line();
const shown = next(cdp);
await cdp.send("Page.startScreencast", how);
await shown;
for (let round = 0; round < Number(rounds); round += 1) {
  const [x, y] = choices[round % choices.length];
  await page.mouse.move(x * 1280, y * 1024);
  await new Promise((calm) => setTimeout(calm, 700));
  const seen = next(cdp);
  const began = performance.now();
  await page.mouse.down();
  await page.mouse.up();
  clicks.push((await seen) - began);
}
say({ firsts, clicks });
await browser.close();
process.exit(0);
