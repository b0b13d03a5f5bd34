"""Which column of an imported file holds what; guessed from its first rows, and chosen by the editor."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


HEADINGS = {
    "number": ("number", "phone", "phone number", "mobile", "telephone", "tel", "telefon", "numéro", "handy"),
    "country": ("country", "country code", "land", "pays"),
    "language": ("language", "lang", "locale", "sprache", "langue"),
}


class ColumnsForm(forms.Form):
    number = forms.TypedChoiceField(label=gettext_lazy("Phone number"), coerce=int)
    country = forms.TypedChoiceField(
        label=gettext_lazy("Country, for numbers without a +"),
        help_text=gettext_lazy("ISO codes of two letters, such as FR, or names."),
        coerce=int,
        required=False,
        empty_value=None,
    )
    language = forms.TypedChoiceField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy("Codes such as fr or pt-br."),
        coerce=int,
        required=False,
        empty_value=None,
    )

    def __init__(self, *args, sample: list[list[str]], **kwargs):
        super().__init__(*args, **kwargs)
        first = sample[0] if sample else []
        choices = [(place, _label(place, text)) for place, text in enumerate(first)]
        self.fields["number"].choices = choices
        for name in ("country", "language"):
            self.fields[name].choices = [("", _("Not in the file")), *choices]
        self.initial = {**guess(sample), **self.initial}

    def clean(self):
        chosen = [place for place in self.columns.values() if place is not None]
        if len(set(chosen)) < len(chosen):
            raise forms.ValidationError(_("Choose another column for each."))
        return self.cleaned_data

    @property
    def columns(self) -> dict[str, int | None]:
        return {name: self.cleaned_data.get(name) for name in HEADINGS}


def guess(sample: list[list[str]]) -> dict[str, int]:
    """The places whose heading says so; for the number else the one with the most digits below the first row."""
    first = [text.casefold() for text in sample[0]] if sample else []
    found = {}
    for name, words in HEADINGS.items():
        place = next((place for place, text in enumerate(first) if text in words), None)
        if place is not None:
            found[name] = place
    if "number" not in found and first:
        rows = sample[1:] or sample
        digits = [sum(letter.isdigit() for row in rows for letter in row[place]) for place in range(len(first))]
        found["number"] = digits.index(max(digits))
    return found


def _label(place: int, text: str) -> str:
    letter = chr(ord("A") + place) if place < 26 else "A" + chr(ord("A") + place - 26)
    return f"{letter}: {text[:60]}" if text else letter
