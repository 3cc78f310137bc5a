{% load static %}{% autoescape off %}// Keeps a copy of the page /verify/ and answers with it when the network does not.
const VERSION = "vaxpass-verify-{{ version }}";
const SHELL = [{% for address in shell %}"{{ address }}", {% endfor %}];
const PATIENCE = 4000; // milliseconds
const headers = { "Accept-Language": "{{ language }}" };
{% endautoescape %}
// The whole copy or none; without anybody's session, since it is shown to whoever opens the page.
self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) =>
        cache.addAll(SHELL.map((url) => new Request(url, { cache: "no-cache", credentials: "omit", headers }))),
      )
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

// The trust list is not among these: the page keeps it, and says how old it is.
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === location.origin && SHELL.includes(pathname)) {
    event.respondWith(answer(event.request, pathname));
  }
});

async function answer(request, pathname) {
  const kept = await (await caches.open(VERSION)).match(pathname, { ignoreVary: true });
  if (!kept) return fetch(request);
  const fetched = fetch(request).then((response) => (response.status < 500 ? response : kept));
  const waited = new Promise((resolve) => setTimeout(resolve, PATIENCE, kept));
  return Promise.race([fetched.catch(() => kept), waited]);
}

async function dropOthers() {
  const names = await caches.keys();
  const others = names.filter((name) => /^vaxpass-verify-[0-9a-f]+$/.test(name) && name !== VERSION);
  await Promise.all(others.map((name) => caches.delete(name)));
}
