"""What the tables on spending show of each row: its name, its part of the whole, the length of its bar."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_sms.admin.charts import percent_of
from wagtail_sms.admin.spans import month_name
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.spending import UNKNOWN
from wagtail_sms.countries import country_name
from wagtail_sms.states import NoticePurpose


OTHER_TEXTS = {
    NoticePurpose.WELCOME: gettext_lazy("Welcome texts"),
    NoticePurpose.CODE: gettext_lazy("Confirmation codes"),
    NoticePurpose.TEST: gettext_lazy("Test messages"),
    NoticePurpose.STOP_REPLY: gettext_lazy("Replies to STOP"),
    NoticePurpose.START_REPLY: gettext_lazy("Replies to START"),
    NoticePurpose.HELP_REPLY: gettext_lazy("Replies to HELP"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `campaigns.spending` within its table. Its figures are read from the line itself."""

    line: object
    whole: int
    highest: int

    def __getattr__(self, name: str):
        return getattr(self.line, name)

    @property
    def share(self) -> str:
        """Percent of all credits of the table, without a fraction."""
        part = 100 * self.line.credits / self.whole if self.whole else 0
        return "<1" if 0 < part < 0.5 else f"{part:.0f}"

    @property
    def bar(self) -> str:
        return percent_of(self.line.credits, self.highest)


class MonthRow(Row):
    @property
    def name(self) -> str:
        return month_name(self.line.month)


class CountryRow(Row):
    @property
    def name(self) -> str:
        return _("Country not known") if self.line.country == UNKNOWN else country_name(self.line.country)


class CampaignRow(Row):
    @property
    def title(self) -> str:
        """The whole message, its number for those who may not read it, or what kind of texts these are."""
        if self.line.number:
            return self.line.body or numbered(self.line.number)
        return str(OTHER_TEXTS.get(self.line.purpose, _("Other")))

    @property
    def name(self) -> str:
        """As everywhere, the beginning of the message."""
        return str(Campaign(body=self.title)) if self.line.number else self.title


def numbered(number: int) -> str:
    """What a message is called where nobody may read it."""
    return _("Message %(number)s") % {"number": number}


def shared(lines: list, row_class: type[Row]) -> list[Row]:
    """Each line as a row that knows its part of all of them."""
    whole = sum(line.credits for line in lines)
    highest = max((line.credits for line in lines), default=0)
    return [row_class(line, whole, highest) for line in lines]
