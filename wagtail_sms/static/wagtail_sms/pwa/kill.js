/* Served where a site has no build: clears what an earlier worker kept, and goes. */

async function leave() {
  const ours = (name) => /^(wagtail-sms|django-pwa)-/.test(name);
  await Promise.all((await caches.keys()).filter(ours).map((name) => caches.delete(name)));
  await self.registration.unregister();
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(leave()));
