// The harbour by playwright: one browser, a context a flow, its locators, which wait by themselves.
//
// Not here: what is read of a page (`flow-page.mjs`).

import { chromium } from "playwright-core";
import { hasTurned, readAccounts, readPage } from "./flow-page.mjs";

export async function open(executablePath) {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
  const flow = async (address, user, code) => {
    const context = await browser.newContext();
    try {
      return await read(await context.newPage(), address, user, code);
    } finally {
      await context.close();
    }
  };
  return { flow, close: () => browser.close() };
}

async function read(page, address, user, code) {
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.locator("#username").fill(user.username);
  await page.locator("#password").fill(user.password);
  await page.locator("#sign-in-submit").click();
  await page.locator("#passcode-form").waitFor();
  await page.locator("#passcode").fill(await code());
  await page.locator("#passcode-submit").click();
  await page.locator("#accounts-table").waitFor();
  const accounts = await page.evaluate(readAccounts);
  for (const account of accounts) {
    await page.locator(`[data-account="${account.key}"] a`).click();
    await page.locator("#transactions-table").waitFor();
    let shown = await page.evaluate(readPage);
    account.details = shown.details;
    account.rows = shown.rows;
    while (!shown.isLast) {
      await page.locator("#next-page").click();
      await page.waitForFunction(hasTurned, shown.range);
      shown = await page.evaluate(readPage);
      account.rows.push(...shown.rows);
    }
    await page.locator("#back-to-accounts").click();
    await page.locator("#accounts-table").waitFor();
  }
  await page.locator("#sign-out").click();
  await page.getByRole("heading", { name: "You have signed out" }).waitFor();
  return accounts;
}
