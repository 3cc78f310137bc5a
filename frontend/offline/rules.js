// What a volunteer can be told while the patient is still there. The server judges all of it again.
import { day, sentence } from "./words.js";

const DAY = 86_400_000; // milliseconds

/** Return why a dose will be refused, as sentences. */
export function faults(dose, given) {
  return isTwice(dose, given) ? [sentence("sameDay")] : [];
}

/** Return what a person has to judge, by the code that the server knows it by. */
export function warnings(dose, given, shift) {
  const found = shift.questions
    .filter((question) => dose.concerns.includes(question.id))
    .map((question) => [question.code, concern(question)]);
  const { least } = dose.vaccine;
  const near = same(dose, given)
    .map((other) => ({ on: other.on, days: apart(other.on, dose.administered_on) }))
    .filter(({ days }) => days > 0 && days < least)
    .sort((one, other) => one.days - other.days)[0];
  if (near) {
    const text = sentence("interval", { day: day(near.on), days: near.days, least });
    found.push(["short_interval", text]);
  }
  if (isWrongAge(dose)) found.push(["wrong_age", sentence("wrongAge")]);
  if (isComplete(dose, given)) found.push(["series_complete", sentence("seriesComplete")]);
  return found;
}

function isWrongAge({ vaccine: { from_age: least, below_age: below }, born, administered_on: on }) {
  const age = months(born, on);
  return (least !== null && age < least) || (below !== null && age >= below);
}

// Months completed by the calendar.
function months(born, on) {
  const [[year, month, date], [toYear, toMonth, toDate]] = [born, on].map(numbers);
  return (toYear - year) * 12 + toMonth - month - (toDate < date);
}

// Against every disease of the vaccine there were as many doses before as its series has.
function isComplete({ vaccine: { series, diseases }, administered_on: on }, given) {
  const before = given.filter((other) => other.on < on);
  const count = (disease) => before.filter((other) => other.diseases?.includes(disease)).length;
  return Boolean(series) && diseases.length > 0 && diseases.every((each) => count(each) >= series);
}

const same = (dose, given) => given.filter((other) => other.vaccine === dose.vaccine.id);
const isTwice = (dose, given) =>
  same(dose, given).some((other) => other.on === dose.administered_on);
const numbers = (day) => day.split("-").map(Number);
const apart = (one, other) => Math.abs(Date.parse(one) - Date.parse(other)) / DAY;
const concern = ({ text, ticked, note }) => `${text} ${ticked}. ${note}`;
