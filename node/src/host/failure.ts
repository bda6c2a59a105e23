import { HostFailure, type HostFailureKind } from "../../../wasm/src/errors.js";

const KINDS: Readonly<Record<string, HostFailureKind>> = {
  EACCES: "denied",
  EPERM: "denied",
  ETIMEDOUT: "timeout",
  EADDRNOTAVAIL: "unreachable",
  EAI_AGAIN: "unreachable",
  EAI_FAIL: "unreachable",
  EAI_NODATA: "unreachable",
  EAI_NONAME: "unreachable",
  ECONNABORTED: "unreachable",
  ECONNREFUSED: "unreachable",
  ECONNRESET: "unreachable",
  EHOSTDOWN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETDOWN: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "unreachable",
  EPIPE: "unreachable",
};

/** What an error of the operating system means for the exchange. */
export function failureOf(thrown: unknown, doing: string): HostFailure {
  if (thrown instanceof HostFailure) return thrown;
  const { code, message, errors } = thrown as NodeJS.ErrnoException & { errors?: unknown[] };
  // A name with several addresses fails with all their errors.
  if (Array.isArray(errors) && errors.length > 0 && !message) return failureOf(errors[0], doing);
  return new HostFailure((code && KINDS[code]) || "other", `${doing}: ${message}`);
}
