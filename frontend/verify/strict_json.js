// JSON with one meaning: UTF-8, no key twice, finite numbers, bounded depth (RFC 8259, RFC 7493).
import { decode } from "cborg/json";

import { Malformed } from "./malformed.js";

const DEEPEST = 254; // containers within each other, as at the server

export function load(bytes, what) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    check(value, 0);
    // JSON.parse keeps the last of several members of one name; this reader refuses them.
    decode(bytes, { rejectDuplicateMapKeys: true, allowBigInt: true });
  } catch {
    throw new Malformed(`${what}: not JSON in UTF-8, a key twice, or nested too deeply`);
  }
  if (!isObject(value)) throw new Malformed(`${what}: not a JSON object`);
  return value;
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function check(value, depth) {
  if (typeof value === "string" && !value.isWellFormed()) throw new RangeError("surrogate");
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("number");
  if (typeof value !== "object" || value === null) return;
  if (depth >= DEEPEST) throw new RangeError("depth");
  for (const [key, member] of Object.entries(value)) {
    check(key, depth);
    check(member, depth + 1);
  }
}
