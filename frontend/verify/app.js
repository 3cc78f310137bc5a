// The page /verify/: checks codes on this device, with keys and withdrawals fetched from the site.
import { scan } from "./camera.js";
import { check } from "./check.js";
import { panel } from "./panel.js";
import * as picture from "./picture.js";
import * as trust from "./trust.js";
import { age, load, moment, sentence } from "./words.js";

export { check, picture, trust };

const HOUR = 3_600_000;
const MOST_BYTES = 10_000_000;
const FILE = ".smart-health-card";

const page = document.querySelector("[data-verify]");
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const upload = () => part("picture").elements.namedItem("picture");
let stopCamera = null;

// Without these the server checks, by the same forms.
const isAble =
  window.isSecureContext && window.crypto?.subtle && window.DecompressionStream && window.caches;

if (page && isAble) start();

async function start() {
  await Promise.all([load(), trust.recall()]);
  await update();
  part("camera").hidden = !navigator.mediaDevices?.getUserMedia;
  part("scan").addEventListener("click", openCamera);
  part("stop").addEventListener("click", closeCamera);
  part("text").addEventListener("submit", onText);
  part("picture").addEventListener("submit", onPicture);
  upload().addEventListener("change", () => part("picture").requestSubmit());
  part("send")?.addEventListener("click", () => part("picture").submit());
  setInterval(update, HOUR);
  window.addEventListener("online", update);
  window.addEventListener("hashchange", onFragment);
  page.dataset.ready = "";
  onFragment();
  await navigator.serviceWorker?.register("/verify/sw.js", { scope: "/verify/" });
}

// Returns whether the server has just said what counts.
async function update() {
  const isFresh = await trust.refresh();
  const { bundle, confirmed } = trust.current();
  const note = part("age");
  note.textContent = bundle ? asOf("age", confirmed) : sentence("no_keys", {});
  note.hidden = false;
  part("stale").hidden = !bundle || !trust.isStale();
  return isFresh;
}

function asOf(name, confirmed) {
  return sentence(name, { moment: moment(confirmed), age: age(Date.now() - confirmed) });
}

async function show(texts) {
  const isFresh = await update();
  const { bundle, confirmed } = trust.current();
  if (!bundle) return;
  const offline = isFresh ? "" : asOf("offline", confirmed);
  const findings = await Promise.all(texts.map((text) => check(text, bundle)));
  part("results").replaceChildren(...findings.map((finding) => panel(finding, offline)));
  part("results").firstElementChild.focus();
}

function onText(event) {
  event.preventDefault();
  const text = new FormData(event.target).get("code");
  event.target.reset();
  if (text.trim()) clearAnd(() => show([text]));
}

async function onPicture(event) {
  event.preventDefault();
  const [file] = upload().files;
  if (!file) return;
  await clearAnd(async () => {
    const texts = file.size > MOST_BYTES ? [] : await textsIn(file);
    if (texts.length) await show(texts);
    else part("nothing").hidden = false;
  });
}

// A file that cannot be read holds no code.
async function textsIn(file) {
  try {
    if (!file.name.endsWith(FILE)) return await picture.read(file);
    const cards = JSON.parse(await file.text()).verifiableCredential;
    return cards.filter((text) => typeof text === "string");
  } catch {
    return [];
  }
}

// After the #, so that the code never reaches a server's log.
function onFragment() {
  const text = unescaped(location.hash.slice(1));
  if (!text) return;
  history.replaceState(null, "", location.pathname);
  clearAnd(() => show([text]));
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % of base45 that nobody has escaped
  }
}

async function clearAnd(act) {
  part("nothing").hidden = true;
  part("results").replaceChildren();
  page.dataset.busy = "";
  try {
    await act();
  } finally {
    delete page.dataset.busy;
  }
}

async function openCamera() {
  part("no-camera").hidden = true;
  part("viewer").hidden = false;
  part("scan").hidden = true;
  try {
    stopCamera = await scan(part("video"), (text) => {
      closeCamera();
      clearAnd(() => show([text]));
    });
  } catch {
    closeCamera();
    part("no-camera").hidden = false;
  }
}

function closeCamera() {
  stopCamera?.();
  stopCamera = null;
  part("viewer").hidden = true;
  part("scan").hidden = false;
}
