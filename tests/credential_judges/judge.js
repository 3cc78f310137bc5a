// Read one question a line, write one answer a line: {"to": "shc.read", ...} and so on.
// An answer is {"error": name} where a library refuses.
"use strict";

const readline = require("readline");
const { Directory, SHCIssuer, SHCReader } = require("kill-the-clipboard");

const answers = {
  // A card by its digits, with the issuer's keys and lists of revocations; answers the bundle.
  async "shc.read"({ numeric, issuer, keys, crls }) {
    const issuerDirectory = Directory.fromJSON({ issuerInfo: [{ issuer: { iss: issuer }, keys, crls }] });
    const card = await new SHCReader({ issuerDirectory }).fromQRNumeric([numeric]);
    return { bundle: await card.asBundle() };
  },

  // The same from a .smart-health-card file.
  async "shc.readFile"({ file, issuer, keys, crls }) {
    const issuerDirectory = Directory.fromJSON({ issuerInfo: [{ issuer: { iss: issuer }, keys, crls }] });
    const card = await new SHCReader({ issuerDirectory }).fromFileContent(file);
    return { bundle: await card.asBundle() };
  },

  // A card of a bundle, made there; seconds may be negative, for one that has expired.
  async "shc.write"({ bundle, issuer, privateKey, publicKey, seconds, rid }) {
    const made = new SHCIssuer({ issuer, privateKey, publicKey, expirationTime: seconds ?? null });
    const card = await made.issue(bundle, rid ? { rid } : {});
    return { jws: card.asJWS(), numeric: card.asQRNumeric(), file: await card.asFileContent() };
  },

  ...require("./certificates"),
  ...require("./links"),
};

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    let answer;
    try {
      answer = await answers[question.to](question);
    } catch (error) {
      answer = { error: error.name, message: error.message };
    }
    console.log(JSON.stringify(answer));
  }
}

main();
