/* The build writes in front: const TOAST = {styles, lang, dir, texts}. Keep under 2.5 KB gzip.
   Fetched only when there is something to say. Every text goes in by textContent. */

const { texts } = TOAST;
const KEY = "wagtail-sms";
const FIELDS = "input, textarea, select";
const UNSAVED = '[type=password], [type=file], [contenteditable]:not([contenteditable="false"])';
const told = new Set();
let shown;

/** What a message is about: a title, a text, and the one button or link that follows from it. */
function words({ status, errors, next }) {
  if (status === "update") return { title: texts.update, button: texts.reload, act: reload };
  if (status === "expired") return { title: texts.failed, text: texts.expired };
  if (errors) return { title: texts.failed, text: [texts.refused, ...Object.values(errors)].join(" ") };
  return { title: next?.title ?? texts.done, text: next?.text ?? texts.thanks, button: next?.button, link: next?.link };
}

/** Say it when nothing else asks for attention. `memory` forgets a sign-up that came to nothing. */
export function tell(about, memory) {
  if (!about) return fill();
  // The worker delivers again until it hears that it was told.
  if (!told.has(about.key)) {
    if (about.status === "subscribed") memory.write({ done: Date.now() });
    else if (about.status !== "update") memory.write({ later: 0 });
    const said = words(about);
    if (about.status === "update" && unsaved()) return;
    if (!correct(said)) {
      if (about.aside) return;
      if (document.hidden || document.querySelector("dialog[open]")) {
        setTimeout(tell, 2000, about, memory);
        return;
      }
      show(said);
    }
    if (about.status === "update") return;
    told.add(about.key);
  }
  // A page that is left at once, or that nobody looks at, has not told it.
  if (!about.aside) setTimeout(heard, 1500);
}

const heard = () => navigator.serviceWorker.controller?.postMessage("TOLD");

/** Put the outcome where the page still says that the sign-up is kept. @returns {boolean} whether it stands there */
function correct(said) {
  const [title, text] = document.querySelectorAll(".wagtail-sms-kept");
  if (!text || said.link || said.act) return false;
  title.textContent = said.title;
  text.textContent = said.text ?? "";
  for (const node of [title, text]) node.classList.remove("wagtail-sms-kept");
  return true;
}

function show({ title, text, button, link, act }) {
  shown?.remove();
  const toast = make("div", { className: "wagtail-sms-toast", lang: TOAST.lang, dir: TOAST.dir });
  // A live region speaks only of what comes into it later.
  const said = make("div", { role: "status" });
  const close = make("button", { className: "wagtail-sms-toast__close", type: "button", ariaLabel: texts.close });
  close.addEventListener("click", () => {
    toast.remove();
    heard();
  });
  toast.append(said);
  if (button) {
    const given = { className: "wagtail-sms-toast__act", textContent: button };
    const then = link ? make("a", { ...given, href: link }) : make("button", { ...given, type: "button" });
    if (act) then.addEventListener("click", act);
    toast.append(then);
  }
  toast.append(close);
  const styles = make("link", { rel: "stylesheet", href: TOAST.styles });
  styles.addEventListener("load", () => {
    document.body.append(toast);
    said.append(make("p", { className: "wagtail-sms-toast__title", textContent: title }));
    if (text) said.append(make("p", { className: "wagtail-sms-toast__text", textContent: text }));
  });
  document.head.append(styles);
  shown = toast;
}

function make(tag, given) {
  const node = document.createElement(tag);
  const { role, ...rest } = given;
  if (role) node.setAttribute("role", role);
  return Object.assign(node, rest);
}

/** Let the new worker take over, and open the page again once, with what was typed. */
async function reload() {
  const { waiting } = (await navigator.serviceWorker.getRegistration()) ?? {};
  shown.remove();
  let gone = false;
  const again = () => {
    if (gone || unsaved() || !keep()) return;
    gone = true;
    location.reload();
  };
  if (!waiting) return again();
  navigator.serviceWorker.addEventListener("controllerchange", again, { once: true });
  // A worker that is busy keeps the new one waiting.
  setTimeout(again, 5000);
  waiting.postMessage("GO");
}

const fields = () => [...document.querySelectorAll(FIELDS)];
const ticks = ({ type }) => type === "checkbox" || type === "radio";
const value = (field) => {
  if (ticks(field)) return field.checked;
  return field.multiple && field.options ? [...field.options].map((option) => option.selected) : field.value;
};
const first = (field) => {
  if (ticks(field)) return field.defaultChecked;
  if (!field.options) return field.defaultValue;
  const chosen = [...field.options].map((option) => option.defaultSelected);
  if (field.multiple) return chosen;
  return field.options[Math.max(0, chosen.indexOf(true))]?.value ?? "";
};
const changed = (field) => JSON.stringify(value(field)) !== JSON.stringify(first(field));

/** Whether the page holds what can't be carried over a reload: a chosen file, a password, text in an editor. */
const unsaved = () =>
  [...document.querySelectorAll(UNSAVED)].some((node) => (node.matches(FIELDS) ? node.value : node.isContentEditable));

/** Keep what was typed for this one reload. @returns {boolean} whether it is kept, so that nothing is lost */
function keep() {
  const typed = fields().map((field, at) => [at, field.name, value(field), changed(field)]);
  const kept = typed.filter(([, , , touched]) => touched);
  if (!kept.length) return true;
  try {
    sessionStorage[KEY] = JSON.stringify({ page: location.pathname, kept });
    return true;
  } catch {
    return false;
  }
}

/** Fill in again what was typed before the reload, where the same fields still stand. */
function fill() {
  const { page, kept } = JSON.parse(sessionStorage[KEY]);
  delete sessionStorage[KEY];
  if (page !== location.pathname) return;
  const now = fields();
  for (const [at, name, typed] of kept) {
    const field = now[at]?.name === name ? now[at] : now.find((other) => other.name === name);
    if (!field) continue;
    if (ticks(field)) field.checked = typed;
    else if (Array.isArray(typed)) typed.forEach((selected, option) => (field.options[option].selected = selected));
    else field.value = typed;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  }
}
