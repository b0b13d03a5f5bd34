/* Stands behind the popup's module in an editor's preview: shows it at once, and answers in the site's place. */

if (GIVEN.answer) {
  const status = GIVEN.answer.errors ? 422 : 200;
  globalThis.fetch = async () => Response.json(GIVEN.answer, { status });
}
// A modal dialog takes the focus even in an inert frame, out of the field in which an editor types. So does a field with
// a mistake, if that frame was not drawn yet.
HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLElement.prototype.focus = () => {};
const memory = { read: () => ({}), write() {}, due: () => true };
// A page with a form in it is shown for the form.
let form = document.querySelector("form");
if (form) enhance(form, memory);
else form = offer(memory).querySelector("form");
if (GIVEN.answer) {
  form.elements.phone.value = GIVEN.phone;
  form.elements.consent.checked = true;
  form.dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
}
