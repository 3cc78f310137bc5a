// The list of what waits on the page without network, and what can be done with each dose.
import { discard, exclusively } from "./send.js";
import { drop, mine, named, put } from "./waiting.js";
import { day, filled, labelled, moment, paragraphs, part } from "./words.js";

let shown = "";

/** Show what waits; `again` shows it anew and sends it, `change` opens a dose in the form. */
export async function show(session, { again, change }) {
  const rows = await mine(session);
  // What somebody is ticking stays as it is while nothing has changed.
  const now = rows.map(({ key, state, iv }) => `${key} ${state} ${iv}`).join();
  if (now === shown) return;
  shown = now;
  part("kept").hidden = !rows.length;
  const items = rows.map((row) =>
    row.content ? item(session, row, { again, change }) : filled("unreadable", {}),
  );
  part("list").replaceChildren(...items);
}

/** Take everybody's name from the page. */
export function close() {
  shown = "";
  part("kept").hidden = true;
  part("list").replaceChildren();
}

function item(session, row, { again, change }) {
  const { content, state, tried } = row;
  const [onDay, noted] = [day(content.administered_on), moment(content.given_at)];
  const answer = content.answer ?? {};
  const isRefused = state === "refused";
  const isKnown = answer.errors || answer.warnings || answer.similar;
  const element = filled("dose", {
    name: content.name,
    born: day(content.born),
    given: noted.startsWith(onDay) ? noted : `${onDay} (${noted})`,
    lot: content.lot_label,
  });
  reveal(element, {
    waiting: !isRefused,
    refused: isRefused,
    errors: isRefused && (answer.errors || !isKnown),
    unknown: isRefused && !isKnown,
    warnings: isRefused && answer.warnings,
    similar: isRefused && answer.similar,
    unseen: answer.unseen > 0,
    tried: tried && !isRefused,
    removable: isRefused || !tried,
  });
  slot(element, "errors").replaceChildren(...paragraphs(answer.errors ?? []));
  slot(element, "warnings").replaceChildren(...Object.entries(answer.warnings ?? {}).map(warning));

  // Each act starts from the row as it is then: another tab may have sent it meanwhile.
  const act = (change) =>
    exclusively(async () => {
      const now = (await mine(session)).find((each) => each.key === row.key);
      if (now?.content && (now.state === "refused" || !now.tried)) await change(now);
    }).then(again);
  const resend = (more) => (now) =>
    put(session, { ...now, state: "waiting", content: { ...now.content, ...more, answer: null } });

  on(element, "register", "click", () =>
    act(resend({ register_anyway: answer.similar.length + answer.unseen })),
  );
  on(element, "confirm", "submit", (form) => {
    const confirmed = [...(content.confirmed ?? []), ...new FormData(form).getAll("confirmed")];
    act(resend({ confirmed }));
  });
  slot(element, "similar").replaceChildren(
    ...(answer.similar ?? []).map((record) => candidate(record, () =>
      act(async (now) => {
        await resend({})(now);
        await named(session, now, record.patient);
      }),
    )),
  );
  on(element, "change", "click", () => change(row));
  removal(element, row, act);
  return element;
}

function removal(element, { content, state }, act) {
  const form = element.querySelector('[data-act="discard"]');
  labelled(form);
  form.elements.reason.required = state === "refused";
  const open = (isOpen) => {
    form.hidden = !isOpen;
    (isOpen ? form.querySelector("select:not([hidden]), button") : element.querySelector("button")).focus();
  };
  on(element, "remove", "click", () => open(true));
  on(element, "keep", "click", () => open(false));
  on(element, "discard", "submit", async () => {
    // What the server refused leaves a note there; what never left this device was a slip.
    const status = state === "refused" ? await discard(content, form.elements.reason.value) : 200;
    slot(element, "no-connection").hidden = status === 200;
    if (status === 200) await act((now) => drop(now.key));
  });
}

function warning([code, text]) {
  const element = filled("warning", { text });
  const box = labelled(element);
  box.value = code;
  box.required = true;
  return element;
}

function candidate({ name, born }, choose) {
  const element = filled("similar", { name, born: day(born) });
  element.querySelector("button").addEventListener("click", choose);
  return element;
}

function reveal(element, shown) {
  for (const each of element.querySelectorAll("[data-show]")) {
    each.hidden = !shown[each.dataset.show];
  }
}

const slot = (element, name) => element.querySelector(`[data-slot="${name}"]`);

function on(element, name, type, act) {
  const target = element.querySelector(`[data-act="${name}"]`);
  target.addEventListener(type, (event) => {
    event.preventDefault();
    act(target);
  });
}
