// Recording a dose on the page without network: who, what, and what has to be checked first.
import * as rules from "./rules.js";
import { made, mine, put } from "./waiting.js";
import { day, filled, labelled, moment, paragraphs, part, today } from "./words.js";

let session = null;
let shift = null;
let person = null;
let changed = null;
let then = () => {};

/** Show who can be chosen; `done` is called once a dose is kept. */
export function start(whose, known, done) {
  [session, shift, then] = [whose, known, done];
  part("clinic").textContent = shift.clinic_name;
  part("as-of").textContent = moment(session.fetched);
  const people = shift.queue.map(queued);
  part("queue").replaceChildren(...(people.length ? people : [filled("nobody", {})]));
  part("somebody-else").open = !people.length;
  offer(part("dose").elements.lot);
  ask();
  choose(null);
}

/** Take everybody's name from the page. */
export function close() {
  part("queue").replaceChildren();
  part("name").textContent = part("born").textContent = "";
  part("newcomer").reset();
}

/** Listen to the forms, once. */
export function listen() {
  part("newcomer").addEventListener("submit", (event) => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(event.target));
    choose({ newcomer: crypto.randomUUID(), person: said, ...shownOf(said, said.date_of_birth) });
  });
  part("dose").addEventListener("submit", (event) => {
    event.preventDefault();
    record();
  });
  part("cancel").addEventListener("click", () => choose(null));
}

/** Open the form for somebody of the queue by their public id, if they are in it. */
export function chooseByRecord(patient) {
  const found = shift.queue.find((each) => each.patient === patient);
  if (found) choose(ofQueue(found));
}

/** Open the form with a dose that was kept before. */
export function change(row) {
  changed = row;
  const { content } = row;
  choose(content);
  const { elements } = part("dose");
  for (const name of ["lot", "administered_on", "site", "route"]) elements[name].value = content[name];
  for (const box of boxes()) box.checked = content.concerns.includes(box.value);
}

function queued(each) {
  const row = ofQueue(each);
  const texts = { name: row.name, born: day(row.born), initials: initials(each) };
  const element = filled("person", texts);
  const button = element.querySelector("button");
  button.setAttribute("aria-label", `${button.textContent}: ${row.name}`);
  button.addEventListener("click", () => choose(row));
  return element;
}

const initials = ({ first_name: first, last_name: last }) => first.slice(0, 1) + last.slice(0, 1);
const shownOf = ({ last_name, first_name }, born) => ({ name: `${first_name} ${last_name}`, born });
const ofQueue = (each) => ({ patient: each.patient, ...shownOf(each, each.born) });

function choose(somebody) {
  person = somebody;
  part("choose").hidden = somebody !== null;
  part("record").hidden = somebody === null;
  part("errors").hidden = part("warnings").hidden = true;
  part("warning-list").replaceChildren();
  if (!somebody) {
    changed = null;
    part("newcomer").reset();
    return;
  }
  part("name").textContent = somebody.name;
  part("born").textContent = day(somebody.born);
  const form = part("dose");
  const { lot, site, route } = shift;
  form.reset();
  Object.assign(form.elements.administered_on, { value: today(shift.time_zone), max: today(shift.time_zone) });
  for (const [name, value] of Object.entries({ lot, site, route })) form.elements[name].value = value;
  part("record").scrollIntoView({ block: "start" });
  (shift.questions.length ? form.querySelector("input") : form.elements.lot).focus();
}

function offer(select) {
  while (select.options.length > 1) select.lastElementChild.remove();
  for (const [label, options] of shift.lots) {
    const group = document.createElement("optgroup");
    group.label = label;
    group.append(...options.map(([value, text]) => new Option(text, value)));
    select.append(group);
  }
}

function ask() {
  const { questions } = shift;
  part("questions").hidden = !questions.length;
  part("dose").elements.asked.required = questions.length > 0;
  part("question-list").replaceChildren(
    ...questions.map(({ id, text, ticked, help }) => {
      const element = filled("box", { text, answer: ticked, help });
      Object.assign(labelled(element), { name: "concerns", value: id });
      return element;
    }),
  );
}

const boxes = () => [...part("question-list").querySelectorAll("input")];

async function record() {
  const dose = said();
  const given = await givenTo(person);
  const faults = rules.faults(dose, given);
  show("errors", faults.length > 0);
  part("errors").replaceChildren(...paragraphs(faults));
  if (faults.length) return;
  const warnings = rules.warnings({ ...dose, born: person.born }, given, shift);
  const open = warnings.filter(([code]) => !dose.confirmed.includes(code));
  if (open.length) return warn(open, dose.confirmed);
  const { answer, ...before } = changed?.content ?? {};
  const content = { ...before, ...person, ...dose, answer: null };
  const row = changed ? { ...changed, state: "waiting", content } : made(session, content);
  await put(session, row);
  [shift.lot, shift.site, shift.route] = [dose.lot, dose.site, dose.route];
  part("somebody-else").open = !shift.queue.length;
  choose(null);
  then(row);
}

function said() {
  const form = part("dose");
  const values = Object.fromEntries(new FormData(form));
  const option = form.elements.lot.selectedOptions[0];
  return {
    clinic: shift.clinic,
    volunteer: shift.volunteer,
    lot: values.lot,
    lot_label: option.textContent,
    vaccine: shift.vaccines[values.lot],
    administered_on: values.administered_on,
    given_at: Date.now(),
    site: values.site,
    route: values.route,
    concerns: boxes().filter((box) => box.checked).map((box) => box.value),
    put: shift.questions.map((question) => question.put),
    asked: "on",
    confirmed: new FormData(form).getAll("confirmed"),
  };
}

// What is known of a person's doses: from the queue, and those that wait here.
async function givenTo({ patient, newcomer }) {
  const known = shift.queue.find((each) => patient && each.patient === patient)?.doses ?? [];
  const here = (await mine(session))
    .filter((row) => row.content && row.key !== changed?.key)
    .filter(({ content }) => (patient ? content.patient === patient : content.newcomer === newcomer))
    .map(({ content: { vaccine, administered_on: on } }) => (
      { vaccine: vaccine.id, on, diseases: vaccine.diseases }
    ));
  return [...known, ...here];
}

function warn(open, confirmed) {
  const asked = open.map(([code, text]) => {
    const element = filled("warning", { text });
    labelled(element).value = code;
    return element;
  });
  const ticked = confirmed.map((code) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "confirmed", value: code });
    return field;
  });
  part("warning-list").replaceChildren(...asked, ...ticked);
  show("warnings", true);
  part("warnings").querySelector("input").focus();
}

function show(name, isShown) {
  part(name).hidden = !isShown;
}
