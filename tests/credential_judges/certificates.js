// EU certificates: read by dcc-utils, the toolkit of Italy's verifier, and made of the libraries
// beneath it, since it only reads.
"use strict";

const zlib = require("zlib");
const base45 = require("base45");
const cbor = require("cbor");
const cose = require("cose-js");
const { DCC } = require("dcc-utils");

module.exports = {
  // A certificate by its text, and whether the key in a signer's certificate (PEM) signed it.
  async "dcc.read"({ text, signer }) {
    const code = await DCC.fromRaw(text);
    let signed = true;
    try {
      await code.checkSignatureWithCertificate(signer);
    } catch {
      signed = false;
    }
    return { kid: code.kid, payload: code.payload, signed };
  },

  // A certificate of a content, made there; the key's numbers are in hexadecimal.
  async "dcc.write"({ algorithm, kid, unprotected, key, issuer, issued, expires, payload }) {
    const claims = new Map([
      [1, issuer],
      [4, expires],
      [6, issued],
      [-260, new Map([[1, payload]])],
    ]);
    const named = { kid: Buffer.from(kid, "base64") };
    const headers = unprotected
      ? { p: { alg: algorithm }, u: named }
      : { p: { alg: algorithm, ...named }, u: {} };
    const numbers = Object.entries(key).map(([name, hex]) => [name, Buffer.from(hex, "hex")]);
    const signer = { key: Object.fromEntries(numbers) };
    const message = await cose.sign.create(headers, cbor.encode(claims), signer);
    return { text: `HC1:${base45.encode(zlib.deflateSync(message))}` };
  },
};
