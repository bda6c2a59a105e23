/**
 * Whether an error may repeat what was given as a path. It could be a key in disguise: in quotes, encoded twice, as
 * base64, or as PEM.
 */
export function mayBeRepeated(path: string): boolean {
  return path.length <= 255 && !/[\p{C}\p{Zl}\p{Zp}"'`{}]|-----/u.test(path) && !looksEncoded(path);
}

/**
 * Base64 that is longer than a word. In that of a text, slashes are rare: 40 characters without one tell it. In that
 * of a binary key they are not; but it has neither dots nor spaces, and seldom begins with a slash as paths do.
 */
function looksEncoded(path: string): boolean {
  return /[A-Za-z0-9+]{40}/.test(path) || /^[\w+-][\w+/-]{31,}={0,2}$/.test(path);
}
