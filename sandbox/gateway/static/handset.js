/**
 * Keeps the lists and conversations fresh and sends replies without a reload. Without it the pages work by reloading.
 * Markup comes from the gateway itself, which escapes all that people typed.
 */

const EVERY = 1500;

/** @param {Element} element Whether its end is in view, so that new texts should stay in view. */
const atEnd = (element) => element.scrollHeight - element.scrollTop - element.clientHeight < 60;

/** @param {Element} element */
const toEnd = (element) => {
  element.scrollTop = element.scrollHeight;
};

/** @type {WeakMap<Element, string>} The markup each region shows. */
const shown = new WeakMap();

/** @param {HTMLElement} region */
async function refresh(region) {
  const response = await fetch(region.dataset.poll, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const markup = await response.text();
  if (shown.get(region) === markup) return;
  const followed = "newestLast" in region.dataset && atEnd(region);
  const focused = document.activeElement?.getAttribute("href");
  const fresh = new DOMParser().parseFromString(markup, "text/html").body;
  region.replaceChildren(...fresh.childNodes);
  shown.set(region, markup);
  if (focused) region.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  if (followed) toEnd(region);
}

async function refreshAll() {
  const regions = [...document.querySelectorAll("[data-poll]")];
  // The gateway may be restarting: the next round will tell.
  await Promise.allSettled(regions.map(refresh));
}

async function loop() {
  if (!document.hidden) await refreshAll();
  setTimeout(loop, EVERY);
}

/** @param {SubmitEvent} event */
async function send(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("reply" in form.dataset)) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  try {
    const response = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
    if (response.type !== "opaqueredirect" && !response.ok) return form.submit();
  } catch {
    return;
  }
  form.reset();
  document.querySelectorAll("[data-newest-last]").forEach(toEnd);
  await refreshAll();
}

document.querySelectorAll("[data-newest-last]").forEach(toEnd);
document.addEventListener("submit", send);
setTimeout(loop, EVERY);
