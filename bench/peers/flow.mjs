// Reads the portal `harbour` with another library, flow after flow, as whoever uses that library well would write it: what is
// waited for is an element or a change, never time, and a table is one call into the page. One flow is a context of its own,
// the sign-in with its code, the list of accounts, each account with all its pages of transactions, and the sign-out.
//
//     node flow.mjs <library> <browser> <address>
//
// It is told on standard input what to do, and says on standard output what came of it, in lines of JSON, as
// `agent/examples/flow.rs` does and describes.
//
// Not here: how each library does it (`flow-*.mjs`), and whether what was read is right.

import { createInterface } from "node:readline";

const [library, browser, address] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));

// A lane that asked for a code goes on with it.
const asking = new Map();
const codeFor = (lane) =>
  new Promise((resolve) => {
    asking.set(lane, resolve);
    say({ asks: lane });
  });

const { open } = await import(`./flow-${library}.mjs`);
const client = await open(browser);

async function flows(count, users) {
  let begun = 0;
  const lane = async (user, number) => {
    while (begun < count) {
      begun += 1;
      const start = performance.now();
      try {
        const accounts = await client.flow(address, user, () => codeFor(number));
        const rows = accounts.reduce((sum, account) => sum + account.rows.length, 0);
        say({ lane: number, accounts: accounts.length, rows, seconds: (performance.now() - start) / 1000 });
      } catch (error) {
        say({ lane: number, failed: String(error?.message ?? error).split("\n")[0] });
      }
    }
  };
  await Promise.all(users.map(lane));
  say({ done: true });
}

say({ ready: true, pid: process.pid });
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.flows) {
    void flows(told.flows, told.users);
  } else {
    asking.get(told.lane)?.(told.code);
    asking.delete(told.lane);
  }
}
await client.close();
process.exit(0);
