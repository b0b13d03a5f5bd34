/**
 * The box of a message: puts plain characters in the place of special ones, and the special ones back. The server has
 * made the text and shows both buttons; without this script they do the same by a round trip.
 */
class ComposerController extends window.StimulusModule.Controller {
  static targets = ["field", "before"];

  replace(event) {
    event.preventDefault();
    this.put(event.currentTarget.dataset.text, this.fieldTarget.value);
  }

  undo(event) {
    event.preventDefault();
    this.put(this.beforeTarget.value, "");
  }

  /** Enter in a field presses the button beside it, not the first one of the form. */
  press(event) {
    event.preventDefault();
    event.target.closest("details").querySelector("button[type=submit]").click();
  }

  /** @param {string} text @param {string} before What an undo puts back. */
  put(text, before) {
    const field = this.fieldTarget;
    this.beforeTarget.value = before;
    field.focus();
    field.select();
    // As if it were typed, so that the browser's own undo knows it too.
    if (!document.execCommand("insertText", false, text)) field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

window.wagtail.app.register("wagtail-sms-composer", ComposerController);
