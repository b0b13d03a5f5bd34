/* The build writes in front: const BUILD = {popup: address or "", after: actions}. Keep under 1.5 KB gzip. */

const KEY = "wagtail-sms";
const { dataset } = document.querySelector("script[data-worker]");
let offered = false;

/** What this browser remembers: {actions, refusals, later, done}; empty when storage is blocked. */
const read = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};

const write = (changes) => {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...read(), ...changes }));
  } catch {
    /* Without storage nothing is counted, so the popup never comes. */
  }
};

// Pages are never cached and a module's address names its build, so a new worker may take over unasked.
const relieve = (worker) => worker?.state === "installed" && worker.postMessage("SKIP_WAITING");

async function register() {
  const options = { scope: dataset.scope, updateViaCache: "none" };
  const registration = await navigator.serviceWorker.register(dataset.worker, options);
  relieve(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker.addEventListener("statechange", () => relieve(worker));
  });
}

const mobile = () =>
  navigator.userAgentData?.mobile ??
  matchMedia("(pointer: coarse) and (hover: none) and (max-width: 900px)").matches;

/** Whether to ask: on a phone, after enough actions, not after a yes, not soon after a no. */
const due = ({ actions, done, later }) =>
  mobile() &&
  !done &&
  !(later > Date.now()) &&
  actions >= BUILD.after &&
  !document.querySelector('[data-wagtail-sms-popup="off"]');

const busy = () =>
  document.hidden ||
  document.querySelector("dialog[open]") ||
  document.activeElement?.matches("input, textarea, select, [contenteditable]");

async function offer() {
  if (offered) return;
  if (busy()) {
    setTimeout(offer, 3000);
    return;
  }
  offered = true;
  (await import(BUILD.popup)).offer({ read, write });
}

/** One action more: a page opened, or a menu. */
function act() {
  write({ actions: (read().actions ?? 0) + 1 });
  if (!offered && due(read())) setTimeout(offer, 1200);
}

function start() {
  act();
  addEventListener("pageshow", (event) => event.persisted && act());
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("summary, [aria-expanded]")) act();
  });
}

if ("serviceWorker" in navigator) register().catch(() => {});
if (BUILD.popup) {
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
  for (const form of document.querySelectorAll("form[data-wagtail-sms-signup]")) {
    import(BUILD.popup).then((popup) => popup.enhance(form, { read, write }));
  }
}
