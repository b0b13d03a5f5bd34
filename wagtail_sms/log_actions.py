"""What people did, in the words of Wagtail's site history. Log data never holds a number or a message."""

from django.utils.translation import gettext_lazy, ngettext
from wagtail.log_actions import LogFormatter


PLAIN = {
    "wagtail_sms.install": (gettext_lazy("Install SMS notifications"), gettext_lazy("SMS notifications installed")),
    "wagtail_sms.uninstall": (
        gettext_lazy("Uninstall SMS notifications"),
        gettext_lazy("SMS notifications uninstalled"),
    ),
    "wagtail_sms.pwa_rebuild": (gettext_lazy("Rebuild the PWA"), gettext_lazy("PWA rebuilt")),
    "wagtail_sms.pause": (gettext_lazy("Pause a campaign"), gettext_lazy("Sending paused")),
    "wagtail_sms.resume": (gettext_lazy("Resume"), gettext_lazy("Resumed")),
    "wagtail_sms.cancel": (gettext_lazy("Cancel a campaign"), gettext_lazy("Sending cancelled")),
    "wagtail_sms.suspend": (gettext_lazy("Suspend a subscriber"), gettext_lazy("Subscriber suspended")),
    "wagtail_sms.delete": (gettext_lazy("Delete a subscriber"), gettext_lazy("Subscriber deleted")),
}


class SendFormatter(LogFormatter):
    label = gettext_lazy("Send text messages")

    def format_message(self, log_entry) -> str:
        recipients = log_entry.data.get("recipients", 0)
        sentence = ngettext(
            "Text message sent to %(recipients)s person for %(credits)s credits",
            "Text message sent to %(recipients)s people for %(credits)s credits",
            recipients,
        )
        return sentence % {"recipients": f"{recipients:,}", "credits": f"{log_entry.data.get('credits', 0):,}"}


def register(actions) -> None:
    """The `register_log_actions` hook."""
    for name, (label, message) in PLAIN.items():
        actions.register_action(name, label, message)
    actions.register_action("wagtail_sms.send")(SendFormatter)
