// Words and elements of the page, all of which the server wrote.
const language = document.documentElement.lang;
const region = { en: "en-GB" }[language] ?? language; // day before month, as on the other pages
const page = () => document.querySelector("[data-offline-page]");

/** Return a number as people here write it. */
export const number = (value) => new Intl.NumberFormat(language).format(value);

/** Return a day (ISO) in words. */
export function day(iso) {
  const moment = new Date(`${iso}T00:00:00Z`); // by its parts, the year 94 were 1994
  return new Intl.DateTimeFormat(region, { dateStyle: "long", timeZone: "UTC" }).format(moment);
}

/** Return a moment (milliseconds) in words. */
export const moment = (time) =>
  new Intl.DateTimeFormat(region, {
    ...{ day: "numeric", month: "long", year: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  }).format(time);

/** Return today's date (ISO) by the clock of a time zone. */
export function today(timeZone) {
  const parts = new Intl.DateTimeFormat("en", {
    ...{ timeZone, calendar: "gregory", numberingSystem: "latn" },
    ...{ year: "numeric", month: "2-digit", day: "2-digit" },
  }).formatToParts(Date.now());
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}`;
}

/** Return one of the page's sentences with the values in their places, which look like %(day)s. */
export function sentence(name, values = {}) {
  return page().dataset[name].replace(/%\((\w+)\)[sd]/g, (_, slot) => values[slot]);
}

/** Return the first part of the page by its name. */
export const part = (name) => page().querySelector(`[data-part="${name}"]`);

/** Return a new element of a template, its slots filled with texts. */
export function filled(name, texts) {
  const template = page().querySelector(`[data-template="${name}"]`);
  const element = template.content.firstElementChild.cloneNode(true);
  for (const [slot, text] of Object.entries(texts)) {
    element.querySelector(`[data-slot="${slot}"]`).textContent = text;
  }
  return element;
}

/** Return a paragraph for each text. */
export function paragraphs(texts) {
  return texts.map((text) => {
    const element = document.createElement("p");
    element.textContent = text;
    return element;
  });
}

let labels = 0;

/** Tie the label of an element to its control. */
export function labelled(element) {
  const control = element.querySelector("input, select");
  control.id = `offline-made-${++labels}`;
  element.querySelector("label").htmlFor = control.id;
  return control;
}
