// The harbour by puppeteer: one browser, a context a flow, locators of its own to fill and click.
//
// Not here: what is read of a page (`flow-page.mjs`).

import puppeteer from "puppeteer-core";
import { hasTurned, readAccounts, readPage } from "./flow-page.mjs";

export async function open(executablePath) {
  const browser = await puppeteer.launch({ executablePath, headless: "shell", args: ["--no-sandbox"] });
  const flow = async (address, user, code) => {
    const context = await browser.createBrowserContext();
    try {
      return await read(await context.newPage(), address, user, code);
    } finally {
      await context.close();
    }
  };
  return { flow, close: () => browser.close() };
}

export async function read(page, address, user, code) {
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.locator("#username").fill(user.username);
  await page.locator("#password").fill(user.password);
  await page.locator("#sign-in-submit").click();
  await page.waitForSelector("#passcode-form");
  await page.locator("#passcode").fill(await code());
  await page.locator("#passcode-submit").click();
  return readAll(page);
}

// From the list of accounts to the sign-out.
export async function readAll(page) {
  await page.waitForSelector("#accounts-table");
  const accounts = await page.evaluate(readAccounts);
  for (const account of accounts) {
    await page.click(`[data-account="${account.key}"] a`);
    await page.waitForSelector("#transactions-table");
    let shown = await page.evaluate(readPage);
    account.details = shown.details;
    account.rows = shown.rows;
    while (!shown.isLast) {
      await page.click("#next-page");
      await page.waitForFunction(hasTurned, { polling: "mutation" }, shown.range);
      shown = await page.evaluate(readPage);
      account.rows.push(...shown.rows);
    }
    await page.click("#back-to-accounts");
    await page.waitForSelector("#accounts-table");
  }
  await page.click("#sign-out");
  await page.waitForFunction(() => document.querySelector("#page-title")?.textContent === "You have signed out", { polling: "mutation" });
  return accounts;
}
