// Encryption of what the device keeps: AES-GCM with a fresh IV; what a row is and whose is bound.
const NAME = "AES-GCM";
const IV = 12; // bytes, NIST SP 800-38D

const bytes = (text) => new TextEncoder().encode(text);

/** Return a key that the browser uses and never gives out, from what the server sent (base64). */
export function imported(text) {
  const raw = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return crypto.subtle.importKey("raw", raw, NAME, false, ["encrypt", "decrypt"]);
}

/** Return content, readable only with one of the session's keys and under the same name. */
export async function seal(session, name, content) {
  const iv = crypto.getRandomValues(new Uint8Array(IV));
  const how = { name: NAME, iv, additionalData: bytes(`${session.owner} ${name}`) };
  const data = await crypto.subtle.encrypt(how, session.keys[0], bytes(JSON.stringify(content)));
  return { iv, data };
}

/** Return the content again, or null where no key of the session opens it. */
export async function unseal(session, name, { iv, data }) {
  const how = { name: NAME, iv, additionalData: bytes(`${session.owner} ${name}`) };
  for (const key of session.keys) {
    const plain = await crypto.subtle.decrypt(how, key, data).catch(() => null);
    if (plain) return JSON.parse(new TextDecoder().decode(plain));
  }
  return null;
}
