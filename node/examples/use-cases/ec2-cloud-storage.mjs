// Sync and backup: a program on EC2 copies a folder to a bucket of Cloud Storage.
// A file is sent if the bucket lacks it, or holds another content under its name. Nothing is deleted.
//
// Needs
//   on AWS      an instance profile with a role; the role needs no policy
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/storage.objectAdmin on the bucket
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run
//   node ec2-cloud-storage.mjs /var/backups my-bucket

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://storage.googleapis.com";

async function sync(folder, bucket) {
  const token = await fetchToken(CredentialConfig.fromEnv());
  const there = await checksums(bucket, token);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const name = relative(folder, path).split(sep).join("/");
    const content = await readFile(path);
    if (there.get(name) === createHash("md5").update(content).digest("base64")) continue;
    const upload = `${API}/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`;
    await call("POST", upload, token, content);
    console.log("sent", name);
  }
}

/** The MD5 of every object, as Cloud Storage gives it; objects that were composed of others have none. */
async function checksums(bucket, token) {
  const found = new Map();
  let pageToken = "";
  do {
    const query = `fields=nextPageToken,items(name,md5Hash)&pageToken=${encodeURIComponent(pageToken)}`;
    const page = await call("GET", `${API}/storage/v1/b/${bucket}/o?${query}`, token);
    for (const { name, md5Hash } of page.items ?? []) found.set(name, md5Hash);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return found;
}

async function call(method, url, token, body) {
  const headers = { authorization: `Bearer ${token.value}`, "content-type": "application/octet-stream" };
  const response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

await sync(process.argv[2], process.argv[3]);
