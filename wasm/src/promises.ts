/** Promises that are waited for together, or not to their end. */

import { sleep } from "./sleep.js";

/** What comes of `work`; or the signal's reason, as soon as it is aborted. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
  });
  // Beginning the work may have aborted it.
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** The same; undefined if it takes longer than `ms` milliseconds. */
export async function within<T>(ms: number, signal: AbortSignal | undefined, work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await unlessAborted(signal, Promise.race([work, sleep(ms, over.signal) as Promise<undefined>]));
  } finally {
    // The timer would keep the process alive.
    over.abort();
  }
}

type Results<T extends readonly unknown[]> = { -readonly [I in keyof T]: Awaited<T[I]> };

/** All results, or the error of the first one in the list that failed, however they came in. */
export async function settledInOrder<T extends readonly unknown[]>(promises: T): Promise<Results<T>> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  }) as Results<T>;
}
