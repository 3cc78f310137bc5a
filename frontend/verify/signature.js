// Whether a key made a code's signature. The key's kind fixes the algorithm; a code chooses none.
const PINNED = {
  ES256: {
    kty: "EC",
    load: { name: "ECDSA", namedCurve: "P-256" },
    verify: { name: "ECDSA", hash: "SHA-256" },
  },
  PS256: {
    kty: "RSA",
    load: { name: "RSA-PSS", hash: "SHA-256" },
    verify: { name: "RSA-PSS", saltLength: 32 },
  },
};
const SMALLEST_RSA = 2048; // bits
const ES256_BYTES = 64; // r and s

export async function signedBy(code, jwk) {
  const pinned = PINNED[code.algorithm];
  if (!pinned || pinned.kty !== jwk.kty) return false;
  if (code.algorithm === "ES256" && code.signature.length !== ES256_BYTES) return false;
  const point = jwk.kty === "EC" ? { crv: jwk.crv, x: jwk.x, y: jwk.y } : { n: jwk.n, e: jwk.e };
  try {
    const bare = { kty: jwk.kty, ...point };
    const key = await crypto.subtle.importKey("jwk", bare, pinned.load, false, ["verify"]);
    if (jwk.kty === "RSA" && key.algorithm.modulusLength < SMALLEST_RSA) return false;
    return await crypto.subtle.verify(pinned.verify, key, code.signature, code.signed);
  } catch {
    return false; // no key of that kind, such as a point beside the curve
  }
}
