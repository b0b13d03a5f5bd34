"""The message box and what is said about a text while it is being written."""

import unicodedata
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminAutoHeightTextInput

from wagtail_sms.campaigns.estimate import check_body
from wagtail_sms.exceptions import MessageRefused
from wagtail_sms.segments import PART, SINGLE, UCS_2, forcing_characters, measure, split


class MessageInput(AdminAutoHeightTextInput):
    """A box that grows with the text and asks for a new estimate at each pause in typing."""

    def __init__(self, attrs=None):
        super().__init__(
            {
                "rows": 4,
                "data-controller": "w-autosize w-swap",
                "data-action": "input->w-swap#submitLazy",
                "data-w-swap-src-value": reverse_lazy("wagtail_sms:estimate"),
                "data-w-swap-target-value": "#wagtail-sms-estimate",
                "data-w-swap-wait-value": "300",
                "aria-describedby": "wagtail-sms-measure",
                **(attrs or {}),
            }
        )


class MessageField(forms.CharField):
    """A text that `check_body` alone judges: Django's own refusal of NUL would say the same in other words."""

    def run_validators(self, value) -> None:
        pass


class MessageForm(forms.Form):
    """A message, and the hidden facts that make its sending happen once, at the price that was seen."""

    body = MessageField(label=_("Message"), required=False, strip=False, widget=MessageInput)
    form_token = forms.UUIDField(required=False)
    confirmed = forms.IntegerField(required=False, min_value=0)
    repeat_of = forms.IntegerField(required=False)

    def clean_body(self) -> str:
        try:
            return check_body(self.cleaned_data["body"])
        except MessageRefused as error:
            raise ValidationError(error.message, code=error.code) from error


@dataclass(frozen=True, slots=True)
class Writing:
    """A text as the line under the box describes it. `left` counts what still fits into the last segment."""

    encoding: str
    units: int
    segments: int
    left: int
    problem: str
    forcing: tuple[str, ...]

    @property
    def is_special(self) -> bool:
        return self.encoding == UCS_2

    @property
    def forcing_list(self) -> str:
        return format_html_join(", ", "<bdi>{}</bdi>", ((visible(character),) for character in self.forcing))


def visible(character: str) -> str:
    """The character, or its code point where it has no shape of its own or would turn the sentence around it."""
    return f"U+{ord(character):04X}" if unicodedata.category(character)[0] in "CMZ" else character


def describe(body: str) -> Writing:
    """Measure a text that may be unfinished; `problem` says why it could not be sent as it is, "" if it could."""
    problem = ""
    try:
        text = check_body(body)
    except MessageRefused as error:
        text = body.replace("\r\n", "\n").strip()
        problem = "" if error.code == "empty" else error.message
    measured = measure(text)
    capacity = (SINGLE if measured.segments <= 1 else PART)[measured.encoding]
    last = measure(split(text)[-1]).units if text else 0
    return Writing(
        encoding=measured.encoding,
        units=measured.units,
        segments=measured.segments,
        left=capacity - last,
        problem=str(problem),
        forcing=tuple(forcing_characters(text)[:5]),
    )
