// Ten thousand refreshes by a host that fails in every way, at random. Both packages have to pass this.

import assert from "node:assert/strict";
import { randomBytes, createHash } from "node:crypto";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DENIED, google, REFUSED, stoppedClocks, UNAVAILABLE } from "./played.mjs";

const EXCHANGES = 10_000;
const SEED = process.env.SANSKEY_SEED || randomBytes(8).toString("hex");

export function tokenSourceSoak({ CredentialConfig, HostFailure, SanskeyError, Token, TokenSource }) {
  test(`${EXCHANGES} refreshes with faults at random lose no caller (SANSKEY_SEED=${SEED})`, { timeout: 300_000 }, async (t) => {
    const draw = drawn(SEED);
    const [clock, host] = [stoppedClocks(t), google()];
    const unhandled = [];
    const onUnhandled = (reason) => unhandled.push(reason);
    process.on("unhandledRejection", onUnhandled);
    t.after(() => process.off("unhandledRejection", onUnhandled));

    const raw = new RangeError("a host's own");
    const enough = new Error("enough");
    const pause = async () => { for (let left = draw(5); left > 0; left -= 1) await null; };
    const throws = (thrown) => { throw thrown; };
    const faults = [
      () => UNAVAILABLE, () => REFUSED, () => DENIED, () => ({ status: 200, headers: [], body: "{" }), () => "no answer",
      () => throws(raw), () => throws(new HostFailure(["unreachable", "timeout", "denied"][draw(3)], "gone")),
    ];
    host.next = async () => (await pause(), draw(3) === 0 ? faults[draw(faults.length)]() : undefined);
    let exchanges = 0;
    const parts = { projectNumber: 1, pool: "pool", provider: "provider", source: "caller", serviceAccount: "app@my-project.iam.gserviceaccount.com" };
    const config = CredentialConfig.fromParts(parts);
    const begin = () => new TokenSource(config, {
      host, onExchange: () => (exchanges += 1), subjectToken: async () => (await pause(), draw(10) === 0 ? throws(raw) : "proof"),
    });
    let source = begin();
    let [calls, tokens, refused] = [0, 0, 0];

    const call = async () => {
      const controller = draw(6) === 0 ? new AbortController() : undefined;
      const options = controller && { signal: controller.signal };
      const kind = draw(8);
      const made = kind === 0 ? source.refresh(options)
        : kind === 1 ? source.fetch({ goal: "sign_blob", payload: new Uint8Array([1]) }, options)
        : source.token(options);
      const result = made.then((outcome) => {
        if (kind === 1) return assert.equal(outcome.keyId, "key");
        assert.ok(outcome instanceof Token);
        assert.ok(outcome.expiresAt.getTime() > Date.now(), "a token that has ended");
        tokens += 1;
      }, (error) => {
        assert.ok(error instanceof SanskeyError || error === raw || (error === enough && controller), error);
        refused += 1;
      });
      calls += 1;
      await pause();
      controller?.abort(enough);
      return result;
    };

    const collect = collector();
    // What the addon holds is given back a turn of the event loop after its object.
    const used = async () => {
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve, collect()));
      return process.memoryUsage();
    };
    let [settled, before] = [0, undefined];
    while (exchanges < EXCHANGES) {
      clock.pass(draw(4) === 0 ? draw(8000) : draw(200));
      if (draw(50) === 0) clock.set(draw(20_000) - 10_000);
      if (draw(100) === 0) {
        const state = source.exportState();
        source.free();
        source = begin();
        assert.ok(source.importState(state));
      }
      const results = await Promise.all(Array.from({ length: 1 + draw(6) }, call));
      settled += results.length;
      [host.requests.length, host.told.length] = [0, 0];
      await new Promise((resolve) => setImmediate(resolve));
      if (!before && exchanges > EXCHANGES / 4) before = await used();
    }
    const after = await used();
    source.free();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(settled, calls);
    assert.deepEqual(unhandled, []);
    assert.ok(tokens > calls / 4 && refused > calls / 20, `of ${calls} calls ${tokens} had a token and ${refused} an error`);
    const grown = (name) => (after[name] - before[name]) / 1024 / 1024;
    t.diagnostic(`${calls} calls, ${tokens} tokens, ${refused} errors; ${["heapUsed", "external", "rss"].map((name) => `${name} ${grown(name).toFixed(1)} MiB`).join(", ")}`);
    assert.ok(grown("heapUsed") < 8, `the heap has grown by ${grown("heapUsed")} MiB`);
    assert.ok(grown("rss") < 48, `the process has grown by ${grown("rss")} MiB`);
  });
}

/** Numbers from 0 to below a bound, which follow from the seed (mulberry32). */
function drawn(seed) {
  let state = createHash("sha256").update(seed).digest().readUInt32LE();
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** The garbage collector, which programs cannot call unless they ask for it. */
function collector() {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}
