// On every page of the clinic workspace: keeps what is needed without network, sends what waits,
// and says so; on /clinic/offline/ it records without network.
import { show as showBar } from "./bar.js";
import * as device from "./device.js";
import * as form from "./form.js";
import * as list from "./list.js";
import { send } from "./send.js";
import { waiting } from "./store.js";
import { part } from "./words.js";

const AGAIN = 30_000; // milliseconds
const RECORD = /^\/clinic\/patients\/([0-9a-f-]{36})\//;

const bar = document.querySelector("[data-offline]");
const page = document.querySelector("[data-offline-page]");
const { owner, seen } = bar?.dataset ?? {};
let isAway = false;

// Without these the workspace is as without a script.
if (bar && window.isSecureContext && navigator.serviceWorker && navigator.locks) start();

async function start() {
  if (owner) {
    navigator.serviceWorker.register("/clinic/sw.js", { scope: "/clinic/" }).catch(() => {});
    await device.refresh(owner, seen, stamp());
  }
  if (page) form.listen();
  await cycle();
  if (page && location.hash === "#offline-kept") part("kept").scrollIntoView();
  setInterval(cycle, AGAIN);
  window.addEventListener("online", cycle);
  window.addEventListener("offline", cycle);
  bar.dataset.ready = "";
}

async function cycle() {
  isAway = !navigator.onLine;
  if (!isAway && (await waiting()).length) isAway = (await send()) === false;
  // The queue that is shown changes by itself; the device knows at least what it has shown.
  if (!isAway && owner && stamp()) await device.refresh(owner, seen, stamp(), Infinity);
  await show();
}

async function show() {
  const session = await device.current();
  await showBar(bar, session?.owner ?? owner, isAway);
  if (page) await showPage(session);
}

/** Return which state of the queue the page shows, if it shows it. */
function stamp() {
  return document.querySelector("[data-stamp]")?.dataset.stamp;
}

let shown = null;

async function showPage(session) {
  const known = await device.shift(session);
  part("locked").hidden = session !== null;
  part("no-shift").hidden = session === null || known !== null;
  part("unsent").hidden = location.hash !== "#unsent";
  const name = known ? `${session.owner} ${session.fetched}` : "";
  if (name !== shown) open(session, known, name);
  if (session) await list.show(session, { again: cycle, change: form.change });
  else list.close();
}

// A form that somebody is filling in stays as it is.
function open(session, known, name) {
  const isFirst = shown === null;
  if (known && !part("record").hidden) return;
  shown = name;
  part("choose").hidden = !known;
  part("record").hidden = true;
  if (!known) return form.close();
  form.start(session, known, cycle);
  const [, patient] = RECORD.exec(location.pathname) ?? [];
  if (isFirst && patient) form.chooseByRecord(patient);
}
