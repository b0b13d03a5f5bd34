"""Credits > Spending: where the credits went, by month, by country and by message, with a chart and as a file."""

from dataclasses import replace
from functools import cached_property
from urllib.parse import urlencode

from django.urls import path
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin import spans
from wagtail_sms.admin.charts import month_chart
from wagtail_sms.admin.mixins import SmsViewMixin, site_label
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.admin.spending_rows import CampaignRow, CountryRow, MonthRow, shared
from wagtail_sms.admin.spreadsheets import SafeExportMixin
from wagtail_sms.admin.tabs import tab
from wagtail_sms.campaigns.spending import by_campaign, by_country, by_month, total
from wagtail_sms.credits import periods
from wagtail_sms.credits.models import Wallet


VIEWS = {
    "spending": gettext_lazy("By month"),
    "spending_countries": gettext_lazy("By country"),
    "spending_campaigns": gettext_lazy("By message"),
}


class SpendingMixin(SmsViewMixin, SafeExportMixin, WagtailAdminTemplateMixin, TemplateView):
    """One of the three tables: `read` gives what the period's `span` holds, a `row_class` draws each of it."""

    section = "credits"
    stylesheets = ("sending.css", "spending.css")
    page_title = gettext_lazy("Spending")
    header_icon = "table"
    # The files are offered beside the table.
    show_export_buttons = False
    url_name = ""
    file_name = ""
    row_class = None

    def get(self, request, *args, **kwargs):
        if self.is_export:
            return self.as_spreadsheet(self.rows, request.GET["export"])
        return super().get(request, *args, **kwargs)

    def read(self) -> list:
        raise NotImplementedError

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def opened(self) -> str:
        """The first month that can have spending."""
        return periods.period_of(Wallet.objects.values_list("opened_at", flat=True).get(site=self.site))

    @cached_property
    def choices(self) -> list[spans.Choice]:
        return spans.choices(opened=self.opened, now=self.now)

    @cached_property
    def choice(self) -> spans.Choice:
        return spans.chosen(self.choices, self.request.GET.get("period", ""))

    @cached_property
    def rows(self) -> list:
        return shared(self.read(), self.row_class)

    @property
    def has_spending(self) -> bool:
        return any(row.credits for row in self.rows)

    @property
    def months(self) -> tuple[str, str]:
        """The first and the last month that the table is about."""
        span, this = self.choice.span, periods.period_of(self.now)
        return max(span.first, min(self.opened, span.last or this)), span.last or this

    def link(self, name: str, **query: str) -> str:
        """An address of this site and period."""
        return f"{self.address(name)}&{urlencode({'period': self.choice.name, **query})}"

    def get_export_url(self, format):
        return self.link(self.url_name, export=format)

    def get_filename(self) -> str:
        site = slugify(site_label(self.site)) or slugify(self.site.hostname.replace(".", "-"))
        return "-".join(["credits", self.file_name, site, *dict.fromkeys(self.months)])

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, {"url": self.address("credits"), "label": _("Credits")}, own]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {
            "views": [(label, self.link(name), name == self.url_name) for name, label in VIEWS.items()],
            "choices": self.choices,
            "choice": self.choice,
            "months": spans.in_words(*self.months),
            "rows": self.rows,
            "total": sum(row.credits for row in self.rows),
            "table_name": VIEWS[self.url_name],
            "is_empty": not self.has_spending,
            "has_spent_ever": self.has_spending or total(self.site) != 0,
            "everything_url": self.link(self.url_name, period=spans.ALL),
            "send_url": self.address("send") if self.may(*tab("send").rights) else "",
            "xlsx_url": self.xlsx_export_url,
            "csv_url": self.csv_export_url,
            "form_url": self.address(self.url_name).partition("?")[0],
            "sms_site_field": FORM_FIELD,
        }


class SpendingView(SpendingMixin):
    """By month, the newest first; the chart runs from left to right."""

    template_name = "wagtail_sms/admin/spending/months.html"
    url_name, file_name, row_class = "spending", "by-month", MonthRow
    list_export = ["month", "messages", "message_credits", "others", "other_credits", "credits"]
    export_headings = {
        "month": gettext_lazy("Month (UTC)"),
        "messages": gettext_lazy("Messages"),
        "message_credits": gettext_lazy("Credits for messages"),
        "others": gettext_lazy("Other texts"),
        "other_credits": gettext_lazy("Credits for other texts"),
        "credits": gettext_lazy("Credits"),
    }

    def read(self):
        return by_month(self.site, span=self.choice.span, now=self.now)[::-1]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        best = max(self.rows, key=lambda row: row.credits, default=None)
        context["chart"] = month_chart([(row.month, row.credits) for row in reversed(self.rows)])
        context["best"] = best
        for name in ("messages", "message_credits", "others", "other_credits"):
            context[f"total_{name}"] = sum(getattr(row, name) for row in self.rows)
        return context


class CountriesView(SpendingMixin):
    """By country, the dearest first."""

    template_name = "wagtail_sms/admin/spending/countries.html"
    url_name, file_name, row_class = "spending_countries", "by-country", CountryRow
    list_export = ["country", "name", "texts", "credits"]
    export_headings = {
        "country": gettext_lazy("Country code"),
        "name": gettext_lazy("Country"),
        "texts": gettext_lazy("Texts"),
        "credits": gettext_lazy("Credits"),
    }

    def read(self):
        return by_country(self.site, span=self.choice.span)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["total_texts"] = sum(row.texts for row in self.rows)
        context["has_unknown"] = any(not row.country for row in self.rows)
        return context


class CampaignsView(SpendingMixin):
    """By message, the newest first; the texts to one person stand below them on each page."""

    template_name = "wagtail_sms/admin/spending/campaigns.html"
    url_name, file_name, row_class = "spending_campaigns", "by-message", CampaignRow
    paginate_by = 50
    list_export = ["number", "title", "launched_at", "recipients", "segments", "credits"]
    export_headings = {
        "number": gettext_lazy("Number"),
        "title": gettext_lazy("Message"),
        "launched_at": gettext_lazy("Sent (UTC)"),
        "recipients": gettext_lazy("Recipients"),
        "segments": gettext_lazy("Segments each"),
        "credits": gettext_lazy("Credits"),
    }

    def read(self):
        lines = by_campaign(self.site, span=self.choice.span)
        return lines if self.may_open else [replace(line, body="") for line in lines]

    @property
    def may_open(self) -> bool:
        """Whoever sees the credits may not be one of those who read the messages."""
        return self.may(*tab("history").rights)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        paginator = WagtailPaginator([row for row in self.rows if row.number], self.paginate_by)
        paginator.verbose_name, paginator.verbose_name_plural = _("message"), _("messages")
        page = paginator.get_page(self.request.GET.get("p"))
        return context | {
            "page_obj": page,
            "elided_page_range": paginator.get_elided_page_range(page.number),
            "others": [row for row in self.rows if not row.number],
            "may_open": self.may_open,
        }


urlpatterns = [
    path("sms/credits/spending/", SpendingView.as_view(), name="spending"),
    path("sms/credits/spending/countries/", CountriesView.as_view(), name="spending_countries"),
    path("sms/credits/spending/messages/", CampaignsView.as_view(), name="spending_campaigns"),
]
