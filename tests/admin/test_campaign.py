"""The page of one message: what became of everybody, and steering it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.admin.conftest import make_editor, signed_in
from tests.delivery.sending import launched, sent
from tests.factories import make_subscribers
from wagtail_sms.admin.sites import for_site
from wagtail_sms.campaigns.launch import compose
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.providers.base import Outcome
from wagtail_sms.states import CampaignStatus
from wagtail_sms.subscribers.consent import stop, suspend


STEERING = ("campaign_pause", "campaign_resume", "campaign_cancel")
PAGES = ("campaign", "campaign_progress", "campaign_cancel")


@pytest.fixture
def sender(site):
    return signed_in(make_editor("Sven", site, "send_campaign"))


@pytest.fixture
def reader(site):
    return signed_in(make_editor("Rita", site, "view_campaign"))


def url(name: str, campaign) -> str:
    return reverse(f"wagtail_sms:{name}", args=[campaign.pk])


def page(client, campaign, name: str = "campaign") -> str:
    return " ".join(client.get(url(name, campaign)).content.decode().split())


def steer(client, name: str, campaign, *, follow=False):
    return client.post(url(name, campaign), {"sms_site": campaign.site_id}, follow=follow)


def status(campaign) -> str:
    return Campaign.objects.get(pk=campaign.pk).status


def test_the_page_shows_message_people_credits_and_who(site, superuser):
    make_subscribers(site, 4)
    campaign = sent(site, body="Tonight: piano.\nDoors 19:30")
    Campaign.objects.filter(pk=campaign.pk).update(launched_by=superuser)
    shown = page(signed_in(superuser), campaign)
    assert "Doors 19:30" in shown and "+1 201-555-0123" in shown and "Ada Lindqvist" in shown
    assert "4 of 4 handed over to the network" in shown
    assert "United States" in shown


def test_uncertain_people_are_named_and_explained(site, reader, provider):
    people = make_subscribers(site, 3)
    provider.script[people[0].number] = Outcome.UNCERTAIN
    campaign = sent(site)
    response = reader.get(url("campaign", campaign))
    found = {outcome.name: outcome.people for outcome in response.context["outcomes"]}
    assert found == {"accepted": 2, "uncertain": 1}
    assert "nobody gets the same message twice" in response.content.decode()
    assert (response.context["progress"].credits_charged, response.context["progress"].credits_held) == (2, 1)


def test_a_running_message_is_polled_and_a_finished_one_is_not(site, reader):
    make_subscribers(site, 3)
    running = launched(site)
    assert "wagtail-sms-progress-src-value" in page(reader, running)
    Campaign.objects.filter(pk=running.pk).update(
        status=CampaignStatus.DONE, finished_at=timezone.now() - timedelta(days=1)
    )
    assert "wagtail-sms-progress-src-value" not in page(reader, running)


def test_the_fragment_has_the_live_parts_and_no_page_around_them(site, sender):
    make_subscribers(site, 3)
    fragment = page(sender, launched(site), "campaign_progress")
    assert "<html" not in fragment
    assert fragment.count("data-wagtail-sms-live ") + fragment.count("data-wagtail-sms-live>") == 7
    assert 'role="status"' in fragment and 'data-every="2000"' in fragment


def test_pause_stops_and_resume_goes_on(site, sender):
    make_subscribers(site, 3)
    campaign = launched(site)
    response = steer(sender, "campaign_pause", campaign, follow=True)
    assert status(campaign) == CampaignStatus.PAUSED
    assert "Paused by an editor." in response.content.decode()
    assert "It stays paused until somebody resumes it." in response.content.decode()
    steer(sender, "campaign_resume", campaign)
    assert status(campaign) == CampaignStatus.SENDING


@pytest.mark.parametrize("name", STEERING)
def test_steering_leads_back_to_the_message_after_a_switch_to_another_site(site, other_site, superuser, name):
    make_subscribers(site, 3)
    campaign, client = launched(site), signed_in(superuser)
    client.post(reverse("wagtail_sms:switch_site"), {"site": other_site.pk})
    response = steer(client, name, campaign, follow=True)
    assert response.status_code == 200
    assert response.context["campaign"] == campaign


def test_the_links_to_and_from_the_question_bear_a_switch_to_another_site(site, other_site, superuser):
    make_subscribers(site, 3)
    campaign, client = launched(site), signed_in(superuser)
    asked, back = (for_site(url(name, campaign), site) for name in ("campaign_cancel", "campaign"))
    assert f'href="{asked}"' in page(client, campaign)
    client.post(reverse("wagtail_sms:switch_site"), {"site": other_site.pk})
    response = client.get(asked)
    assert response.status_code == 200
    assert f'href="{back}"' in response.content.decode()


def test_a_pause_that_ends_by_itself_says_when(site, reader):
    make_subscribers(site, 3)
    campaign = launched(site)
    until = timezone.now() + timedelta(minutes=5)
    Campaign.objects.filter(pk=campaign.pk).update(
        status=CampaignStatus.PAUSED, paused_reason="The SMS provider can't be reached.", resume_at=until
    )
    shown = page(reader, campaign)
    assert "can&#x27;t be reached" in shown
    assert "It resumes by itself at" in shown


def test_cancel_asks_first_and_gives_the_credits_back(site, sender):
    make_subscribers(site, 3)
    campaign = launched(site)
    assert "3 people who have not been texted yet" in page(sender, campaign, "campaign_cancel")
    assert status(campaign) == CampaignStatus.QUEUED
    steer(sender, "campaign_cancel", campaign)
    assert status(campaign) == CampaignStatus.CANCELLED
    assert ledger.balance(site).available == 500


def test_what_is_over_cannot_be_steered(site, sender):
    make_subscribers(site, 3)
    campaign = sent(site)
    for name in STEERING:
        assert (
            "This can&#x27;t be done in the present state."
            in steer(sender, name, campaign, follow=True).content.decode()
        )
    assert status(campaign) == CampaignStatus.DONE
    assert "There is nothing left to cancel" in page(sender, campaign, "campaign_cancel")


@pytest.mark.parametrize("name", ["campaign_pause", "campaign_resume"])
def test_steering_needs_a_post(site, sender, name):
    make_subscribers(site, 3)
    campaign = launched(site)
    assert sender.get(url(name, campaign)).status_code == 405
    assert status(campaign) == CampaignStatus.QUEUED


@pytest.mark.parametrize("name", STEERING)
def test_a_reader_sees_no_steering_and_may_not_post_it(site, reader, name):
    make_subscribers(site, 3)
    campaign = launched(site)
    shown = page(reader, campaign)
    assert "Pause" not in shown and "Cancel sending" not in shown
    assert steer(reader, name, campaign).url == reverse("wagtailadmin_home")
    assert status(campaign) == CampaignStatus.QUEUED


@pytest.mark.parametrize("name", PAGES)
def test_another_sites_message_is_not_found(site, other_site, south_editor, name):
    make_subscribers(site, 3)
    campaign = launched(site)
    assert signed_in(south_editor).get(url(name, campaign)).status_code == 404


@pytest.mark.parametrize("name", STEERING)
def test_another_sites_message_cannot_be_steered(site, other_site, south_editor, name):
    make_subscribers(site, 3)
    campaign = launched(site)
    client = signed_in(south_editor)
    assert client.post(url(name, campaign)).status_code == 404
    assert client.post(url(name, campaign), {"sms_site": other_site.pk}).status_code == 404
    assert client.post(url(name, campaign), {"sms_site": site.pk}).url == reverse("wagtailadmin_home")
    assert status(campaign) == CampaignStatus.QUEUED


def test_a_draft_has_no_page(site, sender):
    draft = compose(site, body="Not yet", form_token=uuid4())
    assert sender.get(url("campaign", draft)).status_code == 404


def test_the_page_tells_what_happened_in_order_and_who_did_it(sender, site):
    make_subscribers(site, 3)
    campaign = launched(site)
    steer(sender, "campaign_pause", campaign)
    steer(sender, "campaign_resume", campaign)
    steer(sender, "campaign_cancel", campaign)
    shown = page(sender, campaign).partition("What happened")[2]
    places = [shown.index(words) for words in ("Written", "Text message sent to 3", "paused", "Resumed", "cancelled")]
    assert places == sorted(places)
    assert shown.count("Sven") == 3


def test_the_skipped_are_counted_by_reason(reader, site):
    people = make_subscribers(site, 5)
    campaign = launched(site)
    plan(campaign.pk)
    for person in people[:2]:
        stop(site, number=person.number, now=timezone.now())
    suspend(people[2], by=None)
    dispatch()
    shown = page(reader, campaign)
    assert "Unsubscribed before it was sent: 2" in shown
    assert "Suspended before it was sent: 1" in shown
