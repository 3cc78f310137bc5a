// What an EU certificate says about a person: the DCC schema 1.3.2, by the server's rules.
import { absent, Float } from "./cbor.js";
import { Malformed } from "./malformed.js";

const LONGEST = 80;
const VERSION = /^([0-9]{1,4})\.([0-9]{1,4})\.[0-9]{1,4}$/;
const CLOCK =
  "[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)? ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?";
const BIRTH = new RegExp(`^(?:((?:19|20)[0-9]{2}(?:-[0-9]{2}){0,2})(?:${CLOCK})?)?$`);
const DAY = new RegExp(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:${CLOCK})?$`);
const MOMENT = new RegExp(`^([0-9]{4}-[0-9]{2}-[0-9]{2})${CLOCK}$`);

const isText = (value) => typeof value === "string";
const isShort = (value) => isText(value) && [...value].length <= LONGEST;
const isPlain = (value) => isShort(value) && /^[A-Z<]*$/.test(value);
const isCountry = (value) => isText(value) && /[A-Z]/.test(value);
const isCount = (value) => Number.isInteger(number(value)) && number(value) >= 1;
const isBirth = (value) => isText(value) && BIRTH.test(value);
const isOnCalendar = (form) => (value) => {
  const found = isText(value) && form.exec(value);
  if (!found || found[1].startsWith("0000")) return false;
  const day = new Date(`${found[1]}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === found[1];
};
const isDay = isOnCalendar(DAY);
const isMoment = isOnCalendar(MOMENT);

const NAMES = { fn: isShort, fnt: isPlain, gn: isShort, gnt: isPlain };
const WHERE = { co: isCountry, is: isShort, ci: isShort };
const ENTRIES = {
  v: {
    kind: "vaccination",
    members: {
      ...{ tg: isText, vp: isText, mp: isText, ma: isText },
      ...{ dn: isCount, sd: isCount, dt: isDay },
      ...WHERE,
    },
  },
  t: {
    kind: "test",
    members: {
      ...{ tg: isText, tt: isText, nm: isShort, ma: isText, sc: isMoment, tr: isText },
      ...{ tc: isShort },
      ...WHERE,
    },
  },
  r: { kind: "recovery", members: { tg: isText, fr: isDay, df: isDay, du: isDay, ...WHERE } },
};
const OPTIONAL = { t: ["nm", "ma", "tc"], nam: Object.keys(NAMES) };

export function eventOf(dcc) {
  if (!(dcc instanceof Map)) throw new Malformed("claim -260: no certificate in it");
  const version = isText(dcc.get("ver")) && VERSION.exec(dcc.get("ver"));
  if (!version) throw new Malformed("ver: not a version of the schema");
  const [group, entries] = onlyGroup(dcc);
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (entries.length > 1 && (major > 1 || (major === 1 && minor >= 3))) {
    throw new Malformed("certificate: it states more than one event");
  }
  const { kind, members } = ENTRIES[group];
  const stated = entries.map((entry) => checked(group, entry, members));
  return {
    kind,
    person: person(dcc),
    country: stated[0].co,
    identifier: stated[0].ci,
    doses: kind === "vaccination" ? stated.map(dose) : [],
    details: stated.flatMap((entry) => details(kind, entry)),
  };
}

function number(value) {
  return value instanceof Float ? value.value : value;
}

// The one group that says something; others are absent, null or empty.
function onlyGroup(dcc) {
  const groups = Object.keys(ENTRIES)
    .map((name) => [name, dcc.get(name)])
    .filter(([, entries]) => !absent(entries));
  if (!groups.every(([, entries]) => Array.isArray(entries))) {
    throw new Malformed("certificate: v, t and r must be lists");
  }
  const filled = groups.filter(([, entries]) => entries.length);
  if (filled.length !== 1) throw new Malformed("certificate: not exactly one of v, t and r");
  return filled[0];
}

function checked(name, entry, members) {
  if (!(entry instanceof Map)) throw new Malformed(`${name}: no map`);
  const values = {};
  for (const [key, holds] of Object.entries(members)) {
    let value = entry.get(key);
    if (absent(value) && OPTIONAL[name]?.includes(key)) continue;
    if (isText(value)) value = value.normalize("NFC");
    if (!holds(value)) throw new Malformed(`${name}.${key}: not as the schema has it`);
    values[key] = value;
  }
  return values;
}

function person(dcc) {
  const names = checked("nam", dcc.get("nam"), NAMES);
  if (absent(names.fnt) && absent(names.gnt)) throw new Malformed("nam: neither fnt nor gnt");
  const birth = dcc.get("dob");
  if (!isBirth(birth)) throw new Malformed("dob: not a date, a month, a year or empty");
  return {
    family: names.fn ?? "",
    given: names.gn ?? "",
    familyPlain: names.fnt ?? "",
    givenPlain: names.gnt ?? "",
    birthDate: BIRTH.exec(birth)[1] ?? "",
  };
}

function dose(entry) {
  return {
    day: entry.dt.slice(0, "2021-06-11".length),
    vaccine: entry.vp,
    vaccineSystem: "",
    disease: entry.tg,
    product: entry.mp,
    holder: entry.ma,
    lotNumber: "",
    number: number(entry.dn),
    series: number(entry.sd),
    country: entry.co,
    performer: "",
  };
}

// What neither the doses nor the identifier say already.
function details(kind, entry) {
  const keys = kind === "vaccination" ? ["is"] : Object.keys(entry).filter((key) => key !== "ci");
  return keys.map((key) => [key, entry[key]]);
}
