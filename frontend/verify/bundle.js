// What the FHIR R4 bundle of a card says; only what is shown is looked at, by FHIR's rules.
import { Malformed } from "./malformed.js";
import { isObject } from "./strict_json.js";

const CVX = "http://hl7.org/fhir/sid/cvx";
const STATUSES = ["completed", "entered-in-error", "not-done"];
const BUNDLE_TYPES = [
  ...["batch", "batch-response", "collection", "document", "history", "message", "searchset"],
  ...["transaction", "transaction-response"],
];
const NAME_USES = ["official", "usual"]; // of several names, the one that a passport would show
const DATE = /^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$/;
const TIME = /^T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$/;

export function read(bundle) {
  if (bundle.resourceType !== "Bundle" || !BUNDLE_TYPES.includes(bundle.type)) {
    throw new Malformed("fhirBundle: not a Bundle of a type that FHIR has");
  }
  const resources = objects(bundle, "entry").map((entry) => child(entry, "resource"));
  const all = (type) => resources.filter((resource) => text(resource, "resourceType") === type);
  const patients = all("Patient");
  if (patients.length !== 1) throw new Malformed("fhirBundle: not about exactly one patient");
  const doses = all("Immunization").filter(isGiven).map(dose);
  const details = all("Observation").flatMap(result);
  if (!doses.length && !details.length) {
    throw new Malformed("fhirBundle: no completed immunization and no test result");
  }
  return { person: person(patients[0]), doses, details };
}

// Refuse what is no day of the calendar, month or year.
export function checkDate(written, what) {
  const day = written + "0001-01-01".slice(written.length);
  const parsed = new Date(`${day}T00:00:00Z`);
  if (
    !DATE.test(written) ||
    day.startsWith("0000") ||
    Number.isNaN(parsed.getTime()) ||
    parsed.toISOString().slice(0, 10) !== day
  ) {
    throw new Malformed(`${what}: not a date`);
  }
}

function person(patient) {
  const names = objects(patient, "name");
  const uses = NAME_USES.map((use) => names.find((name) => name.use === use));
  const chosen = uses.find(Boolean) ?? names[0] ?? {};
  const family = text(chosen, "family");
  const given = texts(chosen, "given").join(" ");
  const birthDate = text(patient, "birthDate");
  if (birthDate) checkDate(birthDate, "birthDate");
  return {
    family: family || given ? family : text(chosen, "text"),
    given,
    familyPlain: "",
    givenPlain: "",
    birthDate,
  };
}

function isGiven(immunization) {
  const status = text(immunization, "status");
  if (!STATUSES.includes(status)) throw new Malformed("Immunization.status: not one that FHIR has");
  return status === "completed";
}

function dose(immunization) {
  const [system, vaccine] = code(child(immunization, "vaccineCode"), CVX);
  if (!vaccine) throw new Malformed("Immunization.vaccineCode: names no vaccine");
  const protocol = objects(immunization, "protocolApplied")[0] ?? {};
  const disease = objects(protocol, "targetDisease")[0] ?? {};
  const performers = objects(immunization, "performer").map((found) => child(found, "actor"));
  return {
    day: occurrence(immunization),
    vaccine,
    vaccineSystem: system,
    disease: code(disease)[1],
    product: "",
    holder: "",
    lotNumber: text(immunization, "lotNumber"),
    number: position(protocol, "doseNumberPositiveInt"),
    series: position(protocol, "seriesDosesPositiveInt"),
    country: "",
    performer: performers.map((actor) => text(actor, "display")).find(Boolean) ?? "",
  };
}

function occurrence(immunization) {
  const written = text(immunization, "occurrenceDateTime");
  if (!written) {
    const described = text(immunization, "occurrenceString");
    if (!described) throw new Malformed("Immunization.occurrence: not there");
    return described;
  }
  const [day, time] = [written.slice(0, 10), written.slice(10)];
  if (time && !TIME.test(time)) {
    throw new Malformed("Immunization.occurrenceDateTime: not a date with a time");
  }
  checkDate(day, "Immunization.occurrenceDateTime");
  return day;
}

function result(observation) {
  const quantity = child(observation, "valueQuantity");
  const amount = quantity.value;
  const performers = objects(observation, "performer").map((who) => text(who, "display"));
  const lines = {
    status: text(observation, "status"),
    code: code(child(observation, "code"))[1],
    effective: text(observation, "effectiveDateTime"),
    value:
      code(child(observation, "valueCodeableConcept"))[1] ||
      text(observation, "valueString") ||
      (typeof amount === "number" ? `${amount} ${text(quantity, "unit")}`.trim() : ""),
    performer: performers.find(Boolean) ?? "",
  };
  if (!lines.code) throw new Malformed("Observation.code: names no test");
  return Object.entries(lines).filter(([, value]) => value);
}

// System and code of a concept, of the preferred system if there; else its text.
function code(concept, prefer) {
  const codings = objects(concept, "coding").filter((coding) => text(coding, "code"));
  if (!codings.length) return ["", text(concept, "text")];
  const chosen = codings.find((coding) => coding.system === prefer) ?? codings[0];
  return [text(chosen, "system"), text(chosen, "code")];
}

function position(protocol, name) {
  const value = protocol[name] ?? null;
  if (value !== null && (!Number.isInteger(value) || value < 1)) {
    throw new Malformed(`protocolApplied.${name}: not a positive whole number`);
  }
  return value;
}

// Absent members and null are one: FHIR has no null, and nothing is shown for either.

function child(holder, name) {
  const value = holder[name] ?? {};
  if (!isObject(value)) throw new Malformed(`${name}: no object`);
  return value;
}

function objects(holder, name) {
  const values = list(holder, name);
  if (!values.every(isObject)) throw new Malformed(`${name}: not a list of objects`);
  return values;
}

function texts(holder, name) {
  const values = list(holder, name).filter((value) => value !== null);
  if (!values.every((value) => typeof value === "string")) {
    throw new Malformed(`${name}: not a list of texts`);
  }
  return values;
}

function list(holder, name) {
  const value = holder[name] ?? [];
  if (!Array.isArray(value)) throw new Malformed(`${name}: no list`);
  return value;
}

function text(holder, name) {
  const value = holder[name] ?? "";
  if (typeof value !== "string") throw new Malformed(`${name}: no text`);
  return value;
}
