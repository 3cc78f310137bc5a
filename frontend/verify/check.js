// Checks a code against a trust bundle: the rules and the order of outcomes of the server.
import * as base64url from "./base64url.js";
import * as card from "./card.js";
import * as certificate from "./certificate.js";
import { Malformed } from "./malformed.js";
import { signedBy } from "./signature.js";

const LEEWAY = 60_000; // clocks differ: so many milliseconds of the future still count as now

// Returns {outcome, reason, statement, issuerName, checkedAt, recalled}. Without a signature that
// holds there is no statement: nothing of the content is shown.
export async function check(text, bundle, at = Date.now()) {
  let code;
  try {
    code = await read(text.trim());
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { outcome: "malformed", reason: error.message, statement: null };
  }
  const candidates = keysOf(code, bundle);
  if (!candidates.length) {
    const gone = await isRevokedWithoutKey(code, bundle);
    return { outcome: gone ? "revoked" : "unknown-issuer", reason: "", statement: null };
  }
  const fits = await Promise.all(candidates.map(({ key }) => signedBy(code, key.jwk)));
  const signers = candidates.filter((_, index) => fits[index]);
  if (!signers.length) return { outcome: "tampered", reason: "", statement: null };
  const signer = signers.find(({ key }) => key.kinds.includes(code.statement.kind));
  if (!signer) return { outcome: "unknown-issuer", reason: "", statement: null };
  const { issuer, key } = signer;
  return {
    outcome: await outcomeOf(code.statement, issuer, key.kid, at),
    reason: "",
    statement: code.statement,
    issuerName: issuer.name || issuer.identifier,
    checkedAt: issuer.checked_at,
    recalled: await isListed(issuer.recalled?.[key.kid], code.statement),
  };
}

function read(text) {
  if (text.startsWith(certificate.PREFIX)) return certificate.read(text);
  if (text.startsWith(card.PREFIX) || text.startsWith("ey")) return card.read(text);
  if (text.slice(0, 2000).includes("shlink:/")) {
    throw new Malformed("This is a link to a shared record, not a signed code. Open the link.");
  }
  throw new Malformed("This is neither a SMART Health Card (shc:/) nor an EU certificate (HC1:).");
}

// A card names its issuer. A certificate names a key and, if at all, a country: the key decides.
function keysOf({ statement, kid }, bundle) {
  return bundle.issuers
    .filter((issuer) => issuer.format === statement.format)
    .filter((issuer) => statement.format === "dcc" || issuer.identifier === statement.issuer)
    .flatMap((issuer) => issuer.keys.map((key) => ({ issuer, key })))
    .filter(({ key }) => key.kid === kid);
}

async function outcomeOf(said, issuer, kid, at) {
  const begins = said.notBefore ?? said.issuedAt;
  if (await isListed(issuer.revoked[kid], said)) return "revoked";
  if (begins !== null && begins > at + LEEWAY) return "not-yet-valid";
  if (said.expiresAt !== null && at >= said.expiresAt) return "expired";
  return "valid";
}

// A key that leaked is gone, and its codes are withdrawn.
async function isRevokedWithoutKey({ statement, kid }, bundle) {
  const { format, issuer } = statement;
  const lists = bundle.issuers
    .filter((one) => one.format === format)
    .filter((one) => one.identifier === issuer || (format === "dcc" && one.own))
    .map((one) => isListed(one.revoked[kid], statement));
  return (await Promise.all(lists)).includes(true);
}

async function isListed(names, { format, identifier, notBefore, issuedAt }) {
  if (!names || !identifier) return false;
  if (format === "dcc") return names.includes(await digestOf(identifier));
  const begins = notBefore ?? issuedAt;
  return names.some((name) => {
    const [rid, before] = name.split(".");
    return rid === identifier && (!before || begins === null || begins < 1000 * Number(before));
  });
}

async function digestOf(identifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(identifier));
  return base64url.encode(new Uint8Array(digest));
}
