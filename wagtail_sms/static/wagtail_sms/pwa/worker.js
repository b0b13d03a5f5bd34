/* The build writes in front: const BUILD = {id, offline, precache: [[address, source]], bypass, statics}.
   Keep under 3 KB gzip. Pages are never cached: they may be drafts, or somebody's own. */

const PRE = `wagtail-sms-pre-${BUILD.id}`;
const RUN = `wagtail-sms-run-${BUILD.id}`;
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

/** Drop the caches of earlier builds, and those of a stock django-pwa worker that stood at this address. */
async function tidy() {
  const stale = (name) => /^(wagtail-sms|django-pwa)-/.test(name) && name !== PRE && name !== RUN;
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

/** The answer for a request that is ours to answer; nothing leaves it to the browser. */
function answer(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin || request.headers.has("range")) return;
  if (BUILD.bypass.some((prefix) => pathname.startsWith(prefix))) return;
  if (ours.has(pathname)) return own(pathname, request);
  if (request.mode === "navigate") return page(event);
  if (BUILD.statics && pathname.startsWith(BUILD.statics) && STATIC.includes(request.destination)) return asset(event);
}

self.addEventListener("install", (event) => event.waitUntil(precache()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("message", (event) => {
  if (event.data === "SKIP_WAITING") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const response = answer(event);
  if (response) event.respondWith(response);
});
