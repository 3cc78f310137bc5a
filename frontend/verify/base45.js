// base45 (RFC 9285): three characters for two bytes, two for a last single one.
import { Malformed } from "./malformed.js";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function decode(text) {
  const digits = Array.from(text, (character) => ALPHABET.indexOf(character));
  if (digits.includes(-1)) throw new Malformed("certificate: not base45");
  if (digits.length % 3 === 1) throw new Malformed("certificate: its base45 is cut off");
  const bytes = [];
  for (let at = 0; at < digits.length; at += 3) {
    const [low, middle, high] = digits.slice(at, at + 3);
    const value = low + 45 * middle + (high === undefined ? 0 : 2025 * high);
    if (value > (high === undefined ? 0xff : 0xffff)) {
      throw new Malformed("certificate: a group of base45 is too large");
    }
    if (high !== undefined) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
