// The keys and withdrawals of this site, kept on the device so that codes can be checked offline.
const ADDRESS = "/verify/trust.json";
const KEPT = "vaxpass-verify-trust";
const CONFIRMED = "vaxpass-verify-confirmed"; // when the server last said what counts
const PATIENCE = 4000; // milliseconds that a check waits for the server
const LONGEST = 120_000; // milliseconds that a list may take, so that slow networks get it too
const DAY = 86_400_000;

export const STALE = 7 * DAY;

let known = { bundle: null, tag: null, confirmed: 0 };

// Take what was kept from the last time.
export async function recall() {
  try {
    const kept = await (await caches.open(KEPT)).match(ADDRESS);
    if (!kept) return known;
    const bundle = await kept.json();
    const tag = kept.headers.get("ETag");
    if (isWhole(bundle)) known = { bundle, tag, confirmed: momentOf(tag, bundle) };
  } catch {
    // A browser that keeps nothing can still check online.
  }
  return known;
}

let asking = null;

// Ask the server; returns whether it has answered in time. A late answer counts for the next check.
export function refresh() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return Promise.race([asking, new Promise((resolve) => setTimeout(resolve, PATIENCE, false))]);
}

// What fails to load never replaces what is known.
async function ask() {
  try {
    const headers = known.tag ? { "If-None-Match": known.tag } : {};
    const answer = await fetch(ADDRESS, {
      headers,
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(LONGEST),
    });
    if (answer.status === 304 && known.bundle) {
      known = { ...known, confirmed: Date.now() };
    } else {
      if (answer.status !== 200) return false;
      const copy = answer.clone();
      const bundle = await answer.json();
      if (!isWhole(bundle)) return false;
      known = { bundle, tag: answer.headers.get("ETag"), confirmed: Date.now() };
      await keep(copy);
    }
    keepMoment();
    return true;
  } catch {
    return false;
  }
}

export const current = () => known;

export const isStale = () => Date.now() - known.confirmed > STALE;

async function keep(answer) {
  try {
    await (await caches.open(KEPT)).put(ADDRESS, answer);
  } catch {
    // No room, or a private window: what is known lasts as long as the page.
  }
}

// The moment counts for one list only: a newer one may not have been kept.
function keepMoment() {
  try {
    const { tag, confirmed } = known;
    localStorage.setItem(CONFIRMED, JSON.stringify({ tag, confirmed }));
  } catch {
    // As above.
  }
}

function momentOf(tag, bundle) {
  const kept = JSON.parse(localStorage.getItem(CONFIRMED) ?? "{}");
  return kept.tag === tag ? kept.confirmed : Date.parse(bundle.made_at);
}

function isWhole(bundle) {
  return typeof bundle?.digest === "string" && Array.isArray(bundle.issuers);
}
