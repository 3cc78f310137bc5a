// SMART Health Cards 1.4: a card read without believing it, by the rules of the server's reader.
import * as base64url from "./base64url.js";
import * as bundle from "./bundle.js";
import { inflate } from "./inflate.js";
import { Malformed } from "./malformed.js";
import * as strictJson from "./strict_json.js";

export const PREFIX = "shc:/";

const HEALTH_CARD = "https://smarthealth.cards#health-card";
const LOWEST = "-".charCodeAt(0);
const LARGEST_PAIR = "z".charCodeAt(0) - LOWEST;
const MOST_CHARACTERS = 1_000_000;
const MOST_BYTES = 2_000_000;
const SIGNATURE_BYTES = 64;
const CHUNK = /^shc:\/([1-9][0-9]?)\/([1-9][0-9]?)\/([0-9]+)$/;
const ISSUER = /^https?:\/\/[^\s/?#]+[^\s?#]*$/;
const RID = /^[A-Za-z0-9_-]{1,24}$/;
const FHIR_VERSION = /^[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?$/;
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

// Takes `shc:/` with digits, all chunks of a card, or a compact JWS.
export async function read(text) {
  const parts = jwsOf(text).split(".");
  if (parts.length !== 3 || !/^[ -~]*$/.test(parts.join(""))) {
    throw new Malformed("card: neither shc:/ with digits nor a compact JWS of three parts");
  }
  const [header, payload, signature] = parts;
  const kid = kidOf(strictJson.load(base64url.decode(header, "header"), "header"));
  const signatureBytes = base64url.decode(signature, "signature");
  if (signatureBytes.length !== SIGNATURE_BYTES) {
    throw new Malformed("signature: not the 64 bytes of r and s");
  }
  const deflated = base64url.decode(payload, "payload");
  const json = await inflate(deflated, "deflate-raw", MOST_BYTES, "payload");
  return {
    statement: statementOf(strictJson.load(json, "payload")),
    kid,
    algorithm: "ES256",
    signed: new TextEncoder().encode(`${header}.${payload}`),
    signature: signatureBytes,
  };
}

function jwsOf(text) {
  if (text.length > 2 * MOST_CHARACTERS) throw new Malformed("card: too long");
  if (!text.startsWith(PREFIX)) {
    if (text.length > MOST_CHARACTERS) throw new Malformed("card: too long");
    return text;
  }
  const rest = text.slice(PREFIX.length);
  const digits = rest.includes("/") ? joined(text.split(/\s+/)) : rest;
  if (!/^([0-9]{2})+$/.test(digits)) {
    throw new Malformed("card: after shc:/ stands something else than pairs of digits");
  }
  let jws = "";
  for (let at = 0; at < digits.length; at += 2) {
    const pair = Number(digits.slice(at, at + 2));
    if (pair > LARGEST_PAIR) throw new Malformed(`card: a pair of digits is above ${LARGEST_PAIR}`);
    jws += String.fromCharCode(LOWEST + pair);
  }
  return jws;
}

function joined(texts) {
  const digits = new Map();
  const totals = new Set();
  for (const text of texts) {
    const chunk = CHUNK.exec(text);
    if (!chunk || digits.has(Number(chunk[1]))) {
      throw new Malformed("card: not the chunks shc:/C/N/ of one card, each once");
    }
    digits.set(Number(chunk[1]), chunk[3]);
    totals.add(Number(chunk[2]));
  }
  const numbers = [...digits.keys()].sort((one, other) => one - other);
  if (totals.size !== 1 || !totals.has(digits.size) || numbers.at(-1) !== digits.size) {
    throw new Malformed("card: one of several codes, a deprecated form; give all of them together");
  }
  return numbers.map((number) => digits.get(number)).join("");
}

function kidOf(header) {
  if (header.alg !== "ES256") throw new Malformed("header: alg is not ES256");
  if (header.zip !== "DEF") throw new Malformed("header: zip is not DEF");
  if (Object.hasOwn(header, "crit")) throw new Malformed("header: crit asks for an extension");
  if (typeof header.kid !== "string" || !header.kid) throw new Malformed("header: kid is no text");
  return header.kid;
}

function statementOf(payload) {
  if (typeof payload.iss !== "string" || !ISSUER.test(payload.iss)) {
    throw new Malformed("iss: not the URL of an issuer");
  }
  const credential = object(payload, "vc");
  if (!Array.isArray(credential.type) || !credential.type.includes(HEALTH_CARD)) {
    throw new Malformed("vc.type: not a health card");
  }
  const subject = object(credential, "credentialSubject");
  if (typeof subject.fhirVersion !== "string" || !FHIR_VERSION.test(subject.fhirVersion)) {
    throw new Malformed("fhirVersion: not the number of a version");
  }
  const contents = bundle.read(object(subject, "fhirBundle"));
  const notBefore = instant(payload.nbf, "nbf");
  return {
    format: "shc",
    kind: contents.doses.length ? "vaccination" : "test",
    issuer: payload.iss,
    identifier: ridOf(credential),
    person: contents.person,
    doses: contents.doses,
    details: contents.details,
    issuedAt: notBefore,
    notBefore,
    expiresAt: Object.hasOwn(payload, "exp") ? instant(payload.exp, "exp") : null,
  };
}

function object(holder, name) {
  if (!strictJson.isObject(holder[name])) throw new Malformed(`${name}: not there, or no object`);
  return holder[name];
}

function ridOf(credential) {
  if (!Object.hasOwn(credential, "rid")) return "";
  if (typeof credential.rid !== "string" || !RID.test(credential.rid)) {
    throw new Malformed("vc.rid: not up to 24 characters of base64url");
  }
  return credential.rid;
}

// Returns milliseconds since 1970, as `Date` counts.
function instant(seconds, name) {
  if (typeof seconds !== "number" || seconds < 0) {
    throw new Malformed(`${name}: not a number of seconds since 1970`);
  }
  if (seconds * 1000 > LATEST) throw new Malformed(`${name}: beyond the year 9999`);
  return seconds * 1000;
}
