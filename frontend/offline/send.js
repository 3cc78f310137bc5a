// Sends what waits, one dose after the other, from one tab at a time.
import * as device from "./device.js";
import * as server from "./server.js";
import { drop, mine, named, put } from "./waiting.js";

const LOCK = "vaxpass-offline-send";
const SENT = ["clinic", "lot", "administered_on", "site", "route", "volunteer", "concerns", "put"];
const JUDGED = ["asked", "confirmed", "register_anyway"];
const isLater = (status) => status === 0 || status >= 500;

/** Send all that can be sent. Return false where nobody could be reached. */
export function send() {
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => !lock || deliver());
}

/** Change what waits while nothing is being sent. */
export const exclusively = (act) => navigator.locks.request(LOCK, act);

/** Tell the server why a dose will not be sent; return its status. */
export async function discard(content, reason) {
  const { told } = await server.session();
  const { patient = "", clinic } = content;
  return (await server.send("discarded", { patient, clinic, reason }, told.token)).status;
}

async function deliver() {
  const { status, told } = await server.session();
  if (status === 401) await device.forget();
  if (status !== 200) return status !== 0;
  const session = await device.refresh(told.owner, (await device.current())?.seen);
  if (session?.owner !== told.owner) return true;
  const seen = new Set();
  for (const { key, state } of await mine(session)) {
    // Read anew each time: the dose before may have made the record of this one.
    const row = (await mine(session)).find((each) => each.key === key);
    const newcomer = row?.content?.newcomer;
    const isNext = row?.content && state === "waiting" && !seen.has(newcomer);
    if (isNext && !(await deliverOne(session, row, told.token))) return false;
    if (newcomer) seen.add(newcomer); // who is new is registered with their first dose
  }
  return true;
}

// Returns whether to go on with the next one.
async function deliverOne(session, row, token) {
  await put(session, { ...row, tried: true });
  const { status, told } = await server.send("doses", fields(row), token);
  if (status === 401) await device.forget();
  if (status === 401 || isLater(status)) return false;
  if (status === 429) {
    await put(session, row); // not recorded, and too early: the others need not wait for it
    return true;
  }
  if (status < 300 && told.patient) {
    await named(session, row, told.patient);
    await drop(row.key);
  } else {
    const content = { ...row.content, answer: told };
    await put(session, { ...row, tried: false, state: "refused", content });
  }
  return true;
}

// A dose as the form of a dose has it.
function fields({ key, content }) {
  const { person, patient } = content;
  const said = Object.fromEntries([...SENT, ...JUDGED].map((name) => [name, content[name]]));
  return { ...said, ...(patient ? { patient } : person), token: key };
}
