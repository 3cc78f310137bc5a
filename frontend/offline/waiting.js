// The doses that wait on this device. In clear stand only a dose's key, whose it is, its order,
// and how far it is: "waiting", or "refused", which needs a person. `tried` is set before it is
// sent: from then on only the server can say whether it was recorded.
import { seal, unseal } from "./seal.js";
import { queue, waiting } from "./store.js";

/** Return the doses of a session, each a row with its `content`. */
export async function mine(session) {
  const rows = (await waiting()).filter((row) => row.owner === session.owner);
  return Promise.all(
    rows.map(async (row) => ({ ...row, content: await unseal(session, row.key, row) })),
  );
}

/** Count what waits: of the session, needing a person, and of others. */
export async function counts(owner) {
  const rows = await waiting();
  const own = rows.filter((row) => row.owner === owner);
  const refused = own.filter((row) => row.state === "refused").length;
  return { waiting: own.length - refused, refused, others: rows.length - own.length };
}

/** Keep a dose: a new one, or one as it is now. */
export async function put(session, row) {
  await queue([await sealed(session, row)]);
}

/** Return a row for a new dose. */
export function made(session, content) {
  const key = crypto.randomUUID();
  return { key, owner: session.owner, state: "waiting", tried: false, order: Date.now(), content };
}

/** Let all doses of the newcomer of a dose be doses of a record that there is now. */
export async function named(session, { content: { newcomer } }, patient) {
  if (!newcomer) return;
  const same = (await mine(session)).filter((row) => row.content?.newcomer === newcomer);
  const renamed = same.map((row) => {
    const { newcomer: _, ...content } = row.content;
    return sealed(session, { ...row, content: { ...content, patient } });
  });
  await queue(await Promise.all(renamed));
}

/** Drop a dose. */
export const drop = (key) => queue([], key);

async function sealed(session, { content, ...row }) {
  return { ...row, ...(await seal(session, row.key, content)) };
}
