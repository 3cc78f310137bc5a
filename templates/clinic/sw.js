{% load static %}{% autoescape off %}// Keeps the workspace's shell, without anybody's data, and shows it where the network fails.
const VERSION = "vaxpass-clinic-{{ version }}";
const PAGE = "{% url 'clinic:offline' %}";
const FILES = [{% for address in shell %}"{{ address }}", {% endfor %}];
const GATEWAY = [502, 504]; // a proxy without its server
{% endautoescape %}
// The whole shell or none. The page with the session: it comes in the language of who works here.
self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll([new Request(PAGE, { cache: "no-store" }), ...FILES]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(open(request));
  else if (FILES.includes(pathname)) event.respondWith(file(request, pathname));
});

async function open(request) {
  const answer = await fetch(request).catch(() => null);
  if (answer && !GATEWAY.includes(answer.status)) return answer;
  // A form that was lost on the way is not the page that its address names.
  if (request.method !== "GET") return Response.redirect(`${PAGE}#unsent`, 303);
  return (await kept(PAGE)) ?? answer ?? Response.error();
}

async function file(request, pathname) {
  return (await fetch(request).catch(() => null)) ?? (await kept(pathname)) ?? Response.error();
}

async function kept(address) {
  return (await caches.open(VERSION)).match(address);
}

async function dropOthers() {
  const names = await caches.keys();
  const others = names.filter((name) => /^vaxpass-clinic-[0-9a-f]+$/.test(name) && name !== VERSION);
  await Promise.all(others.map((name) => caches.delete(name)));
}
