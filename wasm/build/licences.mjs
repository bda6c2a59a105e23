// The licences of the project, which each npm package carries.

import { copyFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../../", import.meta.url);

/** Copies them into `folder`. */
export function copyLicences(folder) {
  for (const name of ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(new URL(name, root), join(folder, name));
}
