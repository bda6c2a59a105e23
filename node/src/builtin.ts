import { createRequire } from "node:module";

declare const __filename: string | undefined;

/** This file's path or URL. Bundles may have neither. */
const here = typeof __filename === "string" ? __filename : import.meta.url;

// What loading costs is paid by the first use: an HTTPS client takes longer to load than all of this package.
let load: NodeRequire | undefined;

/** Loads a module when it is needed, out of sight of bundlers: a part of Node, or an addon by its path. */
export function lazy<T>(name: string): T {
  load ??= createRequire(here ?? `${process.cwd()}/`);
  return load(name) as T;
}

/** The path or URL of the file that this code is in. */
export function ownLocation(): string | undefined {
  return here;
}
