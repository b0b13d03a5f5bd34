"""What people did, in the words of Wagtail's site history. Log data never holds a number or a message."""

from django.utils.translation import gettext_lazy, ngettext
from wagtail.log_actions import LogFormatter


PLAIN = {
    "wagtail_sms.install": (gettext_lazy("Install SMS notifications"), gettext_lazy("SMS notifications installed")),
    "wagtail_sms.uninstall": (
        gettext_lazy("Uninstall SMS notifications"),
        gettext_lazy("SMS notifications uninstalled"),
    ),
    "wagtail_sms.schedule": (gettext_lazy("Schedule a campaign"), gettext_lazy("Scheduled to be sent later")),
    "wagtail_sms.unschedule": (
        gettext_lazy("Take a campaign off the schedule"),
        gettext_lazy("Taken off the schedule"),
    ),
    "wagtail_sms.hold": (
        gettext_lazy("Hold a scheduled campaign"),
        gettext_lazy("Not sent at its time; waits for a person"),
    ),
    "wagtail_sms.pause": (gettext_lazy("Pause a campaign"), gettext_lazy("Sending paused")),
    "wagtail_sms.resume": (gettext_lazy("Resume"), gettext_lazy("Resumed")),
    "wagtail_sms.cancel": (gettext_lazy("Cancel a campaign"), gettext_lazy("Sending cancelled")),
    "wagtail_sms.suspend": (gettext_lazy("Suspend a subscriber"), gettext_lazy("Subscriber suspended")),
    "wagtail_sms.treat_as_stop": (gettext_lazy("Treat a text as STOP"), gettext_lazy("Text treated as STOP")),
    "wagtail_sms.leave_text": (
        gettext_lazy("Leave a text as it is"),
        gettext_lazy("Doubtful text left as it is: no STOP"),
    ),
    "wagtail_sms.country_request": (
        gettext_lazy("Request a number of another country"),
        gettext_lazy("A number of another country requested"),
    ),
    "wagtail_sms.country_declined": (
        gettext_lazy("Decline a number of another country"),
        gettext_lazy("The number of another country declined"),
    ),
    "wagtail_sms.change_sender": (gettext_lazy("Change the sender number"), gettext_lazy("Another number is obtained")),
    "wagtail_sms.end_trial": (gettext_lazy("End the trial"), gettext_lazy("Trial ended")),
    "wagtail_sms.delete": (gettext_lazy("Delete a subscriber"), gettext_lazy("Subscriber deleted")),
}

# Filled with the number of the build.
BUILDS = {
    "wagtail_sms.pwa_rebuild": (gettext_lazy("Rebuild the PWA"), gettext_lazy("PWA rebuilt: build %(number)s")),
    "wagtail_sms.pwa_put_back": (
        gettext_lazy("Put a build of the PWA back"),
        gettext_lazy("Build %(number)s of the PWA put back"),
    ),
    "wagtail_sms.pwa_switch_off": (
        gettext_lazy("Switch the PWA off"),
        gettext_lazy("PWA switched off; until then build %(number)s was served"),
    ),
}

# Filled with the entry's data. The operator's reason is part of each.
PRICES = {
    "wagtail_sms.price_override": (
        gettext_lazy("Set the credits of a country"),
        gettext_lazy("A segment set to %(credits)s credits: %(reason)s"),
    ),
    "wagtail_sms.price_disable": (gettext_lazy("Switch a country off"), gettext_lazy("Switched off: %(reason)s")),
    "wagtail_sms.price_enable": (gettext_lazy("Switch a country on"), gettext_lazy("Switched on: %(reason)s")),
    "wagtail_sms.price_clear": (
        gettext_lazy("Let a country follow its price"),
        gettext_lazy("Follows the price again: %(reason)s"),
    ),
    "wagtail_sms.price_pin": (
        gettext_lazy("Pin the price of one credit"),
        gettext_lazy("One credit pinned to %(price)s %(currency)s: %(reason)s"),
    ),
    "wagtail_sms.price_unpin": (
        gettext_lazy("Unpin the price of one credit"),
        gettext_lazy("One credit is the cheapest country's price again: %(reason)s"),
    ),
    "wagtail_sms.price_list_upload": (
        gettext_lazy("Put a price list in force"),
        gettext_lazy("Prices of %(provider)s from %(source)s put in force: %(reason)s"),
    ),
    "wagtail_sms.price_list_accept": (
        gettext_lazy("Use a refused price list"),
        gettext_lazy("The refused price list of %(provider)s is used: %(reason)s"),
    ),
}


class BuildFormatter(LogFormatter):
    def format_message(self, log_entry) -> str:
        _label, sentence = BUILDS[log_entry.action]
        return str(sentence % {"number": log_entry.data.get("number", "")})


class PriceFormatter(LogFormatter):
    def format_message(self, log_entry) -> str:
        _label, sentence = PRICES[log_entry.action]
        return str(sentence % {name: "" if value is None else value for name, value in log_entry.data.items()})

    def format_comment(self, log_entry) -> str:
        return ""


# Filled with how many people it was.
CROWDS = {
    "wagtail_sms.suspend_all": gettext_lazy("Suspend many subscribers"),
    "wagtail_sms.resume_all": gettext_lazy("Resume many subscribers"),
}


class CrowdFormatter(LogFormatter):
    def format_message(self, log_entry) -> str:
        people = log_entry.data.get("people", 0)
        suspended = ngettext("%(people)s subscriber suspended", "%(people)s subscribers suspended", people)
        resumed = ngettext("%(people)s subscriber resumed", "%(people)s subscribers resumed", people)
        sentence = suspended if log_entry.action == "wagtail_sms.suspend_all" else resumed
        return sentence % {"people": f"{people:,}"}


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


class RetryFormatter(LogFormatter):
    label = gettext_lazy("Send a message a second time")

    def format_message(self, log_entry) -> str:
        people = log_entry.data.get("people", 0)
        sentence = ngettext(
            "Sent again to %(people)s person whose phone could not be reached: campaign %(campaign)s",
            "Sent again to %(people)s people whose phone could not be reached: campaign %(campaign)s",
            people,
        )
        return sentence % {"people": f"{people:,}", "campaign": log_entry.data.get("campaign", "")}


class AdjustCreditsFormatter(LogFormatter):
    label = gettext_lazy("Give or take SMS credits")

    def format_message(self, log_entry) -> str:
        credits = log_entry.data.get("credits", 0)
        given = ngettext("%(credits)s credit given: %(reason)s", "%(credits)s credits given: %(reason)s", abs(credits))
        taken = ngettext("%(credits)s credit taken: %(reason)s", "%(credits)s credits taken: %(reason)s", abs(credits))
        figures = {"credits": f"{abs(credits):,}", "reason": log_entry.data.get("reason", "")}
        return (given if credits > 0 else taken) % figures


class ExportFormatter(LogFormatter):
    label = gettext_lazy("Export subscribers")

    def format_message(self, log_entry) -> str:
        people = log_entry.data.get("people", 0)
        sentence = ngettext("%(people)s subscriber exported", "%(people)s subscribers exported", people)
        if not log_entry.data.get("full"):
            sentence = ngettext(
                "%(people)s subscriber exported, the number hidden",
                "%(people)s subscribers exported, their numbers hidden",
                people,
            )
        return sentence % {"people": f"{people:,}"}


class CampaignExportFormatter(LogFormatter):
    label = gettext_lazy("Export a message's people")

    def format_message(self, log_entry) -> str:
        people = log_entry.data.get("people", 0)
        sentence = ngettext("%(people)s person exported", "%(people)s people exported", people)
        if not log_entry.data.get("full"):
            sentence = ngettext(
                "%(people)s person exported, the number hidden",
                "%(people)s people exported, their numbers hidden",
                people,
            )
        return sentence % {"people": f"{people:,}"}


class ImportFormatter(LogFormatter):
    label = gettext_lazy("Import subscribers")

    def format_message(self, log_entry) -> str:
        people = log_entry.data.get("people", 0)
        sentence = ngettext(
            "%(people)s subscriber imported from %(file)s",
            "%(people)s subscribers imported from %(file)s",
            people,
        )
        return sentence % {"people": f"{people:,}", "file": log_entry.data.get("file", "")}


class DecideFormatter(LogFormatter):
    label = gettext_lazy("Decide about uncertain texts")

    def format_message(self, log_entry) -> str:
        people, credits = log_entry.data.get("people", 0), log_entry.data.get("credits", 0)
        sent = log_entry.data.get("verdict") == "sent"
        counted, moved = self._people(people, sent=sent), self._credits(credits, sent=sent)
        return f"{counted}, {moved}: {log_entry.data.get('reason', '')}"

    @staticmethod
    def _people(people: int, *, sent: bool) -> str:
        counted = ngettext("%(people)s person counted as sent to", "%(people)s people counted as sent to", people)
        if not sent:
            counted = ngettext(
                "%(people)s person counted as not sent to", "%(people)s people counted as not sent to", people
            )
        return counted % {"people": f"{people:,}"}

    @staticmethod
    def _credits(credits: int, *, sent: bool) -> str:
        moved = ngettext("%(credits)s credit spent", "%(credits)s credits spent", credits)
        if not sent:
            moved = ngettext("%(credits)s credit given back", "%(credits)s credits given back", credits)
        return moved % {"credits": f"{credits:,}"}


def register(actions) -> None:
    """The `register_log_actions` hook."""
    for name, (label, message) in PLAIN.items():
        actions.register_action(name, label, message)
    for name, (label, _sentence) in BUILDS.items():
        actions.register_action(name)(type("BuildFormatter", (BuildFormatter,), {"label": label}))
    for name, (label, _sentence) in PRICES.items():
        actions.register_action(name)(type("PriceFormatter", (PriceFormatter,), {"label": label}))
    for name, label in CROWDS.items():
        actions.register_action(name)(type("CrowdFormatter", (CrowdFormatter,), {"label": label}))
    actions.register_action("wagtail_sms.send")(SendFormatter)
    actions.register_action("wagtail_sms.retry")(RetryFormatter)
    actions.register_action("wagtail_sms.adjust_credits")(AdjustCreditsFormatter)
    actions.register_action("wagtail_sms.decide")(DecideFormatter)
    actions.register_action("wagtail_sms.export_subscribers")(ExportFormatter)
    actions.register_action("wagtail_sms.export_campaign")(CampaignExportFormatter)
    actions.register_action("wagtail_sms.import_subscribers")(ImportFormatter)
