// What is asked of the server. Where there is no answer, `status` is 0; 401 is the sign-in page.
const BASE = "/clinic/offline/";
const PATIENCE = 20_000; // milliseconds

async function ask(path, options = {}) {
  try {
    const answer = await fetch(BASE + path, {
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
    });
    if (answer.type === "opaqueredirect") return { status: 401, told: {} };
    const isData = answer.headers.get("Content-Type")?.startsWith("application/json");
    return { status: answer.status, told: isData ? await answer.json() : {} };
  } catch {
    return { status: 0, told: {} };
  }
}

/** Ask who is signed in. */
export const session = () => ask("session");

/** Ask for the shift and the keys of this device. */
export const shift = (device) => ask(`shift?device=${device}`);

/** Send fields, as a form would. */
export function send(path, fields, token) {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of [value].flat()) body.append(name, each ?? "");
  }
  return ask(path, { method: "POST", body, headers: { "X-CSRFToken": token } });
}
