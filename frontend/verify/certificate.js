// EU certificates (HCERT): one read without believing it, by the rules of the server's reader.
import { encode } from "cborg";

import * as base45 from "./base45.js";
import * as cbor from "./cbor.js";
import { eventOf } from "./event.js";
import { inflate } from "./inflate.js";
import { Malformed } from "./malformed.js";

export const PREFIX = "HC1:";

const LONGEST_TEXT = 4296;
const LONGEST_MESSAGE = 16 * 1024;
const LONGEST_KID = 64;
const SIGNATURE_BYTES = 64;
const [ALG, CRIT, KID] = [1, 2, 4];
const ALGORITHMS = new Map([
  [-7, "ES256"],
  [-37, "PS256"],
]);
const [ISSUER, EXPIRES, NOT_BEFORE, ISSUED, HEALTH, DCC] = [1, 4, 5, 6, -260, 1];
const EARLIEST = -62135596800; // the year 1, in seconds since 1970
const LATEST = 253402300799; // the end of the year 9999

export async function read(text) {
  if (text.length > LONGEST_TEXT) {
    throw new Malformed("certificate: longer than a QR code holds");
  }
  const packed = base45.decode(text.slice(PREFIX.length));
  const message = parts(await inflate(packed, "deflate", LONGEST_MESSAGE, "certificate"));
  return { statement: statementOf(cbor.decode(message.payload, "payload")), ...message.code };
}

function parts(bytes) {
  let message = cbor.decode(bytes, "message");
  for (const tag of [cbor.TOKEN, cbor.SIGN1]) {
    if (message instanceof cbor.Tag && message.number === tag) message = message.content;
  }
  if (!Array.isArray(message) || message.length !== 4) {
    throw new Malformed("message: not a COSE_Sign1 of four parts");
  }
  const [header, unprotected, payload, signature] = message;
  if (![header, payload, signature].every((part) => part instanceof Uint8Array)) {
    throw new Malformed("message: headers, payload and signature must be bytes");
  }
  const signedHeader = cbor.decode(header, "protected header");
  if (!(signedHeader instanceof Map) || !(unprotected instanceof Map)) {
    throw new Malformed("message: a header is no map");
  }
  if (signedHeader.has(CRIT) || unprotected.has(CRIT)) {
    throw new Malformed("message: it asks for an extension");
  }
  const algorithm = ALGORITHMS.get(signedHeader.get(ALG));
  if (!algorithm) throw new Malformed("protected header: neither ES256 nor PS256");
  if (algorithm === "ES256" && signature.length !== SIGNATURE_BYTES) {
    throw new Malformed("signature: not the 64 bytes of r and s");
  }
  const kid = signedHeader.has(KID) ? signedHeader.get(KID) : unprotected.get(KID);
  if (!(kid instanceof Uint8Array) || !kid.length || kid.length > LONGEST_KID) {
    throw new Malformed("message: it does not say which key signed it");
  }
  const signed = encode(["Signature1", header, new Uint8Array(), payload]);
  const shownKid = btoa(String.fromCharCode(...kid));
  return { payload, code: { kid: shownKid, algorithm, signed, signature } };
}

function statementOf(claims) {
  if (!(claims instanceof Map)) throw new Malformed("payload: no map of claims");
  const issuedAt = instant(claims, ISSUED);
  const health = claims.get(HEALTH);
  const event = eventOf(health instanceof Map ? health.get(DCC) : undefined);
  const issuer = claims.get(ISSUER);
  if (!cbor.absent(issuer) && typeof issuer !== "string") {
    throw new Malformed("claim 1: the issuer must be a text");
  }
  return {
    format: "dcc",
    kind: event.kind,
    issuer: issuer ?? event.country,
    identifier: event.identifier,
    person: event.person,
    doses: event.doses,
    details: event.details,
    issuedAt,
    notBefore: claims.has(NOT_BEFORE) ? instant(claims, NOT_BEFORE) : issuedAt,
    expiresAt: instant(claims, EXPIRES),
  };
}

// Returns milliseconds since 1970, as `Date` counts.
function instant(claims, label) {
  const claim = claims.get(label);
  const seconds = claim instanceof cbor.Float ? claim.value : claim;
  if (typeof seconds !== "number" || !(seconds >= EARLIEST && seconds < LATEST + 1)) {
    throw new Malformed(`claim ${label}: not a time in seconds`);
  }
  return seconds * 1000;
}
