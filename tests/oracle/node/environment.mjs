// The environment variables that a test lets both libraries see.

/** Removes what the machine has of AWS, Google and proxies, and sets `values` until the test ends. */
export function useEnvironment(t, values = {}) {
  const before = { ...process.env };
  for (const name of Object.keys(before)) {
    if (/^(AWS|GOOGLE|CLOUDSDK|GCLOUD)_|_proxy$/i.test(name)) delete process.env[name];
  }
  Object.assign(process.env, values);
  t.after(() => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  });
}

/** Role credentials of the metadata service as environment variables. */
export function keysOf(credentials, region = "us-east-1") {
  return {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: credentials.Token,
  };
}
