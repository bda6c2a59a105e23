// Strict TypeScript takes the clients for those of Google's libraries, versions 9 and 10.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { complaints } from "../../../wasm/test/support/compile.mjs";

const node = fileURLToPath(new URL("../../../node", import.meta.url));
const installed = fileURLToPath(new URL("../node_modules", import.meta.url));
const user = join(node, "test/types/user-google.ts");

for (const [version, library] of [["9", "google-auth-library-9"], ["10", "google-auth-library"]]) {
  test(`strict TypeScript has nothing to complain about: google-auth-library ${version}`, (t) => {
    const others = [
      ["google-auth-library", join(installed, library)],
      ["@google-cloud/storage", join(installed, "@google-cloud/storage")],
    ];
    const options = { module: "node16", moduleResolution: "node16", lib: ["ES2022"], types: ["node"], skipLibCheck: true };
    assert.equal(complaints(t, node, "sanskey", { "user.mts": user }, options, others), "");
  });
}
