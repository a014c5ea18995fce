// The harbour as a scraper of israeli-bank-scrapers: a class on its base class, which signs in by its own means and brings
// its own ways to fill, click and read. The context of a flow is given to it, as its documents say, so that the browser is
// shared as with the others.
//
// Not here: what is read of a page (`flow-page.mjs`).

import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";
import { hasTurned, readAccounts, readPage } from "./flow-page.mjs";

const require = createRequire(import.meta.url);
const { BaseScraperWithBrowser, LoginResults } = require("israeli-bank-scrapers-core/lib/scrapers/base-scraper-with-browser.js");
const { clickButton, clickLink, fillInput, waitUntilElementFound } = require("israeli-bank-scrapers-core/lib/helpers/elements-interactions.js");

class HarbourScraper extends BaseScraperWithBrowser {
  getLoginOptions(credentials) {
    return {
      loginUrl: this.options.address,
      checkReadiness: () => waitUntilElementFound(this.page, "#sign-in-submit"),
      fields: [
        { selector: "#username", value: credentials.username },
        { selector: "#password", value: credentials.password },
      ],
      submitButtonSelector: "#sign-in-submit",
      postAction: async () => {
        await waitUntilElementFound(this.page, "#passcode-form");
        await fillInput(this.page, "#passcode", await this.options.code());
        await clickButton(this.page, "#passcode-submit");
        await waitUntilElementFound(this.page, "#accounts-table");
      },
      possibleResults: { [LoginResults.Success]: [/#\/accounts$/] },
    };
  }

  async fetchData() {
    const accounts = await this.page.evaluate(readAccounts);
    for (const account of accounts) {
      await clickLink(this.page, `[data-account="${account.key}"] a`);
      await waitUntilElementFound(this.page, "#transactions-table");
      let shown = await this.page.evaluate(readPage);
      account.details = shown.details;
      account.rows = shown.rows;
      while (!shown.isLast) {
        await clickButton(this.page, "#next-page");
        await this.page.waitForFunction(hasTurned, { polling: "mutation" }, shown.range);
        shown = await this.page.evaluate(readPage);
        account.rows.push(...shown.rows);
      }
      await clickLink(this.page, "#back-to-accounts");
      await waitUntilElementFound(this.page, "#accounts-table");
    }
    await clickButton(this.page, "#sign-out");
    await this.page.waitForFunction(() => document.querySelector("#page-title")?.textContent === "You have signed out", { polling: "mutation" });
    return { success: true, accounts: accounts.map((account) => ({ accountNumber: account.key, txns: account.rows })) };
  }
}

export async function open(executablePath) {
  const browser = await puppeteer.launch({ executablePath, headless: "shell", args: ["--no-sandbox"] });
  const flow = async (address, user, code) => {
    const browserContext = await browser.createBrowserContext();
    try {
      const options = { companyId: "harbour", startDate: new Date("2020-01-01"), browserContext, address, code };
      const result = await new HarbourScraper(options).scrape(user);
      if (!result.success) throw new Error(`${result.errorType}: ${result.errorMessage}`);
      return result.accounts.map((account) => ({ rows: account.txns }));
    } finally {
      await browserContext.close();
    }
  };
  return { flow, close: () => browser.close() };
}
