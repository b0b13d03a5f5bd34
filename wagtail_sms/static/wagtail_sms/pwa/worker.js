/* The build writes in front: const BUILD = {id, offline, precache: [[address, source]], bypass, statics, endpoint, keeps}.
   Without the form it `keeps` nothing; what an earlier build kept is still brought to its end.
   Keep under 3 KB gzip. Pages are never cached: they may be drafts, or somebody's own. */

const PRE = `wagtail-sms-pre-${BUILD.id}`;
const RUN = `wagtail-sms-run-${BUILD.id}`;
const OUTBOX = "wagtail-sms-outbox";
const DAY = 864e5;
const KEPT = 60;
const STATIC = ["style", "script", "font", "image"];
const ours = new Set(BUILD.precache.map(([address]) => address));

/** Store the build's own files. Their sources name the build, so what is stored can't be another build's. */
async function precache() {
  const cache = await caches.open(PRE);
  await Promise.all(
    BUILD.precache.map(async ([address, source]) => {
      const response = await fetch(source, { cache: "reload" });
      if (!response.ok || response.redirected) throw new Error(`${source} answered ${response.status}`);
      await cache.put(address, response);
    }),
  );
}

/** Say in every open page that a new worker is ready. The one of a stock django-pwa is followed unasked. */
async function announce() {
  if ((await caches.keys()).some((name) => name.startsWith("django-pwa-"))) await self.skipWaiting();
  else if (self.registration.active) {
    const pages = await self.clients.matchAll({ includeUncontrolled: true });
    for (const page of pages) page.postMessage({ status: "update" });
  }
}

/** Drop the caches of earlier builds, and those of a stock django-pwa worker that stood at this address. */
async function tidy() {
  const stale = (name) => /^(wagtail-sms|django-pwa)-/.test(name) && ![PRE, RUN, OUTBOX].includes(name);
  await Promise.all((await caches.keys()).filter(stale).map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

const own = async (address, request) => (await caches.match(address, { cacheName: PRE })) ?? fetch(request);

async function page(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await caches.match(BUILD.offline, { cacheName: PRE })) ?? Response.error();
  }
}

async function refresh(request, cache) {
  const response = await fetch(request);
  if (response.ok && response.type === "basic") {
    await cache.put(request, response.clone());
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - KEPT)).map((key) => cache.delete(key)));
  }
  return response;
}

/** Stale while revalidate, for the site's own static files. */
async function asset(event) {
  const cache = await caches.open(RUN);
  const kept = await cache.match(event.request);
  const fresh = refresh(event.request, cache);
  if (!kept) return fresh;
  event.waitUntil(fresh.catch(() => {}));
  return kept;
}

/** Send a sign-up. Without a connection keep it for a day at most, and say that it is not sent yet. */
async function signUp(request) {
  const copy = request.clone();
  try {
    return await fetch(request, { signal: AbortSignal.timeout(20000) });
  } catch {
    const body = await copy.text();
    const cache = await caches.open(OUTBOX);
    await cache.put(`${BUILD.endpoint}?${JSON.parse(body).key}`, new Response(body, { headers: { at: Date.now() } }));
    await self.registration.sync?.register(OUTBOX).catch(() => {});
    return Response.json({ status: "queued" }, { status: 202 });
  }
}

/** The site's last word on a kept sign-up. Throws while there is none: a portal's login page is no answer. */
async function outcome(kept) {
  const waited = Math.ceil((Date.now() - kept.headers.get("at")) / 1000) || 1;
  if (waited * 1000 > DAY) return { status: "expired" };
  const headers = { "content-type": "application/json", accept: "application/json" };
  const body = JSON.stringify({ ...(await kept.json()), waited });
  const signal = AbortSignal.timeout(20000);
  const response = await fetch(BUILD.endpoint, { method: "POST", headers, body, signal });
  const final = response.status < 500 && response.status !== 429;
  if (!final || !response.headers.get("content-type")?.startsWith("application/json")) throw new Error("later");
  return response.json();
}

/** Deliver one sign-up and tell every page: one that is looked at says it, the others only correct what they said.
    The answer alone is kept until a page has shown it. */
async function deliver(cache, request) {
  const kept = await cache.match(request);
  const said = kept.headers.has("at") ? await outcome(kept) : await kept.json();
  await cache.put(request, Response.json(said));
  const pages = await self.clients.matchAll();
  const seen = pages.find((page) => page.visibilityState === "visible");
  for (const page of pages) page.postMessage({ ...said, key: request.url, aside: page !== seen });
}

async function forget(cache, request) {
  if (!(await cache.match(request)).headers.has("at")) await cache.delete(request);
}

/** Go through what is kept. The lock is for a page and the browser that ask at the same time. */
const each = (act) =>
  navigator.locks.request(OUTBOX, async () => {
    if (!(await caches.has(OUTBOX))) return;
    const cache = await caches.open(OUTBOX);
    for (const request of await cache.keys()) await act(cache, request);
  });

/** The answer for a request that is ours to answer; nothing leaves it to the browser. */
function answer(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (BUILD.keeps && request.method === "POST" && pathname === BUILD.endpoint && request.mode !== "navigate")
    return signUp(request);
  if (request.method !== "GET" || request.headers.has("range")) return;
  if (BUILD.bypass.some((prefix) => pathname.startsWith(prefix))) return;
  if (ours.has(pathname)) return own(pathname, request);
  if (request.mode === "navigate") return page(event);
  if (BUILD.statics && pathname.startsWith(BUILD.statics) && STATIC.includes(request.destination)) return asset(event);
}

self.addEventListener("install", (event) => event.waitUntil(precache().then(announce)));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("message", (event) => {
  // Deliver what waits; a worker that waits itself takes over first.
  if (event.data === "GO" && self.registration.waiting) self.skipWaiting();
  else if (event.data === "GO") event.waitUntil(each(deliver).catch(() => {}));
  if (event.data === "TOLD") event.waitUntil(each(forget));
});
// Rejects while something is left, so that the browser tries again by itself.
self.addEventListener("sync", (event) => event.waitUntil(each(deliver)));
self.addEventListener("fetch", (event) => {
  const response = answer(event);
  if (response) event.respondWith(response);
});
