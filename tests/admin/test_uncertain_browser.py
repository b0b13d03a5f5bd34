"""Deciding about uncertain texts in a real Chromium."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from playwright.sync_api import expect

from tests.admin.conftest import signed_in
from tests.delivery.doubtful import looked_up_in_vain
from tests.e2e.people import picture
from tests.factories import make_installed_site
from tests.pwa.accessibility import violations
from tests.pwa.builds import restore_roots
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.delivery.models import Batch, Decision


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(live_server, settings):
    # Nothing is asked of anybody outside.
    settings.WAGTAIL_GRAVATAR_PROVIDER_URL, settings.WAGTAIL_ENABLE_UPDATE_CHECK = None, False
    restore_roots()
    olga = User.objects.create_superuser("olga", "olga@example.org", "secret", first_name="Olga", last_name="Vik")
    campaign = looked_up_in_vain(make_installed_site(), 7, accepted=21)
    lost = timezone.now() - timedelta(hours=25)
    Batch.objects.update(finished_at=lost, error_text="The answer was lost: read timed out.")
    QuerySet(Campaign).update(
        body="Tonight 20:30: Nils Berg Trio. Doors 19:30.", launched_at=lost, finished_at=lost, launched_by=olga
    )
    return campaign


@pytest.fixture
def page(live_server, campaign, chromium, settings):
    """An operator's page; what scripts complain about is in `page.complaints`."""
    context = chromium.new_context(base_url=live_server.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    session = signed_in(User.objects.get()).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(15000)
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def test_two_tabs_decide_differently_and_the_first_one_counts(page, campaign):
    page.goto(f"/admin/sms/history/{campaign.pk}/")
    expect(page.get_by_text("We could not find out whether 7 people were sent this message.")).to_be_visible()
    picture(page, "campaign-uncertain")
    assert violations(page, "main") == []
    other = page.context.new_page()
    other.goto(f"/admin/sms/history/{campaign.pk}/")
    other.get_by_role("link", name="They were sent…").click()
    page.get_by_role("link", name="They were not sent…").click()
    expect(page.get_by_role("heading", name="Count these 7 texts as not sent?")).to_be_visible()
    page.get_by_role("button", name="Yes, they were not sent").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Reason").fill("Not in the list of the provider's account")
    page.get_by_role("button", name="Yes, they were not sent").click()
    expect(page.get_by_text("7 texts count as not sent. 7 credits came back.")).to_be_visible()
    expect(page.locator(".wagtail-sms-reason", has_text="Not in the list of the provider's account")).to_be_visible()
    other.get_by_label("Reason").fill("They told me on the phone")
    other.get_by_role("button", name="Yes, they were sent").click()
    expect(other.get_by_text("Nothing waits for a decision here any more.")).to_be_visible()
    assert (progress(campaign).lost, Decision.objects.count()) == (7, 1)
    assert page.complaints == []
