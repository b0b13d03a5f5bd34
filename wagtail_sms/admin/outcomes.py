"""What became of the people of a campaign, in words."""

from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from wagtail_sms.admin.charts import percent_of
from wagtail_sms.admin.columns import Look
from wagtail_sms.campaigns.progress import Progress
from wagtail_sms.countries import country_name
from wagtail_sms.delivery.failures import FAILED, kind_of
from wagtail_sms.states import RETRYABLE, FailureKind, SkipReason


WITH_CODE = (FailureKind.UNKNOWN, FailureKind.REFUSED)


# Field of Progress: icon, tone, word, and a sentence where the word alone leaves a question.
_STATES = {
    "delivered": ("circle-check", "good", _("Delivered"), ""),
    "sent": ("mail", "wait", _("On the way"), _("The network has the message and has not reported its delivery yet.")),
    "accepted": ("upload", "wait", _("Accepted"), _("The SMS provider took the message; its report has not come yet.")),
    "sending": ("rotate", "wait", _("Being sent"), ""),
    "waiting": ("time", "quiet", _("Waiting"), ""),
    "uncertain": (
        "help",
        "warn",
        _("Uncertain"),
        _(
            "The SMS provider's answer was lost, so we don't know yet whether these people were texted. They are not "
            "texted again: nobody gets the same message twice. Their credits stay held until it is known."
        ),
    ),
    "undelivered": (
        "circle-xmark",
        "bad",
        _("Not delivered"),
        _("The SMS provider took the message, and the network reported that it did not arrive."),
    ),
    "expired": (
        "circle-xmark",
        "bad",
        _("Expired"),
        _("The phone stayed off or out of reach until the network gave up."),
    ),
    "rejected": (
        "circle-xmark",
        "bad",
        _("Rejected"),
        _("The SMS provider refused these numbers. Their credits were given back."),
    ),
    "lost": (
        "circle-xmark",
        "bad",
        _("Not sent"),
        _(
            "The SMS provider's answer was lost, and its list, or a person who looked into it, says that these "
            "messages were never sent. Their credits were given back, and nothing was sent a second time."
        ),
    ),
    "skipped": (
        "minus",
        "quiet",
        _("Skipped"),
        _("These people unsubscribed, or were suspended or deleted, before it was their turn. They cost nothing."),
    ),
    "cancelled": (
        "cross",
        "quiet",
        _("Cancelled"),
        _("The message was cancelled, or given up, before it was their turn. They cost nothing."),
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, and whether another try makes sense; None where that is no question."""

    words: str
    people: int
    is_retryable: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """People in one state; `share` is their part of all, in percent."""

    name: str
    look: Look
    people: int
    share: float
    explanation: str
    reasons: tuple["Reason", ...] = ()

    @property
    def percent(self) -> str:
        return "<1" if 0 < self.share < 0.5 else f"{self.share:.0f}"


def look_of_state(name: str, word: str = "") -> Look:
    """How a field of Progress is shown, with another word than its own if one is given."""
    icon, tone, label, _explanation = _STATES[name]
    return Look(icon, word or str(label), tone)


def outcomes(found: Progress) -> list[Outcome]:
    """The states somebody is in."""
    return [
        Outcome(
            name=name,
            look=Look(icon, str(label), tone),
            people=getattr(found, name),
            share=100 * getattr(found, name) / found.total if found.total else 0,
            explanation=str(explanation),
            reasons=reasons(found) if name == "skipped" else failures(found, name),
        )
        for name, (icon, tone, label, explanation) in _STATES.items()
        if getattr(found, name)
    ]


def reasons(found: Progress) -> tuple[Reason, ...]:
    """Why people were skipped, the most frequent reason first."""
    counted = sorted(found.skipped_why.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Reason(skip_reason(reason), people) for reason, people in counted)


def failures(found: Progress, state: str) -> tuple[Reason, ...]:
    """Why texts that ended in this state did not arrive, the most frequent reason first."""
    counted: Counter[tuple[str, bool]] = Counter()
    for failed in found.failures:
        if failed.state == state:
            counted[failure_words(failed.kind, failed.code), failed.kind in RETRYABLE] += failed.people
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Reason(words, people, retryable) for (words, retryable), people in ordered)


def failure_words(kind: FailureKind, code: str) -> str:
    """The kind in words, and the provider's code where the words don't say enough to look it up."""
    words = str(FailureKind(kind).label)
    return _("%(reason)s (code %(code)s)") % {"reason": words, "code": code} if code and kind in WITH_CODE else words


def why(provider: str, status: int, reason: str) -> str:
    """In words why one person got no text; "" for everybody else."""
    if status in FAILED:
        return failure_words(kind_of(provider, status, reason), reason)
    return skip_reason(reason) if reason else ""


def skip_reason(reason: str) -> str:
    return str(SkipReason(reason).label) if reason else str(_("No reason kept"))


def countries(found: Progress) -> list[dict]:
    """The rows of `by_country` with the country's name, and the lengths of its bars against the largest country."""
    most = max((row["recipients"] for row in found.by_country), default=0)
    return [
        {
            **row,
            "name": country_name(row["country"]),
            "bar": percent_of(row["recipients"], most),
            "delivered_bar": percent_of(row["delivered"], most),
            "failed_bar": percent_of(row["failed"], most),
        }
        for row in found.by_country
    ]
