// How a token source shares, keeps and replaces a token. Both packages have to pass this.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { deferred, DENIED, google, REFUSED, stoppedClocks, turns, UNAVAILABLE } from "./played.mjs";

const STALE = 3600 - 200;
const parts = { projectNumber: "123456789012", pool: "pool", provider: "provider", source: "caller" };

export function tokenSourceTests({ CredentialConfig, HostFailure, SanskeyError, Token, TokenSource }) {
  const config = CredentialConfig.fromParts(parts);
  const account = CredentialConfig.fromParts({ ...parts, serviceAccount: "app@my-project.iam.gserviceaccount.com" });
  const code = (expected, message = /./) => (error) => {
    assert.ok(error instanceof SanskeyError, inspect(error));
    assert.equal(error.code, expected, error.message);
    assert.match(error.message, message);
    return true;
  };
  const misuse = (message) => code("invalid_argument", message);
  /** A source by way of a played host, and clocks that stand still. */
  const played = (t, options = {}, of = config) => {
    const [clock, host] = [stoppedClocks(t), google()];
    const source = new TokenSource(of, { host, subjectToken: "proof", ...options });
    t.after(() => source.free());
    return { clock, host, source };
  };
  const values = async (promises) => (await Promise.all(promises)).map(({ value }) => value);
  const callers = (source) => Array.from({ length: 64 }, () => source.token());
  /** Makes the host wait, and says when it has been asked. */
  const gate = (host) => {
    const [asked, open] = [deferred(), deferred()];
    host.next = () => (asked.resolve(), open.promise);
    return { asked: asked.promise, open: (answer) => (host.next = undefined, open.resolve(answer)) };
  };

  test("nothing is asked before the first call, and a token is used until its last minutes", async (t) => {
    const { clock, host, source } = played(t);
    assert.deepEqual(host.requests, []);
    const first = await source.token();
    assert.ok(first instanceof Token);
    assert.deepEqual([first.value, first.kind, first.expiresAt.getTime() - Date.now()], ["secret-federated-1", "federated", 3_600_000]);
    clock.pass(STALE - 100);
    assert.equal(await source.token(), first);
    assert.equal(host.requests.length, 1);
    clock.pass(100);
    assert.equal((await source.token()).value, "secret-federated-2");
    clock.pass(3600);
    assert.equal((await source.token()).value, "secret-federated-3");
    assert.equal(host.requests.length, 3);
  });

  test("what cannot be of use is refused at once", (t) => {
    const { host } = played(t);
    const refused = (given, options, check) => assert.throws(() => new TokenSource(given, options), check);
    refused("{}", {}, code("config_field_missing"));
    refused("{", {}, code("config_not_json"));
    refused(5, {}, misuse(/must be/));
    refused(config, { host: 5 }, misuse(/^host must be/));
    refused(config, { host: { http: 5 } }, misuse(/^host\.http/));
    refused(config, { signal: new AbortController().signal }, misuse(/signal/));
    refused(config, { scopes: [], goal: { goal: "access_token" } }, misuse(/scopes/));
    refused(config, { goal: { goal: "sign_blob", payload: new Uint8Array() } }, misuse(/does not end in a token/));
    refused(config, { goal: { goal: "revocation" } }, misuse(/./));
    refused(config, { goal: { goal: "id_token", audience: 5 } }, misuse(/goal\.audience/));
    refused(config, { awsRegion: 5 }, misuse(/awsRegion/));
    refused(config, { onExchange: "x" }, misuse(/^onExchange must be a function/));
    refused(config, { onStep: {} }, misuse(/^onStep must be a function/));
    assert.deepEqual(host.requests, []);
  });

  test("64 callers of a token that has ended share one exchange", async (t) => {
    const { clock, host, source } = played(t);
    for (const number of [1, 2, 3]) {
      assert.deepEqual(new Set(await values(callers(source))), new Set([`secret-federated-${number}`]));
      clock.pass(3600);
    }
    assert.equal(host.requests.length, 3);
  });

  test("at a renewal one of 64 callers waits, and the others have the old token meanwhile", async (t) => {
    const { clock, host, source } = played(t);
    const old = await source.token();
    clock.pass(STALE);
    const { asked, open } = gate(host);
    const calls = callers(source);
    await asked;
    let pending = 0;
    const atOnce = await Promise.race([Promise.all(calls.slice(1)), turns().then(() => (pending += 1))]);
    assert.deepEqual([pending, new Set(atOnce)], [0, new Set([old])]);
    open();
    assert.equal((await calls[0]).value, "secret-federated-2");
    assert.equal((await source.token()).value, "secret-federated-2");
    assert.equal(host.requests.length, 2);
  });

  test("a renewal that fails keeps the token, tells the host, and is not repeated for a while", async (t) => {
    const { clock, host, source } = played(t);
    const old = await source.token();
    clock.pass(STALE);
    host.next = UNAVAILABLE;
    assert.equal(await source.token(), old);
    const tries = host.requests.length;
    assert.ok(tries > 2, "it is tried again");
    assert.equal(await source.token(), old);
    assert.equal(host.requests.length, tries);
    const [[message, about], ...more] = host.told;
    assert.deepEqual([about, more], ["token_kept", []]);
    assert.match(message, /\(sts_unavailable\).*used until 2024-01-02T04:04:05/);
    clock.pass(15);
    host.next = undefined;
    assert.equal((await source.token()).value, "secret-federated-2");
    assert.equal(host.told.length, 1);
  });

  test("if there is no token, all callers get the error, and the next call tries again", async (t) => {
    const { clock, host, source } = played(t);
    for (const number of [1, 2]) {
      host.next = REFUSED;
      const before = host.requests.length;
      const results = await Promise.allSettled(callers(source));
      assert.equal(new Set(results.map(({ reason }) => reason)).size, 1);
      assert.ok(code("sts_rejected")(results[0].reason));
      assert.equal(host.requests.length, before + 1);
      host.next = undefined;
      assert.equal((await source.token()).value, `secret-federated-${number}`);
      clock.pass(3600);
    }
    assert.deepEqual(host.told, []);
  });

  test("whatever a host, a provider or a listener throws, nobody loses a token that is good", async (t) => {
    const own = new RangeError("secret-of-a-host");
    const fail = { provider: false, step: false };
    const { clock, host, source } = played(t, {
      subjectToken: async () => { if (fail.provider) throw own; return "proof"; },
      onStep: () => { if (fail.step) throw own; },
    });
    const failures = [
      () => (host.next = () => { throw own; }),
      () => (host.next = () => Promise.reject(own)),
      () => (fail.provider = true),
      () => (fail.step = true),
    ];
    for (const begin of failures) {
      begin();
      await assert.rejects(source.token(), (error) => error === own);
      await assert.rejects(source.refresh(), (error) => error === own);
      [host.next, fail.provider, fail.step] = [];
      const old = await source.token();
      clock.pass(STALE);
      begin();
      assert.deepEqual(new Set(await Promise.all(callers(source))), new Set([old]));
      [host.next, fail.provider, fail.step] = [];
      clock.pass(200);
    }
    assert.equal(host.told.length, failures.length);
    assert.doesNotMatch(inspect(host.told), /secret/);
  });

  test("a warning that throws costs nobody the token", async (t) => {
    const { clock, host, source } = played(t);
    const old = await source.token();
    clock.pass(STALE);
    host.next = REFUSED;
    host.warn = () => { throw new Error("loud"); };
    assert.equal(await source.token(), old);
  });

  test("what a listener throws after all has gone well is the caller's, and the token is there", async (t) => {
    let full = true;
    const { host, source } = played(t, { onExchange: () => { if (full) throw new Error("full disk"); } });
    await assert.rejects(source.token(), { message: "full disk" });
    full = false;
    assert.equal((await source.token()).value, "secret-federated-1");
    assert.equal(host.requests.length, 1);
  });

  test("an abort ends the waiting of one caller, and the others get the token", async (t) => {
    const { clock, host, source } = played(t);
    for (const number of [1, 2]) {
      const { asked, open } = gate(host);
      const [first, second] = [new AbortController(), new AbortController()];
      const ended = assert.rejects(source.token({ signal: first.signal }), { message: "enough" });
      const [kept, joined] = [source.token(), source.token({ signal: second.signal })];
      const joinedEnded = assert.rejects(joined, { message: "me too" });
      await asked;
      first.abort(new Error("enough"));
      second.abort(new Error("me too"));
      await Promise.all([ended, joinedEnded]);
      open();
      assert.equal((await kept).value, `secret-federated-${number}`);
      clock.pass(3600);
    }
    assert.equal(host.requests.length, 2);
  });

  test("an exchange that nobody waits for any more goes on, also to a bad end", async (t) => {
    const { host, source } = played(t);
    const unhandled = [];
    const listener = (reason) => unhandled.push(reason);
    process.on("unhandledRejection", listener);
    t.after(() => process.off("unhandledRejection", listener));
    for (const answer of [REFUSED, undefined]) {
      const { asked, open } = gate(host);
      const controller = new AbortController();
      const ended = assert.rejects(source.token({ signal: controller.signal }), { name: "AbortError" });
      await asked;
      controller.abort();
      await ended;
      open(answer);
      await turns();
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
    assert.equal((await source.token()).value, "secret-federated-1");
    assert.equal(host.requests.length, 2);
  });

  test("an aborted signal asks nobody", async (t) => {
    const { host, source } = played(t);
    const signal = AbortSignal.abort();
    for (const call of [() => source.token({ signal }), () => source.refresh({ signal }), () => source.fetch({ goal: "access_token" }, { signal })]) {
      await assert.rejects(call(), { name: "AbortError" });
    }
    assert.deepEqual(host.requests, []);
  });

  test("nobody waits for ever for the exchange of another caller", async (t) => {
    const { clock, host, source } = played(t);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    // Who has asked it waits: a request whose invocation has ended never settles.
    host.next = () => new Promise(() => {});
    const never = source.token();
    await turns();
    const joined = callers(source);
    await turns();
    assert.equal(host.requests.length, 1);
    host.next = undefined;
    t.mock.timers.tick(29_999);
    await turns();
    assert.equal(host.requests.length, 1);
    clock.pass(30);
    t.mock.timers.tick(1);
    assert.deepEqual(new Set(await values(joined)), new Set(["secret-federated-1"]));
    assert.equal(host.requests.length, 2);
    assert.equal(await Promise.race([never, turns()]), undefined);
    // Whoever comes later does not wait at all.
    clock.pass(3600);
    host.next = () => new Promise(() => {});
    const stuck = source.token();
    await turns();
    host.next = undefined;
    clock.pass(31);
    assert.equal((await source.token()).value, "secret-federated-2");
    assert.equal(await Promise.race([stuck, turns()]), undefined);
  });

  test("an exchange that takes longer than anybody is patient is still everybody's when it lands", async (t) => {
    const { clock, host, source } = played(t);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { asked, open } = gate(host);
    const first = source.token();
    await asked;
    const joined = callers(source);
    await turns();
    // One of them begins another, which does not end either.
    host.next = () => new Promise(() => {});
    clock.pass(30);
    t.mock.timers.tick(30_000);
    await turns();
    assert.equal(host.requests.length, 2);
    open();
    assert.deepEqual(new Set(await values([first, ...joined])), new Set(["secret-federated-1"]));
    assert.equal(host.requests.length, 2);
  });

  test("a function that asks the source which asks it waits, and does not ask without end", async (t) => {
    let calls = 0;
    let source;
    const subjectToken = () => (++calls === 1 ? source.token().then(() => "proof") : "proof");
    ({ source } = played(t, { subjectToken }));
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const token = source.token();
    await turns();
    assert.equal(calls, 1);
    t.mock.timers.tick(30_000);
    assert.match((await token).value, /^secret-federated-/);
    assert.equal(calls, 2);
  });

  test("a function that fails is not asked again at once, while there is a token", async (t) => {
    let calls = 0;
    const subjectToken = () => {
      if (++calls > 1) throw new Error("no proof");
      return "proof";
    };
    const { clock, source } = played(t, { subjectToken });
    await source.token();
    clock.pass(STALE);
    for (let time = 0; time < 20; time++) assert.equal((await source.token()).value, "secret-federated-1");
    assert.equal(calls, 2);
    clock.pass(16);
    await source.token();
    assert.equal(calls, 3);
  });

  test("a renewal that never ends is begun anew, while the token is still good", async (t) => {
    const { clock, host, source } = played(t);
    const old = await source.token();
    clock.pass(STALE);
    host.next = () => new Promise(() => {});
    const stuck = source.token();
    await turns();
    host.next = undefined;
    assert.equal(await source.token(), old);
    clock.pass(30);
    assert.equal((await source.token()).value, "secret-federated-2");
    assert.equal(await Promise.race([stuck, turns()]), undefined);
  });

  test("a refresh replaces a token that is good, and concurrent ones are one", async (t) => {
    const { host, source } = played(t);
    await source.token();
    const refreshed = await values(Array.from({ length: 64 }, () => source.refresh()));
    assert.deepEqual(new Set(refreshed), new Set(["secret-federated-2"]));
    assert.equal((await source.token()).value, "secret-federated-2");
    assert.equal(host.requests.length, 2);
  });

  test("a refresh that fails says so, and what there was stays", async (t) => {
    const { host, source } = played(t);
    const old = await source.token();
    host.next = REFUSED;
    await assert.rejects(source.refresh(), code("sts_rejected"));
    assert.equal(await source.token(), old);
    assert.equal(host.requests.length, 2);
  });

  test("the federated token is used again: a signature costs one request", async (t) => {
    const { host, source } = played(t, {}, account);
    const goal = { goal: "sign_blob", payload: new Uint8Array([1]) };
    const { keyId, signature } = await source.fetch(goal);
    assert.deepEqual([keyId, Buffer.from(signature).toString()], ["key", "signature"]);
    await source.fetch(goal);
    assert.equal((await source.token()).value, "secret-account-4");
    assert.deepEqual(host.requests, ["token", "signBlob", "signBlob", "generateAccessToken"]);
    await assert.rejects(source.fetch({ goal: "sign_blob" }), misuse(/payload/));
    const controller = new AbortController();
    host.next = (_, __, { signal }) => (controller.abort(new Error("enough")), assert.ok(!signal.aborted), new Promise(() => {}));
    await assert.rejects(source.fetch(goal, { signal: controller.signal }), { message: "enough" });
  });

  test("after a refusal what is remembered is asked anew, once", async (t) => {
    let interfere = async () => {};
    const { host, source } = played(t, { subjectToken: async () => (await interfere(), "proof") }, account);
    const goal = { goal: "sign_blob", payload: new Uint8Array([1]) };
    await source.fetch(goal);
    host.requests.length = 0;
    host.next = (service) => (service === "signBlob" ? DENIED : undefined);
    await assert.rejects(source.fetch(goal), code("sign_rejected"));
    assert.deepEqual(host.requests, ["signBlob", "token", "signBlob"]);
    // Somebody else fills the memory each time before this one can ask.
    let isInner = false;
    interfere = async () => {
      if (isInner) return;
      isInner = true;
      await source.fetch({ goal: "access_token" });
      isInner = false;
    };
    host.requests.length = 0;
    await assert.rejects(source.fetch(goal), code("sign_rejected"));
    assert.equal(host.requests.filter((service) => service === "signBlob").length, 2);
  });

  test("each exchange asks the functions once, and reports its end", async (t) => {
    const [contexts, reports, steps] = [[], [], []];
    const { clock, host, source } = played(t, {
      subjectToken: (context) => (contexts.push(context), "proof"),
      onExchange: (report) => reports.push(report), onStep: ({ askId }) => steps.push(askId),
    }, account);
    await source.token();
    await source.token();
    clock.pass(3600);
    host.next = REFUSED;
    await assert.rejects(source.token());
    assert.equal(contexts.length, 2);
    assert.deepEqual(contexts[0], { audience: config.audience, subjectTokenType: "urn:ietf:params:oauth:token-type:jwt" });
    assert.deepEqual(steps, ["sts", "impersonate", "sts"]);
    assert.deepEqual(reports, [
      { goal: "access_token", durationMs: 0, requests: 2, error: null, stage: null, fault: null },
      { goal: "access_token", durationMs: 0, requests: 1, error: "sts_rejected", stage: "sts", fault: "remote" },
    ]);
  });

  test("a clock that jumps costs an exchange at most, and yields no token that has ended", async (t) => {
    const { clock, host, source } = played(t);
    await source.token();
    /** By the clock that nobody sets. */
    let begun = clock.at.uptime;
    for (const jump of [-86_400, 86_400, -7200, 30 * 86_400, -30 * 86_400, 3700, -3700, -1, 61, -61]) {
      clock.set(jump);
      for (const passed of [0, 1800, 1801, 3599, 10]) {
        clock.pass(passed);
        const before = host.requests.length;
        await source.token();
        const made = host.requests.length - before;
        assert.ok(made <= 1, `${made} exchanges after a jump by ${jump} s`);
        if (made === 1) begun = clock.at.uptime;
        assert.ok(clock.at.uptime - begun < 3600, `a token of ${clock.at.uptime - begun} s after a jump by ${jump} s`);
        const again = host.requests.length;
        await source.token();
        assert.equal(host.requests.length, again, `a second exchange after a jump by ${jump} s`);
      }
    }
  });

  test("a state goes on elsewhere, also as JSON", async (t) => {
    const { clock, host, source } = played(t, {}, account);
    const { value } = await source.token();
    const state = JSON.parse(JSON.stringify({ state: source.exportState() })).state;
    const other = new TokenSource(account, { host, subjectToken: () => "another proof" });
    const before = host.requests.length;
    assert.equal(other.importState(state), true);
    assert.equal((await other.token()).value, value);
    assert.equal(host.requests.length, before);
    // By another way it is the same state.
    assert.equal(source.importState(other.exportState()), true);
    clock.pass(3600);
    assert.notEqual((await other.token()).value, value);
    // What has ended meanwhile is not used.
    const late = new TokenSource(account, { host, subjectToken: "proof" });
    assert.equal(late.importState(state), true);
    assert.notEqual((await late.token()).value, value);
    assert.equal((await source.token()).value !== value && source.importState(late.exportState()), true);
  });

  test("a state of somebody else, or none, changes nothing", async (t) => {
    const { host, source } = played(t);
    const old = await source.token();
    const others = [
      new TokenSource(account, { host, subjectToken: "proof" }),
      new TokenSource(config, { host, subjectToken: "proof", scopes: ["scope"] }),
      new TokenSource(config, { host, subjectToken: "proof", endpoints: "any" }),
    ];
    for (const other of others) {
      await other.token();
      assert.equal(source.importState(other.exportState()), false);
    }
    for (const text of ["", "{}", "[]", "null", "secret", '{"owner":5}']) assert.equal(source.importState(text), false);
    for (const none of [undefined, null, 5, {}]) assert.throws(() => source.importState(none), misuse(/^state must be a string/));
    assert.equal(await source.token(), old);
    const begun = new TokenSource(config, { host, subjectToken: "proof" });
    assert.equal(begun.importState(new TokenSource(config, { host, subjectToken: "proof" }).exportState()), true);
    assert.equal((await begun.token()).kind, "federated");
  });

  test("sources share nothing", async (t) => {
    const { host, source } = played(t);
    const other = new TokenSource(config, { host, subjectToken: "proof" });
    assert.notEqual((await source.token()).value, (await other.token()).value);
    other.free();
    assert.equal((await source.token()).value, "secret-federated-1");
  });

  test("printing a source shows no secret", async (t) => {
    const { host, source } = played(t, { awsCredentials: undefined, subjectToken: "secret-proof", actorToken: "secret-actor" }, account);
    await source.token();
    host.next = REFUSED;
    const failed = await source.refresh().catch((error) => error);
    const printed = [source, failed].flatMap((it) => [inspect(it, { showHidden: true, depth: 9 }), inspect(it, { customInspect: false }), JSON.stringify(it), `${it}`]);
    assert.doesNotMatch(printed.join("\n"), /secret/);
    assert.match(source.exportState(), /secret-account/);
  });

  test("a freed source is over, also for those who wait", async (t) => {
    const { host, source } = played(t);
    const { asked, open } = gate(host);
    const calls = [source.token(), source.token(), source.refresh(), source.fetch({ goal: "access_token" })];
    const ended = Promise.all(calls.map((call) => assert.rejects(call, misuse(/has been freed/))));
    await asked;
    source.free();
    open();
    await ended;
    for (const call of ["token", "refresh", "fetch"]) await assert.rejects(source[call]({ goal: "access_token" }), misuse(/has been freed/));
    assert.throws(() => source.exportState(), misuse(/has been freed/));
    assert.throws(() => source.importState(""), misuse(/has been freed/));
    source.free();
  });

  test("a host's own failures are tried again, and keep the token", async (t) => {
    const { clock, host, source } = played(t);
    const old = await source.token();
    clock.pass(STALE);
    host.next = () => { throw new HostFailure("unreachable", "gone"); };
    assert.equal(await source.token(), old);
    assert.match(host.told[0][0], /\(host_unreachable\)/);
  });
}
