// Shows a finding in a copy of the page's own template.
import { day, moment, sentence, word } from "./words.js";

// Returns the panel of a finding; `offline` is a sentence about the keys' age, or empty.
export function panel(finding, offline) {
  const template = document.querySelector("[data-template]").content.firstElementChild;
  const copy = template.cloneNode(true);
  copy.classList.add(`verdict--${finding.outcome}`);
  copy.dataset.outcome = finding.outcome;
  fill(copy, {
    title: word("outcomes", finding.outcome, "title"),
    lead: word("outcomes", finding.outcome, "lead"),
    reason: finding.reason,
    offline,
  });
  const body = copy.querySelector("[data-statement]");
  body.hidden = !finding.statement;
  if (finding.statement) state(body, finding);
  return copy;
}

function state(body, { outcome, statement, issuerName, checkedAt, recalled }) {
  const { person } = statement;
  repeat(body, "dose", statement.doses.map(dose));
  repeat(body, "detail", statement.details.map(detail));
  fill(body, {
    name: [person.given, person.family].filter(Boolean).join(" ") || plainName(person),
    plain: plainName(person),
    birth: day(person.birthDate),
    kind: word("kinds", statement.kind),
    recalled: recalled && outcome === "valid" ? word("texts", "recalled") : "",
    issuer: issuerName,
    issued: statement.issuedAt === null ? "" : moment(statement.issuedAt),
    expires: statement.expiresAt === null ? "" : moment(statement.expiresAt),
    checked: checkedAt ? moment(Date.parse(checkedAt)) : "",
  });
}

function plainName({ givenPlain, familyPlain }) {
  return [familyPlain, givenPlain].filter(Boolean).join("<<");
}

function dose(said) {
  const vaccines = said.product ? ["products", said.product] : ["vaccines", said.vaccine];
  const name = word("names", ...vaccines) || said.product || codeOf(said);
  const prophylaxis = said.product ? word("names", "prophylaxis", said.vaccine) : "";
  const disease = said.disease && (word("names", "diseases", said.disease) || said.disease);
  const series = said.series ? "dose_of" : "dose";
  return {
    position: said.number ? String(said.number) : "•",
    vaccine: name,
    series: [said.number ? sentence(series, said) : "", disease].filter(Boolean).join(" · "),
    prophylaxis,
    day: day(said.day),
    lot: said.lotNumber ? sentence("lot", { number: said.lotNumber }) : "",
    holder: word("names", "holders", said.holder) || said.holder,
    performer: said.performer,
    country: said.country,
  };
}

function codeOf({ vaccine, vaccineSystem }) {
  return vaccineSystem.endsWith("/cvx") ? `CVX ${vaccine}` : vaccine;
}

function detail([key, value]) {
  return { term: word("terms", key) || key, value };
}

// The first child of a list is its pattern.
function repeat(body, name, rows) {
  const list = body.querySelector(`[data-list="${name}"]`);
  const pattern = list.firstElementChild;
  list.replaceChildren(
    ...rows.map((row) => {
      const copy = pattern.cloneNode(true);
      fill(copy, row);
      return copy;
    }),
  );
  list.hidden = !rows.length;
}

function fill(root, values) {
  for (const [name, value] of Object.entries(values)) {
    const slot = root.querySelector(`[data-slot="${name}"]`);
    slot.textContent = value;
    (slot.closest("[data-fact]") ?? slot).hidden = !value;
  }
}
