// Replays tests/vectors/token-source, call by call, by way of a host that answers what is written down.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { stoppedClocks } from "./played.mjs";
import { goalOf, hostReply, options, wire, wireError, wireOutcome, wireToken } from "./vector-texts.mjs";

const folder = new URL("../../../tests/vectors/token-source/", import.meta.url);

/** One test per vector. */
export function runTokenSourceVectors(api) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
  assert.ok(files.length >= 15, "the vectors are missing");
  for (const file of files) {
    const vector = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    test(`token-source/${vector.name}`, (t) => runTokenSourceVector(t, api, vector));
  }
}

export async function runTokenSourceVector(t, api, vector) {
  const { at: clocks } = stoppedClocks(t);
  const played = playedHost(api, clocks);
  const begin = (own = {}) => new api.TokenSource(vector.config, {
    ...options({ ...vector.options, ...own }), goal: goalOf(vector.goal), host: played.host, ...played.listeners,
  });
  let source = begin();
  for (const [number, call] of vector.calls.entries()) {
    const name = `call ${number} (${call.call})`;
    [clocks.now, clocks.uptime] = [call.now, call.uptime];
    played.expect(call.exchanges);
    let result;
    try {
      if (call.call === "import") {
        const state = source.exportState();
        source.free();
        source = begin(call.options);
        result = { imported: source.importState(state) };
      } else if (call.call === "fetch") {
        result = { outcome: wireOutcome(await source.fetch(goalOf(call.goal))) };
      } else {
        result = { token: wireToken(await source[call.call]()) };
      }
    } catch (error) {
      if (!(error instanceof api.SanskeyError)) throw error;
      played.seen(error);
      assert.ok(error.message && error.hint, name);
      result = { error: wireError(error) };
    }
    played.seen(source, result.error);
    assert.deepEqual(result, call.result, name);
    assert.deepEqual(played.asked(), call.exchanges.map((steps) => steps.map(({ ask_id }) => ask_id)), name);
  }
  source.free();
  for (const secret of vector.secrets) assert.ok(!played.printed().includes(secret), "a secret was printed");
}

/** Answers what is written down, and keeps which asks there were, by exchange, and all that could be printed. */
function playedHost({ HostFailure }, clocks) {
  let left = [];
  let asked = [[]];
  const printed = [];
  const seen = (...all) => {
    for (const it of all) printed.push(inspect(it, { showHidden: true, depth: 9 }), inspect(it, { customInspect: false, depth: 9 }), `${it}`, JSON.stringify(it));
  };
  const answer = (matches) => {
    const step = left.shift();
    assert.ok(step, "the host was asked too much");
    matches(step.ask);
    const reply = hostReply(step.reply, HostFailure);
    if (reply instanceof HostFailure) throw reply;
    return reply;
  };
  const host = {
    http: (request) => (seen(request), answer((ask) => assert.deepEqual(withoutClient(wire(request)), ask))),
    readEnv: (names) => answer((ask) => assert.deepEqual([ask.action, names], ["read_env", ask.names])),
    readFile: (path) => answer((ask) => assert.deepEqual([ask.action, path], ["read_file", ask.path])),
    runCommand: (command) => (seen(command), answer((ask) => assert.deepEqual(wire(command), ask))),
    wait: (ms) => {
      [clocks.now, clocks.uptime] = [clocks.now + ms / 1000, clocks.uptime + ms / 1000];
      answer((ask) => assert.deepEqual([ask.action, ms], ["wait", ask.duration_ms]));
    },
    warn: (...told) => seen(told),
  };
  const listeners = {
    onStep: (report) => (seen(report), asked.at(-1).push(report.askId)),
    onExchange: (report) => (seen(report), asked.push([])),
  };
  const expect = (exchanges) => ([left, asked] = [exchanges.flat(), [[]]]);
  return { host, listeners, expect, seen, asked: () => asked.slice(0, -1), printed: () => printed.join("\n") };
}

/** The package for Node says what asks; the vectors do not. */
const withoutClient = (request) => ({ ...request, headers: request.headers.filter(([name]) => name !== "x-goog-api-client") });
