"""What became of the people of a campaign, in words."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from wagtail_sms.admin.columns import Look
from wagtail_sms.campaigns.progress import Progress
from wagtail_sms.countries import country_name
from wagtail_sms.states import SkipReason


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
        _("The network could not reach the phone, for instance because the number is no longer in use."),
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
class Outcome:
    """People in one state; `share` is their part of all, in percent."""

    name: str
    look: Look
    people: int
    share: float
    explanation: str
    reasons: tuple[tuple[str, int], ...] = ()

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
            reasons=reasons(found) if name == "skipped" else (),
        )
        for name, (icon, tone, label, explanation) in _STATES.items()
        if getattr(found, name)
    ]


def reasons(found: Progress) -> tuple[tuple[str, int], ...]:
    """Why people were skipped, the most frequent reason first."""
    counted = sorted(found.skipped_why.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        (str(SkipReason(reason).label) if reason else _("No reason kept"), people) for reason, people in counted
    )


def countries(found: Progress) -> list[dict]:
    """The rows of `by_country` with the country's name."""
    return [{**row, "name": country_name(row["country"])} for row in found.by_country]
