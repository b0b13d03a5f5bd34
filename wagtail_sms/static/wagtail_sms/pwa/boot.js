/* The build writes in front: const BUILD = {toast, popup: address or "", and the editor's rules}. Keep under 1.5 KB gzip. */

const KEY = "wagtail-sms";
const { dataset } = document.querySelector("script[data-worker]");
let offered = false;

/** What is remembered: {actions, visits, seen, refusals, later, done}; empty when storage is blocked. */
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

const tell = ({ data }) => import(BUILD.toast).then((toast) => toast.tell(data, { write }));

async function register() {
  const { serviceWorker } = navigator;
  const options = { scope: dataset.scope, updateViaCache: "none" };
  // For Trusted Types.
  const url = self.trustedTypes?.createPolicy(KEY, { createScriptURL: () => dataset.worker }).createScriptURL("");
  const registration = await serviceWorker.register(url ?? dataset.worker, options);
  serviceWorker.onmessage = tell;
  // To the waiting worker first: one at work would keep it waiting.
  const go = () => (registration.waiting ?? registration.active)?.postMessage("GO");
  go();
  serviceWorker.oncontrollerchange = go;
  addEventListener("online", go);
  // An app may stay open for days.
  addEventListener("focus", () => registration.update().catch(() => {}));
  if (sessionStorage[KEY]) tell({});
}

/** Whether to ask, by the editor's rules and earlier answers. */
const due = ({ actions, visits, done, later }) =>
  actions >= BUILD.after_actions &&
  visits >= BUILD.from_visit &&
  !done &&
  !(later > Date.now()) &&
  (BUILD.audience === "installed"
    ? matchMedia("not all and (display-mode: browser)").matches
    : (navigator.userAgentData?.mobile ??
      matchMedia("(pointer: coarse) and (hover: none) and (max-width: 900px)").matches)) &&
  !BUILD.never_on.some((path) => `${location.pathname}/`.startsWith(path)) &&
  !document.querySelector('[data-wagtail-sms-popup="off"]');

async function offer() {
  if (offered || !due(read())) return;
  offered = true;
  (await import(BUILD.popup)).offer({ read, write, due: () => due(read()) });
}

/** One action more: a page opened, or a menu. Half an hour without one ends a visit. */
function act() {
  const { actions = 0, visits = 0, seen = 0 } = read();
  const now = Date.now();
  write({ actions: actions + 1, visits: visits + (now - seen > 18e5), seen: now });
  if (!offered && due(read())) setTimeout(offer, BUILD.after_seconds * 1000);
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
