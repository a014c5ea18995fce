// The DevTools Recorder's own library, as a second opinion on its recordings: what it makes of one, written as it writes
// them, or why it doesn't take it. A recording comes on standard input.
//
// Not here: playing it.
import { JSONStringifyExtension, parse, stringify } from "@puppeteer/replay";

let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(await stringify(parse(JSON.parse(text)), { extension: new JSONStringifyExtension() }));
