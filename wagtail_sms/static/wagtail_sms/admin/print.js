/** A button that prints the page. It is hidden until this runs: without it there is the browser's own menu. */
class PrintController extends window.StimulusModule.Controller {
  connect() {
    this.element.hidden = false;
  }

  print() {
    window.print();
  }
}

window.wagtail.app.register("wagtail-sms-print", PrintController);
