// Whether a webhook delivery is genuine: copy `verify` and `InvalidSignature`.
//
// Node 18 or newer, nothing but node:crypto. Node 22.18 and newer run this file as it is.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

/** The delivery isn't from your Bursar, or it is an old one sent again. Answer 401 and forget it. */
export class InvalidSignature extends Error {}

/**
 * Returns if the delivery is genuine, throws `InvalidSignature` if not.
 *
 * @param secret the webhook's, as it was shown, with its `whsec_`
 * @param header the value of `Waycore-Signature`
 * @param rawBody the bytes as they came; JSON that was parsed and written again isn't the same bytes
 * @param now Unix seconds
 */
export function verify(
  secret: string,
  header: string,
  rawBody: Uint8Array,
  now: number = Math.floor(Date.now() / 1000),
  toleranceSeconds: number = 300,
): void {
  // With an empty key anybody's signature would be right.
  if (secret === "") throw new InvalidSignature("there is no secret to check with");
  const values = (name: string): string[] =>
    header
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part.startsWith(`${name}=`))
      .map((part) => part.slice(name.length + 1));
  const [time, ...others] = values("t");
  if (time === undefined || others.length > 0 || !/^[0-9]{1,12}$/.test(time)) {
    throw new InvalidSignature("the header has no time");
  }
  if (Math.abs(now - Number(time)) > toleranceSeconds) {
    throw new InvalidSignature("the time is too far from now");
  }
  const expected = createHmac("sha256", secret).update(`${time}.`).update(rawBody).digest();
  // There are two while a secret is being replaced: one that fits is enough. timingSafeEqual
  // takes the same time whatever it finds, so that nobody can feel their way to the right one.
  const fits = values("v1").some((value) => {
    const given = Buffer.from(value, "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!fits) throw new InvalidSignature("no signature fits");
}

/** Checks one case from stdin, {"secret", "header", "body", "now"}: this is how Bursar's tests call it. */
function main(): number {
  const given = JSON.parse(readFileSync(0, "utf8"));
  try {
    verify(given.secret, given.header, Buffer.from(given.body), given.now);
  } catch (reason) {
    if (!(reason instanceof InvalidSignature)) throw reason;
    console.log(`invalid: ${reason.message}`);
    return 1;
  }
  console.log("valid");
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main();
