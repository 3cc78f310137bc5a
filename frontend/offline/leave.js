// Signing out, from whatever page: the keys and the shift go before the session does. A page that
// says that nobody works here, as the one to sign in, drops what a session has left behind.
import { forget, leave } from "./device.js";

if (document.querySelector("[data-nobody-works]")) forget().catch(() => {});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || !new URL(form.action).pathname.endsWith("/logout/")) return;
  event.preventDefault();
  await leave().catch(() => {});
  form.submit();
});
