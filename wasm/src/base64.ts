/** The bytes of base64 text. `atob` is in every runtime; the others are faster where they are. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
  if (fromBase64) return fromBase64.call(Uint8Array, base64);
  const { Buffer } = globalThis as { Buffer?: { from(text: string, encoding: string): Uint8Array<ArrayBuffer> } };
  if (Buffer) return Buffer.from(base64, "base64");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The base64 text of bytes. */
export function base64Of(bytes: Uint8Array): string {
  const { Buffer } = globalThis as { Buffer?: { from(bytes: Uint8Array): { toString(encoding: string): string } } };
  if (Buffer) return Buffer.from(bytes).toString("base64");
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
