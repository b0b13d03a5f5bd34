"""Credits > Spending: tables, charts and files of one site, for those who may see its credits."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from tests.admin.conftest import make_editor, signed_in
from tests.campaigns.test_spending import move
from tests.delivery.sending import sent
from tests.delivery.test_notices import opt_in
from tests.factories import give_credits, make_subscribers
from wagtail_sms.admin import spans
from wagtail_sms.admin.charts import month_chart, percent_of
from wagtail_sms.admin.spreadsheets import harmless
from wagtail_sms.campaigns import spending
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import periods
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.providers.base import Outcome


VIEWS = ["spending", "spending_countries", "spending_campaigns"]
FORMULA = '=HYPERLINK("http://evil.example","Tickets")'


@pytest.fixture
def treasurer(site):
    return signed_in(make_editor("Tom", site, "view_wallet", "view_campaign"))


def get(client, name: str = "spending", **query):
    return client.get(reverse(f"wagtail_sms:{name}"), query)


def text(response) -> str:
    return " ".join(response.content.decode().split())


def table(response) -> list[list[str]]:
    """The cells of each row of the page's table, in words."""
    [body] = re.findall(r"<table class=.listing wagtail-sms-spent(.*?)</table>", text(response))
    rows = re.findall(r"<tr>(.*?)</tr>", body)
    return [
        [" ".join(re.sub(r"<.*?>", " ", cell).split()) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def csv_of(client, name: str, **query) -> list[list[str]]:
    content = b"".join(get(client, name, export="csv", **query).streaming_content).decode()
    return list(csv.reader(io.StringIO(content)))


def xlsx_of(client, name: str, **query):
    response = get(client, name, export="xlsx", **query)
    return load_workbook(io.BytesIO(b"".join(response.streaming_content))).active


def spend_in(site, body: str, *when: int) -> Campaign:
    campaign = sent(site, body=body)
    move(campaign.reservation, datetime(*when, tzinfo=UTC))
    return campaign


@pytest.mark.parametrize("name", VIEWS)
def test_every_table_and_file_adds_up_to_what_the_ledger_spent(site, treasurer, provider, name):
    people = [*make_subscribers(site, 5), *make_subscribers(site, 3, country="FR")]
    provider.script[people[0].number] = Outcome.REJECTED
    sent(site)
    opt_in(site)
    send_notices()
    spent = spending.total(site)
    page = get(treasurer, name)
    assert f"<strong>{spent}</strong> credits spent" in text(page)
    assert str(spent) in table(page)[-1]
    exported = csv_of(treasurer, name)
    assert exported[0][-1] == "Credits"
    assert sum(int(row[-1]) for row in exported[1:]) == spent
    sheet = xlsx_of(treasurer, name)
    assert sum(row[-1] for row in sheet.iter_rows(min_row=2, values_only=True)) == spent


def test_by_month_tells_messages_from_other_texts(site, treasurer):
    make_subscribers(site, 3)
    sent(site)
    opt_in(site)
    send_notices()
    welcome = spending.total(site) - 3
    month = spans.month_name(periods.period_of(timezone.now()))
    assert table(get(treasurer))[1] == [month, "1", "3", "1", str(welcome), str(welcome + 3)]


def test_by_country_names_them_the_dearest_first(site, treasurer):
    make_subscribers(site, 3)
    make_subscribers(site, 1, country="FR")
    sent(site)
    dear = credits_for("FR")
    share = f"{100 * dear / (dear + 3):.0f} %"
    rows = table(get(treasurer, "spending_countries"))
    assert rows[1] == ["France", "1", str(dear), share]
    assert rows[-1] == ["Total", "4", str(dear + 3), "100 %"]


def test_by_message_leads_to_each_and_lists_welcome_texts_below(site, superuser):
    make_subscribers(site, 3)
    campaign = sent(site, body="Tonight: piano. " + "Doors open at seven. " * 8)
    opt_in(site)
    send_notices()
    page = get(signed_in(superuser), "spending_campaigns")
    assert f"{reverse('wagtail_sms:campaign', args=[campaign.pk])}?sms_site={site.pk}" in text(page)
    message, welcome = table(page)[1:3]
    assert (message[0], message[2:5]) == (str(campaign), ["3", str(campaign.segments), str(3 * campaign.segments)])
    assert (welcome[0], welcome[1:4]) == ("Welcome texts", ["", "1", ""])


def test_who_may_see_credits_only_reads_no_message_in_the_table_or_a_file(site):
    make_subscribers(site, 1)
    campaign = sent(site, body="Not announced yet: Zoe and the whole band.")
    viewer = signed_in(make_editor("Vera", site, "view_wallet"))
    page = get(viewer, "spending_campaigns")
    assert table(page)[1][0] == f"Message {campaign.pk}"
    assert "the whole band" not in text(page) and reverse("wagtail_sms:campaign", args=[campaign.pk]) not in text(page)
    assert csv_of(viewer, "spending_campaigns")[1][:2] == [str(campaign.pk), f"Message {campaign.pk}"]
    assert xlsx_of(viewer, "spending_campaigns").cell(2, 2).value == f"Message {campaign.pk}"


def test_many_messages_are_paged_and_the_total_is_of_all_pages(site, treasurer, django_assert_max_num_queries):
    give_credits(site, 1000)
    make_subscribers(site, 1)
    for number in range(53):
        sent(site, body=f"Message {number}")
    first, second = (get(treasurer, "spending_campaigns", p=page) for page in (1, 2))
    assert (len(table(first)), len(table(second))) == (52, 5)
    assert table(first)[-1][0] == "Total of all pages"
    assert "53" in table(first)[-1] and "53" in table(second)[-1]
    assert len(csv_of(treasurer, "spending_campaigns")) == 54
    with django_assert_max_num_queries(25):
        get(treasurer, "spending_campaigns")


@pytest.mark.parametrize(
    ("period", "months"),
    [
        ("1", ["2026-11"]),
        ("3", ["2026-11", "2026-10", "2026-09"]),
        ("2026", ["2026-11", "2026-10", "2026-09", "2026-08", "2026-07", "2026-06", "2026-05", "2026-04", "2026-03"]),
    ],
)
def test_a_period_ends_with_the_month_that_is_running_in_utc(site, treasurer, period, months, monkeypatch):
    Wallet.objects.filter(site=site).update(opened_at=datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    make_subscribers(site, 1)
    spend_in(site, "On the last day", 2026, 8, 31, 23, 59, 59)
    spend_in(site, "On the first day", 2026, 9, 1)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    with timezone.override("Europe/Berlin"):
        rows = csv_of(treasurer, "spending", period=period)[1:]
        assert [row[0] for row in rows] == months
        expected = sum(month in months for month in ("2026-08", "2026-09"))
        for name in VIEWS:
            assert sum(int(row[-1]) for row in csv_of(treasurer, name, period=period)[1:]) == expected


def test_an_unknown_period_is_the_last_twelve_months(site, treasurer):
    page = get(treasurer, period="'; --")
    assert page.status_code == 200 and page.context["choice"].name == "12"


def test_a_period_stays_chosen_from_table_to_table_and_for_the_files(site, treasurer):
    make_subscribers(site, 1)
    sent(site)
    page = text(get(treasurer, period="all"))
    for name in VIEWS:
        assert f'{reverse(f"wagtail_sms:{name}")}?sms_site={site.pk}&amp;period=all"' in page
    assert "period=all&amp;export=csv" in page and "period=all&amp;export=xlsx" in page


def test_a_message_that_looks_like_a_formula_is_exported_as_text(site, treasurer):
    make_subscribers(site, 1)
    sent(site, body=FORMULA)
    [row] = csv_of(treasurer, "spending_campaigns")[1:]
    assert row[1] == f"'{FORMULA}"
    cell = xlsx_of(treasurer, "spending_campaigns")["B2"]
    assert (cell.value, cell.data_type) == (FORMULA, "s")


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", " =1", "\t=1", "\xa0=1", "＝1", "＋1", "－1", "＠x", "\0=1"],
)
def test_no_beginning_of_a_formula_gets_into_a_file(value):
    assert harmless(value) == f"'{value}"


@pytest.mark.parametrize(
    ("value", "exported"),
    [
        ("Doors;=1+1", "Doors;'=1+1"),
        ('Doors; "@SUM(A1)', "Doors; \"'@SUM(A1)"),
        ("Doors\n=1", "Doors\n'=1"),
        (";-1;+1", ";'-1;'+1"),
        ("=1;=2", "'=1;'=2"),
    ],
)
def test_no_formula_begins_where_a_spreadsheet_takes_a_semicolon_for_the_end_of_a_cell(value, exported):
    assert harmless(value) == exported


@pytest.mark.parametrize(
    "value", ["Tonight: piano", "a=b", "Soup; bread", "one - two", "two\nlines", "'=1", "", -5, 0, 3.5, None]
)
def test_other_text_and_numbers_are_exported_as_they_are(value):
    assert harmless(value) is value


def test_numbers_in_a_workbook_are_numbers_and_dates_are_dates(site, treasurer):
    make_subscribers(site, 2)
    campaign = sent(site)
    header, row = xlsx_of(treasurer, "spending_campaigns").iter_rows(values_only=True)
    assert header == ("Number", "Message", "Sent (UTC)", "Recipients", "Segments each", "Credits")
    assert (row[0], row[3:]) == (campaign.pk, (2, 1, 2))
    assert isinstance(row[2], datetime)


def test_control_characters_never_break_a_workbook(site, treasurer):
    make_subscribers(site, 1)
    campaign = sent(site)
    # Past every check of ours, which would take them out or refuse them.
    QuerySet(Campaign).filter(pk=campaign.pk).update(body="Bell\x07 and \x0b tab")
    assert xlsx_of(treasurer, "spending_campaigns")["B2"].value == "Bell and  tab"


@pytest.mark.parametrize(("name", "table_name"), list(zip(VIEWS, ["month", "country", "message"], strict=True)))
def test_a_files_name_says_site_and_months(site, treasurer, name, table_name):
    this = periods.period_of(timezone.now())
    expected = f"credits-by-{table_name}-halle-nord-{this}"
    for kind in ("csv", "xlsx"):
        header = get(treasurer, name, export=kind, period="1")["Content-Disposition"]
        assert f'filename="{expected}.{kind}"' in header


def test_a_site_whose_name_has_no_latin_letters_is_named_by_its_host(site, treasurer):
    type(site).objects.filter(pk=site.pk).update(site_name="音楽堂")
    assert 'filename="credits-by-month-localhost-' in get(treasurer, export="csv")["Content-Disposition"]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("query", [{}, {"export": "csv"}, {"export": "xlsx"}])
def test_without_the_right_nothing_is_shown_and_nothing_exported(site, name, query):
    make_subscribers(site, 1)
    sent(site, body="Only for us")
    sender = signed_in(make_editor("Sven", site, "send_campaign", "view_campaign"))
    assert get(sender, name, **query).url == reverse("wagtailadmin_home")


@pytest.mark.parametrize("name", VIEWS)
def test_another_sites_spending_is_never_shown(site, south_editor, name):
    make_subscribers(site, 3, country="FR")
    sent(site, body="Only for Halle Nord")
    client = signed_in(south_editor)
    page = get(client, name)
    assert "<strong>0</strong> credits spent" in text(page) and "Halle Nord" not in text(page)
    assert "France" not in text(page)
    assert all(int(row[-1]) == 0 for row in csv_of(client, name)[1:])
    for query in ({}, {"export": "csv"}, {"export": "xlsx"}):
        assert get(client, name, sms_site=site.pk, **query).url == reverse("wagtailadmin_home")


def test_a_site_that_spent_nothing_is_told_so_in_words(site, treasurer, superuser):
    for name in VIEWS:
        assert "Nothing was spent yet." in text(get(treasurer, name))
        assert '<svg class="wagtail-sms-chart' not in text(get(treasurer, name))
    assert "Write a message" not in text(get(treasurer))
    assert "Write a message" in text(get(signed_in(superuser)))


def test_months_in_which_nothing_was_spent_lead_to_all_months(site, treasurer):
    Wallet.objects.filter(site=site).update(opened_at=datetime(2024, 1, 1, tzinfo=UTC))
    make_subscribers(site, 1)
    spend_in(site, "Long ago", 2024, 2, 1)
    page = text(get(treasurer, period="1"))
    assert "Nothing was spent in these months." in page and "Show all months" in page


def test_the_credits_tab_leads_here_and_the_way_back_is_in_the_breadcrumbs(site, treasurer):
    assert reverse("wagtail_sms:spending") in text(treasurer.get(reverse("wagtail_sms:credits")))
    crumbs = [str(item["label"]) for item in get(treasurer).context["breadcrumbs_items"]]
    assert crumbs == ["Home", "SMS", "Credits", "Spending"]


def test_the_chart_has_words_for_who_does_not_see_it_and_no_inline_style_or_script(site, treasurer):
    make_subscribers(site, 1)
    sent(site)
    page = text(get(treasurer))
    chart = re.search(r'<svg class="wagtail-sms-chart.*?</svg>', page).group()
    assert 'role="img"' in chart and "<desc" in chart and "The most was spent in" in chart
    assert "style=" not in chart and "<script" not in chart
    main = page.split('class="wagtail-sms-spending"')[1].split("</main>")[0]
    assert " style=" not in main and "<script" not in main


def months(count: int, first: str = "2024-03") -> list[str]:
    found = [first]
    while len(found) < count:
        found.append(periods.following(found[-1]))
    return found


@pytest.mark.parametrize("count", [1, 2, 12, 36, 130])
def test_columns_stand_side_by_side_within_the_drawing(count):
    chart = month_chart([(month, index * 1_234_567) for index, month in enumerate(months(count))])
    places = [(float(column.x[:-1]), float(column.width[:-1])) for column in chart.columns]
    assert all(x >= 0 and x + width <= 100 for x, width in places)
    assert all(x + width < next_x for (x, width), (next_x, _width) in zip(places, places[1:], strict=False))
    assert all(0 <= float(column.y) and float(column.height) >= 0 for column in chart.columns)


@pytest.mark.parametrize("highest", [0, 1, 2, 7, 99, 100, 101, 4_999, 12_345, 8_765_432, 10**12])
def test_the_scale_has_a_few_round_figures_and_holds_the_highest(highest):
    chart = month_chart([("2026-01", highest)])
    values = [int(tick.label.replace(",", "")) for tick in chart.ticks]
    assert values[0] == 0 and values[-1] >= highest and 2 <= len(values) <= 6
    assert len(set(values)) == len(values)
    assert all(set(str(value).strip("0")) <= set("123456789") and len(str(value).strip("0")) <= 2 for value in values)


def test_a_column_is_as_high_as_its_share_of_the_scale():
    full, half, none = month_chart([("2026-01", 100), ("2026-02", 50), ("2026-03", 0)]).columns
    assert float(full.height) == 2 * float(half.height) > 0
    assert none.height == "0"


def test_right_to_left_the_oldest_month_stands_on_the_right():
    with translation.override("ar"):
        first, *_rest, last = month_chart([(month, 5) for month in months(12)]).columns
    assert float(first.x[:-1]) > float(last.x[:-1])


def test_attributes_of_the_drawing_have_no_decimal_comma():
    with translation.override("de"):
        chart = month_chart([(month, 1234) for month in months(7)])
        attributes = [value for c in chart.columns for value in (c.x, c.width, c.middle, c.y, c.height)]
        assert not any("," in value for value in attributes)
        assert percent_of(1, 3) == "33.33%"


@pytest.mark.parametrize(("ranks", "width"), [({""}, 275), ({"", "wide"}, 900)])
@pytest.mark.parametrize("count", [1, 7, 12, 24, 36, 60, 130])
def test_labels_below_the_columns_never_touch_on_a_phone_or_a_desk(count, ranks, width):
    for first in months(12):
        columns = month_chart([(month, 5) for month in months(count, first)]).columns
        labels = [column.middle for column in columns if column.rank in ranks]
        years = [column.middle for column in columns if column.year and column.year_rank in ranks]
        for shown in (labels, years):
            places = [float(middle[:-1]) * width / 100 for middle in shown]
            assert all(later - earlier >= 24 for earlier, later in zip(places, places[1:], strict=False))
