"""The message box and what is said about a text while it is being written."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminAutoHeightTextInput

from wagtail_sms.campaigns.estimate import check_body, check_draft
from wagtail_sms.exceptions import MessageRefused, NumberError, UnknownCountry
from wagtail_sms.phone import parse
from wagtail_sms.segments import PART, SINGLE, UCS_2, forcing_characters, measure, split


# A text with more characters than this that GSM-7 lacks is written in another alphabet: naming them would help nobody.
MOST_NAMED = 5
BY_ENTER = {"data-action": "keydown.enter->wagtail-sms-composer#press"}


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
                "data-wagtail-sms-composer-target": "field",
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
    # What was in the box before its characters were made plain: the way back.
    before = forms.CharField(required=False, strip=False)
    form_token = forms.UUIDField(required=False)
    quote = forms.CharField(required=False)
    repeat_of = forms.IntegerField(required=False)
    # The version of the draft that was in front of the editor; 0 for a message that was never kept.
    revision = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    judge = staticmethod(check_body)

    def clean_body(self) -> str:
        try:
            return self.judge(self.cleaned_data["body"])
        except MessageRefused as error:
            raise ValidationError(error.message, code=error.code) from error


class DraftForm(MessageForm):
    """The same for a text that may be unfinished."""

    judge = staticmethod(check_draft)


class TestForm(forms.Form):
    """Where a test goes. `to` is cleaned to a `phone.PhoneNumber`; `test_token` makes a second click send nothing."""

    to = forms.CharField(
        label=_("Your phone number"),
        help_text=_("With + and the country's code."),
        max_length=64,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", **BY_ENTER}),
    )
    test_token = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)

    def clean_to(self):
        try:
            found = parse(self.cleaned_data["to"])
        except UnknownCountry as error:
            raise ValidationError(_("Begin with + and the code of the country."), code=error.code) from error
        except NumberError as error:
            raise ValidationError(error.message, code=error.code) from error
        if not found.can_receive_texts:
            raise ValidationError(_("This number is no mobile phone's."), code="landline")
        return found


class TemplateForm(forms.Form):
    """The name that a text is kept under."""

    template_name = forms.CharField(
        label=_("Name of the template"), max_length=60, widget=forms.TextInput(attrs=BY_ENTER)
    )


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
    def forcing_list(self) -> SafeString:
        return named(self.forcing)


def named(characters: Iterable[str]) -> SafeString:
    """The characters as a sentence lists them."""
    return format_html_join(", ", "<bdi>{}</bdi>", ((visible(character),) for character in characters))


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
        forcing=tuple(forcing_characters(text)[:MOST_NAMED]),
    )
