/**
 * Follows a campaign while it is sent: fetches the fragment again and puts each part that says something else in the
 * place of its older self. Without it a reload shows the same.
 */
class ProgressController extends window.StimulusModule.Controller {
  static values = { src: String, every: Number };

  connect() {
    this.plan();
  }

  disconnect() {
    clearTimeout(this.timer);
  }

  plan() {
    this.timer = setTimeout(() => this.refresh(), this.everyValue);
  }

  async refresh() {
    if (!document.hidden) {
      try {
        const response = await fetch(this.srcValue, { headers: { "X-Requested-With": "XMLHttpRequest" } });
        if (response.ok) this.show(new DOMParser().parseFromString(await response.text(), "text/html"));
      } catch {
        // Out of reach for a moment: the next round tries again.
      }
    }
    if (this.everyValue && this.element.isConnected) this.plan();
  }

  /** @param {Document} fetched A page without live parts, such as the login, ends the polling. */
  show(fetched) {
    this.everyValue = Number(fetched.querySelector("[data-every]")?.dataset.every ?? 0);
    fetched.querySelectorAll("[data-wagtail-sms-live]").forEach((part) => {
      const shown = document.getElementById(part.id);
      const differs = shown && withoutToken(shown) !== withoutToken(part);
      if (differs && !shown.contains(document.activeElement)) shown.replaceChildren(...part.childNodes);
    });
  }
}

/** The CSRF token is masked anew in each response; a new mask is no news. */
function withoutToken(part) {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((input) => input.remove());
  return copy.innerHTML;
}

window.wagtail.app.register("wagtail-sms-progress", ProgressController);
