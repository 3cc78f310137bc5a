// The page's own words, in its language, and the ways to write dates in it.
export const language = document.documentElement.lang || "en";

const REGION = { en: "en-GB" }[language] ?? language; // day before month, as on the other pages
const DAY = { day: "numeric", month: "long", year: "numeric" };
const SHAPES = [
  [/^\d{4}-\d{2}-\d{2}$/, "", DAY],
  [/^\d{4}-\d{2}$/, "-01", { month: "long", year: "numeric" }],
];
const AGES = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

let words = {};

export async function load() {
  // Without the session, which knows the language: the header says it instead.
  const headers = { "Accept-Language": language };
  words = await (await fetch("/verify/words.json", { credentials: "omit", headers })).json();
}

export const word = (...path) => path.reduce((found, key) => found?.[key], words) ?? "";

// Put values where a sentence has their names: "Dose %(number)s".
export function sentence(name, values) {
  return word("texts", name).replaceAll(/%\((\w+)\)s/g, (_, key) => values[key]);
}

// A day or a month as a code holds it; anything else stays as it is written.
export function day(written) {
  for (const [shape, rest, form] of SHAPES) {
    const moment = shape.test(written) ? new Date(`${written}${rest}T00:00:00Z`) : NaN;
    if (!Number.isNaN(Number(moment))) {
      return new Intl.DateTimeFormat(REGION, { ...form, timeZone: "UTC" }).format(moment);
    }
  }
  return written;
}

export function moment(milliseconds) {
  const form = { ...DAY, month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(REGION, form).format(milliseconds);
}

export function age(milliseconds) {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of AGES) {
    if (milliseconds >= size) return format.format(-Math.floor(milliseconds / size), unit);
  }
  return format.format(0, "minute");
}
