// base64url in its one canonical form (RFC 7515, appendix C).
import { Malformed } from "./malformed.js";

export function encode(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// `atob` forgives blanks, padding and spare bits, which gives one text many spellings.
export function decode(text, what) {
  let bytes = new Uint8Array();
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    // Told below, like every other spelling that `encode` would not have written.
  }
  if (!text || encode(bytes) !== text) throw new Malformed(`${what}: not canonical base64url`);
  return bytes;
}
