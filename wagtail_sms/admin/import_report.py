"""What an import found, or did, in words."""

import csv
import io

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_sms.admin.columns import Look
from wagtail_sms.exceptions import CannotReceiveTexts, InvalidNumber, NotANumber, NumberError, UnknownCountry
from wagtail_sms.states import ImportStatus
from wagtail_sms.subscribers.imports import OUTCOMES, PROBLEMS_KEPT
from wagtail_sms.subscribers.models import SubscriberImport


PROBLEMS_SHOWN = 100
LOOKS = {
    "new": Look("circle-check", gettext_lazy("New"), "good"),
    "known": Look("user", gettext_lazy("Known already"), "quiet"),
    "suppressed": Look("wagtail-sms-mobile-slash", gettext_lazy("Unsubscribed or deleted"), "bad"),
    "repeated": Look("copy", gettext_lazy("Twice in the file"), "quiet"),
    "invalid": Look("warning", gettext_lazy("Not usable"), "warn"),
}
MEANINGS = {
    "new": gettext_lazy("They are added and receive your next message."),
    "known": gettext_lazy("They stay exactly as they are, suspended ones too."),
    "suppressed": gettext_lazy(
        "They texted STOP or were deleted. An import never brings them back; they can by signing up themselves."
    ),
    "repeated": gettext_lazy("Each person counts once."),
    "invalid": gettext_lazy("Listed below with the reason."),
}
DONE = Look("circle-check", gettext_lazy("Imported"), "good")
REASONS = {
    "empty": gettext_lazy("There is no number in this row."),
    "formula": gettext_lazy("This cell holds a formula. Save it as a value."),
    NotANumber.code: gettext_lazy("This is not a phone number."),
    UnknownCountry.code: gettext_lazy("The country is not known: the number has no +, or its country code is wrong."),
    InvalidNumber.code: gettext_lazy("There is no such number in its country."),
    CannotReceiveTexts.code: gettext_lazy("This kind of number can't receive text messages."),
}


def figures(found: SubscriberImport) -> list[dict]:
    """The outcomes in their order, those of nobody too: a zero is news."""
    looks = {**LOOKS, "new": DONE} if found.status in (ImportStatus.DONE, ImportStatus.IMPORTING) else LOOKS
    return [{"look": looks[name], "people": found.figures.get(name, 0), "meaning": MEANINGS[name]} for name in OUTCOMES]


def problem_rows(found: SubscriberImport) -> tuple[list[tuple[int, str]], int]:
    """(row, why) of the first unusable rows, and how many more there are."""
    shown = [(row, _reason(code)) for row, code in found.problems[:PROBLEMS_SHOWN]]
    return shown, found.figures.get("invalid", 0) - len(shown)


def problems_file(found: SubscriberImport) -> str:
    """CSV with the unusable rows that were kept, without what stands in them."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow([_("Row"), _("Reason")])
    writer.writerows([row, _reason(code)] for row, code in found.problems)
    if found.figures.get("invalid", 0) > PROBLEMS_KEPT:
        writer.writerow(["", _("Only the first %(kept)s rows are listed.") % {"kept": f"{PROBLEMS_KEPT:,}"}])
    return "\ufeff" + output.getvalue()


def _reason(code: str) -> str:
    return str(REASONS.get(code, NumberError.message))
