// Between the vectors, which are in the core's JSON (snake_case), and the public API.

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const renamed = (object, rename) => Object.fromEntries(Object.entries(object).map(([name, value]) => [rename(name), value]));

/** An ask, a request or a configuration, as the vectors write it. */
export const wire = ({ unixSocket, step, attempt, ...value }) => {
  const certificate = value.clientCertificate;
  const members = { ...value, ...(certificate && { clientCertificate: renamed(certificate, snake) }) };
  // A first try is named as its step, and the core does not say so.
  const isFirst = step === undefined || (step === value.id && attempt === 1);
  return renamed({ ...members, ...(!isFirst && { step, attempt }), ...(unixSocket != null && { unixSocket }) }, snake);
};

export const wireToken = ({ value, expiresAt, kind, refreshToken }) => ({
  value, expires_at: expiresAt / 1000, kind, ...(refreshToken !== null && { refresh_token: refreshToken }),
});

const wireTime = (time) => time && time / 1000;
const wireTokenInfo = ({ expiresAt, issuedAt, ...others }) =>
  renamed({ ...others, expiresAt: wireTime(expiresAt), issuedAt: wireTime(issuedAt) }, snake);

export const wireOutcome = ({ goal, token, tokenInfo, signature, expiresAt, ...others }) => ({
  goal,
  ...(token && { token: wireToken(token) }),
  ...(tokenInfo && { token_info: wireTokenInfo(tokenInfo) }),
  ...(signature && { signature: Buffer.from(signature).toString("base64") }),
  ...(expiresAt && { expires_at: wireTime(expiresAt) }),
  ...renamed(others, snake),
});

/** What a subject token says. */
export const wireDescription = wireTokenInfo;

/** A goal as the vectors write it, as a caller does. */
export const goalOf = ({ payload, expires_in, ...goal }) => ({
  ...camel(goal),
  ...(payload !== undefined && { payload: new Uint8Array(Buffer.from(payload, "base64")) }),
  ...(expires_in !== undefined && { expiresInSeconds: expires_in }),
});

const FIELDS = ["code", "fault", "stage", "field", "askId", "status", "retryable", "error", "errorDescription"];
export const wireError = (error) => Object.fromEntries(FIELDS.map((name) => [snake(name), error[name] ?? null]));

/** The parameters of a function: null is absent. */
export const camel = (params) => Object.fromEntries(Object.entries(params)
  .map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value ?? undefined]));

export const credentials = (params) => (params ? camel(params) : undefined);

/** The source of a new configuration: its name, where nothing else is said. */
export const source = ({ kind, ...settings }) => (Object.keys(settings).length === 0
  ? kind
  : { kind, ...renamed(camel(settings), (name) => name.replace(/Millis$/, "Ms")) });

export const configText = ({ config, config_text }) => config_text ?? JSON.stringify(config);

const isRecord = (value) => value instanceof Object && !Array.isArray(value);

export const options = ({ aws_assume_role, ...others }) => ({
  ...camel(Object.fromEntries(Object.entries(others).map(([name, value]) => [name, isRecord(value) ? camel(value) : value]))),
  awsAssumeRole: aws_assume_role?.map(camel),
});

/** What a host method would have returned or thrown. */
export function hostReply(reply, HostFailure) {
  const { body, body_repeat: [part, times] = [] } = reply;
  switch (reply.reply) {
    case "http_response": return { status: reply.status, headers: reply.headers, body: body ?? part.repeat(times) };
    case "env": return reply.values;
    case "file": return reply.content;
    case "command_output": return { exitCode: reply.exit_code, stdout: reply.stdout, stderr: reply.stderr };
    case "waited": return undefined;
    case "failed": return new HostFailure(reply.kind, reply.message);
    default: throw new Error(`a vector has the reply ${reply.reply}`);
  }
}
