// The harbour by Selenium: one chromedriver, and a browser a flow, which is how WebDriver keeps sessions apart.
//
// Not here: what is read of a page (`flow-page.mjs`).

import { Browser, Builder, By, until } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import { hasTurned, readAccounts, readPage } from "./flow-page.mjs";

const PATIENCE = 20_000;
const POLL = 20;

export async function open(binary) {
  const service = new chrome.ServiceBuilder(process.env.CHROMEDRIVER ?? "chromedriver").build();
  const server = await service.start();
  const options = new chrome.Options().addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage");
  options.setChromeBinaryPath(binary);
  const flow = async (address, user, code) => {
    const driver = await new Builder().usingServer(server).forBrowser(Browser.CHROME).setChromeOptions(options).build();
    try {
      return await read(driver, address, user, code);
    } finally {
      await driver.quit();
    }
  };
  return { flow, close: () => service.kill() };
}

async function read(driver, address, user, code) {
  const shown = (selector) => driver.wait(until.elementLocated(By.css(selector)), PATIENCE, undefined, POLL);
  const click = async (selector) => (await shown(selector)).click();
  const call = (callee, ...rest) => driver.executeScript(callee, ...rest);
  await driver.get(address);
  await (await shown("#username")).sendKeys(user.username);
  await (await shown("#password")).sendKeys(user.password);
  await click("#sign-in-submit");
  await (await shown("#passcode")).sendKeys(await code());
  await click("#passcode-submit");
  await shown("#accounts-table");
  const accounts = await call(readAccounts);
  for (const account of accounts) {
    await click(`[data-account="${account.key}"] a`);
    await shown("#transactions-table");
    let page = await call(readPage);
    account.details = page.details;
    account.rows = page.rows;
    while (!page.isLast) {
      await click("#next-page");
      await driver.wait(() => call(hasTurned, page.range), PATIENCE, undefined, POLL);
      page = await call(readPage);
      account.rows.push(...page.rows);
    }
    await click("#back-to-accounts");
    await shown("#accounts-table");
  }
  await click("#sign-out");
  await driver.wait(until.elementTextIs(await shown("#page-title"), "You have signed out"), PATIENCE, undefined, POLL).catch(async () => {
    // The view was replaced while its title was looked at.
    await driver.wait(until.elementTextIs(await shown("#page-title"), "You have signed out"), PATIENCE, undefined, POLL);
  });
  return accounts;
}
