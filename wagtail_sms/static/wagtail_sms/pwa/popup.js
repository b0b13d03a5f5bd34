/* The build writes in front: const SMS = {the site's texts, countries, labels, endpoint, styles}.
   Keep under 4.5 KB gzip. Every text goes in by textContent. */

const { labels } = SMS;
const DAY = 864e5;
const WAITS = [7, 30, 90];

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
  const wording = el("span", { dir: "auto", textContent: SMS.consent });
  const label = el("label", { className: "wagtail-sms-consent" }, box, wording);
  const node = el("div", { className: "wagtail-sms-field" }, label, errorFor("consent"));
  if (SMS.privacy_url) {
    const href = SMS.privacy_url;
    node.append(el("a", { className: "wagtail-sms-privacy", href, target: "_blank", textContent: labels.privacy }));
  }
  return node;
}

function signupForm(dismiss) {
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
      "p",
      { className: "wagtail-sms-actions" },
      el("button", { className: "wagtail-sms-accept", textContent: SMS.accept }),
      dismiss,
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

/** Send the form. Resolves to errors by field, or to nothing when the visitor is signed up. */
async function send(form, key) {
  const sent = {
    consent_version: SMS.consent_version,
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
    if (!response.headers.get("content-type")?.startsWith("application/json")) return { form: labels.failed };
    const answer = await response.json();
    if (response.ok && answer.status === "subscribed") return null;
    return answer.errors ?? { form: labels.failed };
  } catch {
    return { form: labels.offline };
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
    const errors = await send(form, key);
    sending = false;
    status.textContent = "";
    if (errors) show(form, errors);
    else done();
  });
}

function thanks(tag) {
  const title = el(tag, { className: "wagtail-sms-title", tabIndex: -1, textContent: labels.done });
  const text = el("p", { className: "wagtail-sms-text", role: "status", dir: "auto", textContent: SMS.thanks });
  return [el("span", { className: "wagtail-sms-tick", "aria-hidden": "true" }), title, text];
}

/** Let an inline form send without leaving the page. */
export function enhance(form, memory) {
  const names = new Map(countries());
  for (const option of form.elements.country.options) option.textContent = names.get(option.value) ?? option.textContent;
  form.elements.country.value ||= likelyCountry();
  wire(form, () => {
    memory.write({ done: Date.now() });
    form.replaceChildren(...thanks("h3"));
    form.querySelector("h3").focus();
  });
}

/** Show the sheet and remember the answer: a no for 7, 30, then 90 days, and after the fourth for good. */
export function offer(memory) {
  const close = el("button", { className: "wagtail-sms-close", type: "button", ariaLabel: labels.close });
  const dismiss = el("button", { className: "wagtail-sms-dismiss", type: "button", textContent: SMS.dismiss });
  const title = el("h2", { className: "wagtail-sms-title", id: "wagtail-sms-title", tabIndex: -1, autofocus: true });
  title.append(el("span", { dir: "auto", textContent: SMS.title }));
  const text = el("p", { className: "wagtail-sms-text", dir: "auto", textContent: SMS.text });
  const form = signupForm(dismiss);
  const sheet = el("div", { className: "wagtail-sms-sheet" }, close, title, text, form);
  const dialog = el("dialog", { className: "wagtail-sms-dialog", "aria-labelledby": title.id, lang: SMS.lang }, sheet);

  let signedUp = false;
  const leave = () => dialog.close();
  close.addEventListener("click", leave);
  dismiss.addEventListener("click", leave);
  dialog.addEventListener("click", (event) => event.target === dialog && leave());
  dialog.addEventListener("close", () => {
    if (!signedUp) refuse(memory);
    dialog.remove();
  });
  wire(form, () => {
    signedUp = true;
    memory.write({ done: Date.now() });
    const end = el("button", { className: "wagtail-sms-accept", type: "button", textContent: labels.close });
    end.addEventListener("click", leave);
    const parts = thanks("h2");
    parts[1].id = title.id;
    sheet.replaceChildren(...parts, end);
    parts[1].focus();
  });
  const styles = el("link", { rel: "stylesheet", href: SMS.styles });
  styles.addEventListener("load", () => dialog.showModal(), { once: true });
  document.head.append(styles);
  document.body.append(dialog);
}

function refuse({ read, write }) {
  const refusals = read().refusals ?? 0;
  write({ refusals: refusals + 1, later: Date.now() + (WAITS[refusals] ?? 36500) * DAY });
}
