// Full cycles of a lease, of Bursar's queue and of BullMQ: put in, acquired, renewed, completed. Both on the Redis whose
// socket is given, through the same client, with the same number of lanes, in rounds that take turns. Bursar's steps are the
// coordinator's own Lua files. Prints one JSON object.
//
// Not here: what a step means, or the store that stands behind it in a coordinator.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// One copy of the client for both, so that what is sent can be counted.
const require = createRequire(import.meta.url);
const { Redis } = require("ioredis");
const { Queue, Worker } = require("bullmq");

const [socket, folder, rounds, seconds, lanes] = process.argv.slice(2).map((word, place) => (place < 2 ? word : Number(word)));
const TERM = 15000;
const STEPS = ["enqueue", "acquire", "renew", "complete"];

let sent = 0;
const send = Redis.prototype.sendCommand;
Redis.prototype.sendCommand = function (...words) {
  sent += 1;
  return send.apply(this, words);
};

const connect = () => new Redis({ path: socket, maxRetriesPerRequest: null });
const watching = connect();

async function bursar() {
  const redis = connect();
  const read = (name) => readFileSync(join(folder, `${name}.lua`), "utf8");
  redis.defineCommand("install", { numberOfKeys: 1, lua: read("install") });
  for (const step of ["limit", "enqueue", "acquire", "renew", "forget"]) {
    redis.defineCommand(step, { numberOfKeys: 1, lua: read("preamble") + read(step) });
  }
  const prefix = "bursar:{queue}:";
  // A generation begins in the very process of Redis that was looked at.
  const [, server] = /run_id:(\w+)/.exec(await redis.info("server"));
  if ((await redis.install(prefix, 1, server)) !== 1) throw new Error("no generation began");
  const institutions = Array.from({ length: 20 }, (_, number) => `bank-${number}`);
  for (const institution of institutions) await redis.limit(prefix, institution, 1000, 0);
  const organizations = Array.from({ length: 20 }, () => randomUUID());
  let turn = 0;
  return {
    redis,
    lane() {
      const agent = randomUUID();
      let held;
      return {
        enqueue() {
          turn += 1;
          const where = [organizations[turn % 20], institutions[Math.floor(turn / 20) % 20]];
          return redis.enqueue(prefix, randomUUID(), randomUUID(), ...where, 1, 0);
        },
        async acquire() {
          held = await redis.acquire(prefix, agent, TERM);
          if (held.length !== 2) throw new Error(`nothing was ready: ${held}`);
        },
        async renew() {
          if ((await redis.renew(prefix, held[0], agent, held[1], TERM)) !== 1) throw new Error("a lease was lost");
        },
        complete: () => redis.forget(prefix, held[0]),
      };
    },
    end: () => redis.quit(),
  };
}

async function bullmq() {
  const connection = connect();
  const queue = new Queue("runs", { connection });
  const worker = new Worker("runs", null, { connection: connect(), autorun: false, lockDuration: TERM, skipStalledCheck: true });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  return {
    lane() {
      const token = randomUUID();
      let job;
      return {
        enqueue: () => queue.add("run", { connection: randomUUID() }, { removeOnComplete: true }),
        async acquire() {
          job = await worker.getNextJob(token, { block: false });
          if (!job) throw new Error("nothing was ready");
        },
        async renew() {
          if ((await job.extendLock(token, TERM)) !== 1) throw new Error("a lock was lost");
        },
        complete: () => job.moveToCompleted(null, token, false),
      };
    },
    async end() {
      await worker.close();
      await queue.close();
    },
  };
}

async function redisSeconds() {
  const info = await watching.info("cpu");
  const of = (name) => Number(new RegExp(`^${name}:(.*)$`, "m").exec(info)[1]);
  return of("used_cpu_user") + of("used_cpu_sys");
}

async function round(queue) {
  let cycles = 0;
  const before = await redisSeconds();
  const start = performance.now();
  const until = start + seconds * 1000;
  const run = async (lane) => {
    while (performance.now() < until) {
      for (const step of STEPS) await lane[step]();
      cycles += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, () => run(queue.lane())));
  const took = (performance.now() - start) / 1000;
  return { perSecond: cycles / took, redisMicros: (((await redisSeconds()) - before) * 1e6) / cycles };
}

// One lane alone, so that whatever is sent belongs to the step that is awaited.
async function trips(queue) {
  const lane = queue.lane();
  const counts = {};
  const cycles = 200;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (const step of STEPS) {
      const before = sent;
      await lane[step]();
      counts[step] = (counts[step] ?? 0) + sent - before;
    }
  }
  return Object.fromEntries(STEPS.map((step) => [step, counts[step] / cycles]));
}

const queues = { bursar: await bursar(), bullmq: await bullmq() };
const answer = {};
for (const [name, queue] of Object.entries(queues)) answer[name] = { trips: await trips(queue), rounds: [] };
for (let number = 0; number < rounds; number += 1) {
  for (const [name, queue] of Object.entries(queues)) answer[name].rounds.push(await round(queue));
}
for (const queue of Object.values(queues)) await queue.end();
console.log(JSON.stringify(answer));
process.exit(0);
