// The notes above every page of the workspace: no network, what waits, what needs somebody.
import { counts } from "./waiting.js";
import { number } from "./words.js";

/** Show how things are; `owner` is who works here, if that is known. */
export async function show(bar, owner, isAway) {
  note(bar, "away", isAway && !isOfflinePage());
  for (const [name, count] of Object.entries(await counts(owner))) {
    note(bar, name, count > 0);
    bar.querySelector(`[data-note="${name}"] [data-count]`).textContent = number(count);
  }
}

function note(bar, name, isShown) {
  const element = bar.querySelector(`[data-note="${name}"]`);
  if (element.hidden === isShown) element.hidden = !isShown;
}

const isOfflinePage = () => document.querySelector("[data-offline-page]") !== null;
