/*
 * What htmx (hx-… attributes in the templates) needs besides, on every page; all works without it.
 *
 * - `data-live` marks what is fetched again by a clock: not while nobody looks, and its element
 *   `[data-lost]` shows while the server cannot be reached.
 * - A form that could not be sent is sent once more as a page, which shows what is wrong.
 * - An answer that is another page (the session has ended) becomes the page.
 * - Where the focused element is gone after a change, what was changed takes the focus.
 *
 * The configuration is the page's `<meta name="htmx-config">`.
 */
import "htmx.org";

import "../offline/leave.js";

let hadFocus = false;

const lost = (element, isLost) => {
  const live = element.closest("[data-live]");
  const note = live && document.querySelector("[data-lost]");
  if (note) note.hidden = !isLost;
  return live;
};

/** Return whether an answer came from where it was asked for, or belongs to the page shown. */
const isHere = ({ xhr, pathInfo }) => {
  const came = new URL(xhr.responseURL || location.href).pathname;
  const asked = new URL(pathInfo.finalRequestPath, location.href).pathname;
  return came === location.pathname || came === asked;
};

const failed = ({ detail }) => {
  const { elt, requestConfig } = detail;
  if (lost(elt, true) || !(elt instanceof HTMLFormElement)) return;
  // The element's own trigger may be a field; a form is what can be sent without us.
  if (requestConfig.triggeringEvent?.type === "submit") elt.submit();
};

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.closest("[data-live]")) event.preventDefault();
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { detail } = event;
  if (detail.xhr.status < 400) lost(detail.elt, false);
  if (detail.xhr.status >= 400 || isHere(detail)) return;
  event.preventDefault();
  location.assign(detail.xhr.responseURL);
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  hadFocus = detail.target.contains(document.activeElement);
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!hadFocus || document.activeElement !== document.body) return;
  hadFocus = false;
  const place = document.getElementById(detail.target.id) ?? detail.target;
  if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
});

document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:timeout", failed);
