// CBOR (RFC 8949) as EU certificates use it: no key twice, no unknown tag, nothing after the value.
import { decode as decodeWith, Token, Tokenizer, Type } from "cborg";

import { Malformed } from "./malformed.js";

export const SIGN1 = 18;
export const TOKEN = 61;

const DEEPEST = 16; // nested arrays, maps and tags
const DATES = [0, 1, 1004]; // tags around times and dates; what is in them is checked
const INDEFINITE_BYTES = 0x5f;
const INDEFINITE_TEXT = 0x7f;
const BREAK = 0xff;

// A number written with a fraction: JavaScript itself would take 1.0 for the label 1.
export class Float {
  constructor(value) {
    this.value = value;
  }
}

export class Tag {
  constructor(number, content) {
    this.number = number;
    this.content = content;
  }
}

// Returns maps as Map, so that labels stay numbers, and fractions as Float.
export function decode(bytes, what) {
  const tags = {};
  for (const tag of DATES) tags[tag] = (content) => content();
  for (const tag of [SIGN1, TOKEN]) tags[tag] = (content) => new Tag(tag, content());
  const options = { tags, useMaps: true, rejectDuplicateMapKeys: true, retainStringBytes: true };
  try {
    const tokenizer = new CertificateTokenizer(bytes, { ...options, allowBigInt: true });
    const value = decodeWith(bytes, { ...options, tokenizer });
    check(value, 0);
    return value;
  } catch {
    throw new Malformed(`${what}: not CBOR as certificates use it, or something follows it`);
  }
}

// Encoders write a missing member in three ways.
export const absent = (value) => value === null || value === undefined;

function check(value, depth) {
  let members = [];
  if (value instanceof Map) {
    if (![...value.keys()].every((key) => ["number", "bigint", "string"].includes(typeof key))) {
      throw new TypeError("a key that is neither a number nor a text");
    }
    members = value.values();
  } else if (Array.isArray(value)) {
    members = value;
  } else if (value instanceof Tag) {
    members = [value.content];
  } else {
    return;
  }
  if (depth >= DEEPEST) throw new RangeError("depth");
  for (const member of members) check(member, depth + 1);
}

// The library leaves out texts in pieces, forgives bad UTF-8 and does not tell fractions apart.
class CertificateTokenizer extends Tokenizer {
  next() {
    const start = this.pos();
    const first = this.data[start];
    if (first === INDEFINITE_BYTES || first === INDEFINITE_TEXT) return this.#joined(start, first);
    const token = super.next();
    if (Type.equals(token.type, Type.float)) {
      return new Token(Type.float, new Float(token.value), token.encodedLength);
    }
    if (Type.equals(token.type, Type.string)) {
      new TextDecoder("utf-8", { fatal: true }).decode(token.byteValue);
    }
    return token;
  }

  #joined(start, first) {
    const type = first === INDEFINITE_BYTES ? Type.bytes : Type.string;
    const pieces = [];
    this._pos += 1;
    while (this.data[this.pos()] !== BREAK) {
      if (this.done() || this.data[this.pos()] === first) throw new RangeError("no piece");
      const piece = this.next();
      if (!Type.equals(piece.type, type)) throw new TypeError("another piece");
      pieces.push(piece.value);
    }
    this._pos += 1;
    const value = type === Type.string ? pieces.join("") : concatenated(pieces);
    return new Token(type, value, this.pos() - start);
  }
}

function concatenated(pieces) {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
