// An OpenID provider that nobody here wrote, with its own pages to sign in and to consent: panva's oidc-provider, which is
// certified. It says where it is, is told by a line of JSON where people are sent back to and who they are, and goes on until
// its input ends. It is called `localhost`, which to a browser is another site than 127.0.0.1.
//
// Not here: what is tried; the tests say that.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://localhost:${server.address().port}`;
console.log(JSON.stringify({ issuer }));

for await (const line of createInterface({ input: process.stdin })) {
  const { callback, groups } = JSON.parse(line);
  const provider = new Provider(issuer, {
    clients: [{ client_id: "bursar", client_secret: "of the client", redirect_uris: [callback] }],
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email"] },
    pkce: { required: () => true },
    // Whoever types a name is it.
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub} of the provider`, preferred_username: sub, groups: groups[sub] ?? [] }),
    }),
  });
  server.removeAllListeners("request");
  server.on("request", provider.callback());
  console.log(JSON.stringify({ ready: true }));
}
server.close();
server.closeAllConnections();
