"""The admin's home: credits, what is being sent, what waits for this user; and Wagtail's search."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission, Site

from tests.admin.conftest import make_build, make_editor, permission, signed_in
from tests.admin.test_inbox import make_text
from tests.delivery.doubtful import looked_up_in_vain
from tests.delivery.sending import launched, sent
from tests.factories import give_credits, make_subscribers
from wagtail_sms.admin.dashboard import add_panel, add_summary_items
from wagtail_sms.admin.sites import for_site, installed_site
from wagtail_sms.campaigns.steering import pause
from wagtail_sms.credits import low
from wagtail_sms.delivery import heartbeat
from wagtail_sms.delivery.models import Batch
from wagtail_sms.extension import uninstall
from wagtail_sms.pwa.models import PwaSettings


@pytest.fixture(autouse=True)
def _working(db):
    """Workers are there, and nothing is remembered of other tests' builds."""
    cache.clear()
    heartbeat.mark(heartbeat.SWEEP, at=timezone.now())


def home(client) -> BeautifulSoup:
    return BeautifulSoup(client.get(reverse("wagtailadmin_home")).content, "html.parser")


def summary(client) -> dict[str, str]:
    """`{what it says: where it leads}` of our figures."""
    links = home(client).select(".w-summary__list a[href*='/sms/']")
    return {" ".join(link.text.split()): link["href"] for link in links}


def alerts(client) -> dict[str, str]:
    lines = home(client).select("#wagtail-sms-section li")
    return {" ".join(line.text.split()): line.a["href"] for line in lines}


def editor(site, *rights: str):
    return signed_in(make_editor("eva", site, *rights))


def page(name: str, site, **query: str) -> str:
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return for_site(reverse(f"wagtail_sms:{name}"), site) + more


def test_the_credits_left_are_a_figure_with_a_link(site):
    give_credits(site, 1000)
    assert summary(editor(site, "view_wallet")) == {
        "1,500 SMS credits left on Halle Nord": page("credits", site),
    }


def test_messages_are_counted_while_they_are_sent(site):
    make_subscribers(site, 3)
    client = editor(site, "view_campaign")
    sent(site, body="Over")
    assert summary(client) == {}
    launched(site, body="Running")
    assert summary(client) == {"1 SMS being sent on Halle Nord": page("history", site)}


def test_nothing_waits_nothing_is_said(site):
    client = editor(site)
    assert alerts(client) == {}
    assert "wagtail-sms-section" not in str(home(client))


def test_credits_that_run_low_lead_to_where_they_are_bought_or_shown(site, settings):
    low.set_threshold(site, threshold=1000)
    said = "Credits run low: 500 credits are left."
    buyer, looker = make_editor("berta", site, "buy_credits"), make_editor("luis", site, "view_wallet")
    assert alerts(signed_in(looker)) == {f"{said} See the credits": page("credits", site)}
    assert alerts(signed_in(buyer)) == {}
    settings.WAGTAIL_SMS = {
        **settings.WAGTAIL_SMS,
        "PAYMENTS": {"default": {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}},
    }
    settings.DEBUG = True
    assert alerts(signed_in(buyer)) == {f"{said} Buy credits": page("buy_credits", site)}


def test_a_paused_message_leads_to_the_history_of_paused_ones(site):
    make_subscribers(site, 2)
    pause(launched(site))
    client = editor(site, "view_campaign")
    assert alerts(client) == {"1 message is paused. See the history": page("history", site, status="paused")}
    assert client.get(next(iter(alerts(client).values()))).context["table"].data
    assert summary(client) == {}


def test_doubtful_texts_lead_to_the_inbox_of_those_who_may_read_them(site):
    make_text(site, "Don't stop the music")
    assert alerts(editor(site, "view_inboundevent")) == {
        "1 incoming text may ask to stop and waits for you. Read and decide": page("inbox", site, taken="waiting")
    }
    assert alerts(signed_in(make_editor("sven", site, "view_wallet"))) == {}


def test_uncertain_texts_wait_for_the_operator_alone(site, other_site):
    looked_up_in_vain(other_site, 2)
    operator = make_editor("olga", site, "view_wallet")
    client = signed_in(operator)
    assert alerts(client) == {}
    operator.user_permissions.add(permission("adjust_credits"))
    assert alerts(client) == {
        "On one of the sites there are uncertain texts, which wait for your decision. Decide": reverse(
            "wagtail_sms:uncertain"
        )
    }


def test_an_operator_without_a_site_of_their_own_is_told_too(site):
    looked_up_in_vain(site, 1)
    operator = make_editor("olga", site, "view_wallet")
    operator.groups.get().site_permissions.all().delete()
    operator.user_permissions.add(permission("adjust_credits"))
    assert list(alerts(signed_in(operator)).values()) == [reverse("wagtail_sms:uncertain")]


def test_an_app_older_than_its_settings_leads_to_its_page(site):
    make_build(site)
    PwaSettings.objects.create(site=site, name="Halle")
    assert alerts(editor(site, "rebuild_pwa")) == {
        "The PWA that visitors get is older than its settings. Go to Publish > PWA": page("pwa", site)
    }


def test_workers_that_are_not_heard_of_are_the_first_thing_said(site):
    low.set_threshold(site, threshold=1000)
    heartbeat.mark(heartbeat.SWEEP, at=timezone.now() - timedelta(minutes=10))
    first, *others = alerts(editor(site, "view_wallet"))
    assert first.startswith("Nothing is sent now") and len(others) == 1


def test_a_silent_network_is_told(site):
    make_subscribers(site, 2)
    campaign = sent(site)
    Batch.objects.filter(campaign=campaign).update(finished_at=timezone.now() - timedelta(hours=5))
    assert [said[:18] for said in alerts(editor(site, "view_campaign"))] == ["Messages go out, b"]


def test_only_the_site_one_works_on_is_spoken_of(site, other_site):
    make_text(other_site, "Don't stop the music")
    give_credits(other_site, 7000)
    shown = str(home(editor(site)))
    assert "Atelier Sud" not in shown and "7,500" not in shown and "may ask to stop" not in shown


def test_with_several_sites_the_panel_says_which(site, other_site):
    low.set_threshold(site, threshold=1000)
    assert "SMS on Halle Nord" in home(editor(site)).select_one("#wagtail-sms-section h2").text


def test_where_the_feature_is_not_installed_there_is_nothing(site):
    client = editor(site)
    uninstall(site)
    assert summary(client) == {} and alerts(client) == {}


def test_without_a_right_there_is_nothing(site):
    make_text(site, "Don't stop the music")
    low.set_threshold(site, threshold=1000)
    client = editor(site, "view_wallet")
    Site.objects.filter(pk=site.pk).update(site_name="")
    user = make_editor("nils", site, "view_wallet")
    user.groups.get().site_permissions.all().delete()
    assert summary(signed_in(user)) == {} and alerts(signed_in(user)) == {}
    assert summary(client)


def looking(user):
    """A request as it comes to the home page's hooks: the menu beside it has asked for the site."""
    request = RequestFactory().get("/admin/")
    request.user, request.session = user, {}
    installed_site(request)
    return request


def drawn(request) -> str:
    """Our part of the home page alone."""
    items, panels = [], []
    add_summary_items(request, items)
    add_panel(request, panels)
    parts = [*(item for item in items if item.is_shown()), *panels]
    return "".join(part.render_html({"request": request}) for part in parts)


def test_all_of_it_costs_few_queries(site, other_site, superuser, django_assert_max_num_queries):
    make_subscribers(site, 3)
    launched(site)
    make_text(site, "Don't stop the music")
    make_build(site)
    PwaSettings.objects.create(site=site, name="Halle")
    # Once a minute the build is compared with its settings and the network is listened to, which takes some more.
    assert "older than its settings" in drawn(looking(superuser))
    request = looking(superuser)
    with django_assert_max_num_queries(8):
        shown = drawn(request)
    assert "older than its settings" in shown and "may ask to stop" in shown


# Search


def searcher(site, *rights: str):
    """An editor of pages, too: nobody else gets to Wagtail's search."""
    user = make_editor("eva", site, *rights)
    GroupPagePermission.objects.create(
        group=user.groups.get(), page=site.root_page, permission=Permission.objects.get(codename="change_page")
    )
    return signed_in(user)


def areas(client) -> dict[str, str]:
    """Where the search for pages leads to besides pages."""
    address = reverse("wagtailadmin_pages:search")
    links = BeautifulSoup(client.get(address, {"q": "piano"}).content, "html.parser").select("a[href*='/sms/']")
    return {link.text.strip(): link["href"] for link in links if "q=piano" in link["href"]}


def test_wagtails_search_leads_to_subscribers_and_messages_with_what_was_typed(site):
    assert areas(searcher(site)) == {
        "SMS subscribers": f"{reverse('wagtail_sms:subscribers')}?q=piano",
        "SMS messages": f"{reverse('wagtail_sms:history')}?q=piano",
    }


def test_the_search_offers_what_one_may_open_and_nothing_without_the_feature(site):
    client = searcher(site, "view_campaign")
    assert list(areas(client)) == ["SMS messages"]
    uninstall(site)
    assert areas(client) == {}
