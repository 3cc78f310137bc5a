// Who works with this device, and what it knows of the shift. All of it goes at sign-out, when
// somebody else signs in, when the server says that the session is over, and when its time is up.
import { imported, seal, unseal } from "./seal.js";
import * as server from "./server.js";
import { keep, recall } from "./store.js";

const FRESH = 120_000; // milliseconds

/** Return the session of who works here, with its keys, or null. */
export async function current() {
  const session = await recall("session");
  if (!session || session.until > Date.now()) return session ?? null;
  await forget();
  return null;
}

/** Drop the keys and the shift; what waits stays and is unreadable from now on. */
export const forget = () => keep([], ["session", "shift"]);

/** Sign-out: drop the same, and let no page that was open before bring it back. */
export const leave = () => keep([{ name: "left", at: Date.now() }], ["session", "shift"]);

/** Return what is known of the shift, or null. */
export async function shift(session) {
  const row = session && (await recall("shift"));
  return row ? unseal(session, "shift", row) : null;
}

/**
 * Get the shift anew if it is old, was another one, or the queue (`stamp`, if the page shows it)
 * has changed; return the session. Asking is noted in the audit for everybody in the queue.
 */
export async function refresh(owner, seen, stamp, most = FRESH) {
  const session = await current();
  const isSame = session?.seen === seen && (!stamp || session.stamps?.includes(stamp));
  if (session && session.owner !== owner) await forget();
  else if (session && isSame && Date.now() - session.fetched < most) return session;
  const { status, told } = await server.shift(await id());
  if (status === 401) await forget();
  if (status !== 200 || told.owner !== owner) return current();
  const { keys: raw, until, ...content } = told;
  const keys = await Promise.all(raw.map(imported));
  if ((await recall("left"))?.at >= performance.timeOrigin) return null;
  const stamps = [stamp, content.stamp]; // an open page may be behind what was told
  const row = { name: "session", owner, keys, until, seen, stamps, fetched: Date.now() };
  if (!content.clinic) await keep([row], ["shift"]);
  else await keep([row, { name: "shift", ...(await seal(row, "shift", content)) }]);
  return row;
}

/** Return the name of this device, made once. */
async function id() {
  const row = (await recall("id")) ?? { name: "id", value: crypto.randomUUID() };
  await keep([row]);
  return row.value;
}
