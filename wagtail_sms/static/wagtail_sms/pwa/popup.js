/* The build writes in front: const SMS = {the site's texts in one language, countries, labels, endpoint, styles}.
   Keep under 4.5 KB gzip. Every text goes in by textContent. */

const { labels } = SMS;
const DAY = 864e5;
const WAITS = [7, 30, 90];
const FOREVER = 36500;
const TYPING = "input, textarea, select, iframe, [contenteditable]";
const PROMPTS = "dialog, [role$=dialog], [aria-modal], [popover], .wagtail-sms-toast";

/** @returns {HTMLElement} an element with properties, attributes (with a dash or unknown) and children */
function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** [code, "France +33"] in the visitor's language, sorted by it; the isolate keeps "+33" whole in Arabic or Hebrew. */
function countries() {
  const lang = SMS.lang;
  const names = new Intl.DisplayNames([lang], { type: "region" });
  return SMS.countries
    .map(([code, dial]) => [code, `${names.of(code)} \u2066+${dial}\u2069`])
    .sort(([, one], [, other]) => one.localeCompare(other, lang));
}

/** The site's choice, else the region of the browser's language. No look-up of where somebody is. */
function likelyCountry() {
  const region = new Intl.Locale(navigator.language || "en").region;
  return SMS.default_country || (SMS.countries.some(([code]) => code === region) ? region : "");
}

function errorFor(name) {
  return el("p", { className: "wagtail-sms-error", id: `wagtail-sms-${name}-error`, hidden: true, "data-error": name });
}

function field(name, label, input) {
  input.id = `wagtail-sms-${name}`;
  input.className = "wagtail-sms-input";
  input.setAttribute("aria-describedby", `wagtail-sms-${name}-error`);
  const text = el("label", { className: "wagtail-sms-label", htmlFor: input.id, textContent: label });
  return el("div", { className: "wagtail-sms-field" }, text, input, errorFor(name));
}

function consentField() {
  const box = el("input", {
    className: "wagtail-sms-consent__box",
    type: "checkbox",
    name: "consent",
    value: "yes",
    "aria-describedby": "wagtail-sms-consent-error",
  });
  const wording = el("span", { textContent: SMS.consent });
  const label = el("label", { className: "wagtail-sms-consent" }, box, wording);
  const node = el("div", { className: "wagtail-sms-field" }, label, errorFor("consent"));
  if (SMS.privacy_url) {
    const href = SMS.privacy_url;
    node.append(el("a", { className: "wagtail-sms-privacy", href, target: "_blank", textContent: labels.privacy }));
  }
  return node;
}

function signupForm(...refusals) {
  const country = el("select", { name: "country", autocomplete: "country" });
  country.append(new Option(labels.choose, ""), ...countries().map(([code, name]) => new Option(name, code)));
  country.value = likelyCountry();
  const phone = el("input", { name: "phone", type: "tel", inputMode: "tel", autocomplete: "tel", dir: "ltr" });
  const form = el("form", { className: "wagtail-sms-form", method: "post", action: SMS.endpoint, noValidate: true });
  form.append(
    el("p", { className: "wagtail-sms-error wagtail-sms-error--form", role: "alert", hidden: true, "data-error": "form" }),
    field("country", labels.country, country),
    field("phone", labels.phone, phone),
    consentField(),
    el(
      "div",
      { className: "wagtail-sms-actions" },
      el("button", { className: "wagtail-sms-accept", textContent: SMS.accept }),
      ...refusals,
    ),
    el("p", { className: "wagtail-sms-status", role: "status" }),
  );
  return form;
}

/** Put each sentence beside its field, or clear them all; the first wrong field gets the focus. */
function show(form, errors = {}) {
  let first;
  for (const place of form.querySelectorAll("[data-error]")) {
    const name = place.dataset.error;
    const input = form.elements[name];
    place.textContent = errors[name] ?? "";
    place.hidden = !errors[name];
    if (input) {
      if (errors[name]) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    if (errors[name]) first ??= input ?? place;
  }
  first?.focus();
}

/** Send the form. Resolves to {errors} by field, or to {next}: what is left to do, or that the worker keeps it, if anything. */
async function send(form, key) {
  const sent = {
    consent_version: SMS.consent_version,
    consent_language: SMS.lang,
    build: SMS.build,
    page: location.origin + location.pathname,
    key,
    // Last, because an inline form names the wording that it shows itself.
    ...Object.fromEntries(new FormData(form)),
  };
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(sent),
    });
    // A worker or a proxy may answer with a page and a 200; only our own answer counts as a yes.
    if (!response.headers.get("content-type")?.startsWith("application/json")) return { errors: { form: labels.failed } };
    const answer = await response.json();
    if (response.ok && answer.status === "subscribed") return { next: answer.next };
    // The worker's answer without a connection. Whether the site agrees is not known yet.
    if (response.ok && answer.status === "queued") return { next: { title: labels.kept, text: labels.waits, waits: true } };
    return { errors: answer.errors ?? { form: labels.failed } };
  } catch {
    return { errors: { form: labels.offline } };
  }
}

/** Make a form send by script. The key stays until something is typed, so a lost answer is asked for again, not doubled. */
function wire(form, done) {
  const status = form.querySelector("[role=status]");
  let key;
  let sending = false;
  form.addEventListener("input", () => (key = ""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    key ||= crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.replace(".", "");
    show(form);
    status.textContent = labels.sending;
    const { errors, next } = await send(form, key);
    sending = false;
    status.textContent = "";
    if (errors) show(form, errors);
    else done(next);
  });
}

/** A mark, a title and a text; with a step left to do, instead of the mark at the head its link at the foot. */
function thanks(tag, next) {
  // What the worker keeps is told here again, by the toast, once it is sent.
  const kept = next?.waits ? " wagtail-sms-kept" : "";
  const title = el(tag, { className: `wagtail-sms-title${kept}`, tabIndex: -1, textContent: next?.title ?? labels.done });
  const words = next?.text ?? SMS.thanks;
  const text = el("p", { className: `wagtail-sms-text${kept}`, role: "status", textContent: words });
  if (!next) return [el("span", { className: "wagtail-sms-tick", ariaHidden: "true" }), title, text];
  return next.link
    ? [title, text, el("a", { className: "wagtail-sms-accept", href: next.link, textContent: next.button })]
    : [title, text];
}

/** Who signed up is not asked again; who waits for a connection is, in a week, should it come to nothing. */
const keep = ({ write }, next) => write(next?.waits ? { later: Date.now() + WAITS[0] * DAY } : { done: Date.now() });

/** Let an inline form send without leaving the page. */
export function enhance(form, memory) {
  const names = new Map(countries());
  for (const option of form.elements.country.options) option.textContent = names.get(option.value) ?? option.textContent;
  form.elements.country.value ||= likelyCountry();
  wire(form, (next) => {
    keep(memory, next);
    form.replaceChildren(...thanks("h3", next));
    form.querySelector("h3").focus();
  });
}

const button = (name, text, press) => {
  const node = el("button", { className: `wagtail-sms-${name}`, type: "button", textContent: text });
  node.addEventListener("click", press);
  return node;
};

/** Show the sheet and remember the answer: a "not now" for 7, 30, then 90 days, and a "no" or the fourth for good.
    @returns {HTMLDialogElement} the sheet, shown as soon as nothing else is going on */
export function offer(memory) {
  let signedUp = false;
  let never = false;
  const leave = () => dialog.close();
  const close = button("close", "", leave);
  close.ariaLabel = labels.close;
  const dismiss = button("dismiss", SMS.dismiss, leave);
  const refuse = button("dismiss", labels.never, () => {
    never = true;
    leave();
  });
  const heading = { className: "wagtail-sms-title", id: "wagtail-sms-title", tabIndex: -1, autofocus: true };
  const title = el("h2", { ...heading, textContent: SMS.title });
  const text = el("p", { className: "wagtail-sms-text", textContent: SMS.text });
  const form = signupForm(dismiss, refuse);
  const sheet = el("div", { className: "wagtail-sms-sheet" }, title, text, form, close);
  const look = { className: "wagtail-sms-dialog", "aria-labelledby": title.id, lang: SMS.lang, dir: SMS.dir };
  const dialog = el("dialog", look, sheet);

  dialog.addEventListener("click", (event) => event.target === dialog && leave());
  dialog.addEventListener("close", () => {
    if (!signedUp) postpone(memory, never);
    dialog.remove();
  });
  wire(form, (next) => {
    signedUp = true;
    keep(memory, next);
    sheet.replaceChildren(...thanks("h2", next), button(next?.link ? "dismiss" : "accept", labels.close, leave));
    const heading = sheet.querySelector("h2");
    heading.id = title.id;
    heading.focus();
  });
  const styles = el("link", { rel: "stylesheet", href: SMS.styles });
  styles.addEventListener("load", () => appear(dialog, memory), { once: true });
  document.head.append(styles);
  return dialog;
}

/** Nobody is interrupted: not while looking elsewhere, typing, or being asked something else. */
const busy = () =>
  document.hidden ||
  document.activeElement?.matches(TYPING) ||
  [...document.querySelectorAll(PROMPTS)].some((node) =>
    node.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }),
  );

function appear(dialog, memory) {
  if (busy()) setTimeout(() => appear(dialog, memory), 3000);
  // An answer may have been given in another tab meanwhile.
  else if (memory.due()) {
    document.body.append(dialog);
    dialog.showModal();
  }
}

function postpone({ read, write }, never) {
  const refusals = read().refusals ?? 0;
  const days = never ? FOREVER : (WAITS[refusals] ?? FOREVER);
  write({ refusals: refusals + 1, later: Date.now() + days * DAY });
}
