"""The page of a second try."""

import pytest
from django.urls import reverse

from tests.admin.conftest import make_editor, signed_in
from tests.campaigns.test_retrying import failed
from tests.delivery.sending import launched
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import ledger
from wagtail_sms.subscribers.consent import suspend


@pytest.fixture
def sender(site):
    return signed_in(make_editor("Sven", site, "send_campaign"))


def url(name: str, campaign) -> str:
    return reverse(f"wagtail_sms:{name}", args=[campaign.pk])


def text(response) -> str:
    return " ".join(response.content.decode().split())


def confirm(client, campaign, page):
    fields = {name: page.context[key] for name, key in (("quote", "sealed"), ("form_token", "form_token"))}
    return client.post(url("campaign_retry", campaign), {"sms_site": campaign.site_id, **fields}, follow=True)


def test_from_the_message_to_its_second_try_and_back(site, provider, sender):
    campaign, people = failed(site, provider)
    suspend(people[0], by=None)
    shown = text(sender.get(url("campaign", campaign)))
    assert "Send again to 4 people whose phone could not be reached" in shown
    assert "The phone was off or out of reach for too long: 4" in shown and "worth a second try" in shown
    asked = sender.get(url("campaign_retry", campaign))
    assert "Send to 3 people in 1 country for 3 credits?" in text(asked)
    assert "1 more person was not reached and is left out" in text(asked)
    done = text(confirm(sender, campaign, asked))
    second = Campaign.objects.get(retry_of=campaign)
    assert "Your message is being sent again to 3 people." in done
    assert f"Begun as the second try of campaign {campaign.pk}" in done and url("campaign", campaign) in done
    first = text(sender.get(url("campaign", campaign)))
    assert f"Sent again to 3 people whose phone could not be reached: campaign {second.pk}" in first
    assert url("campaign", second) in first


def test_the_same_page_posted_twice_sends_once(site, provider, sender):
    campaign, _people = failed(site, provider)
    asked = sender.get(url("campaign_retry", campaign))
    first, second = (confirm(sender, campaign, asked) for _ in range(2))
    assert first.context["campaign"] == second.context["campaign"]
    assert Campaign.objects.filter(retry_of=campaign).count() == 1


def test_the_page_of_somebody_who_was_slower_says_that_nobody_is_left(site, provider, sender):
    campaign, _people = failed(site, provider)
    pages = [sender.get(url("campaign_retry", campaign)) for _ in range(2)]
    confirm(sender, campaign, pages[0])
    slower = text(confirm(sender, campaign, pages[1]))
    assert "There is nobody to send it to again" in slower and "Send again now" not in slower
    assert Campaign.objects.filter(retry_of=campaign).count() == 1


def test_missing_credits_are_said_and_there_is_no_button(site, provider, sender):
    campaign, _people = failed(site, provider)
    ledger.reserve(site, amount=ledger.balance(site).available - 1, key="other", purpose="other")
    shown = text(sender.get(url("campaign_retry", campaign)))
    assert "3 credits are missing." in shown and "Send again now" not in shown


def test_a_figure_that_nobody_saw_sends_nothing(site, provider, sender):
    campaign, _people = failed(site, provider)
    sender.post(url("campaign_retry", campaign), {"sms_site": site.pk, "quote": "forged", "form_token": "x"})
    assert not Campaign.objects.filter(retry_of=campaign).exists()


def test_a_running_message_has_no_second_try(site, provider, sender):
    failed(site, provider)
    running = launched(site, body="Another one")
    assert "still being sent" in text(sender.get(url("campaign_retry", running)))


def test_who_may_only_look_is_offered_nothing(site, provider):
    campaign, _people = failed(site, provider)
    reader = signed_in(make_editor("Rita", site, "view_campaign"))
    assert "Send again" not in text(reader.get(url("campaign", campaign)))
