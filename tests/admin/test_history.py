"""The History tab: one site's messages, newest first."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.admin.conftest import make_editor, signed_in
from tests.delivery.sending import launched, sent
from tests.factories import make_subscribers
from wagtail_sms.campaigns.launch import compose
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.models import Batch
from wagtail_sms.states import BatchStatus, CampaignStatus


@pytest.fixture
def reader(site):
    return signed_in(make_editor("Rita", site, "view_campaign"))


def rows(client, **query) -> list[str]:
    context = client.get(reverse("wagtail_sms:history"), query).context
    return [campaign.body for campaign in context["table"].data]


def test_nothing_sent_leads_to_the_send_tab(site, reader):
    writer = signed_in(make_editor("Wilma", site, "add_campaign"))
    page = writer.get(reverse("wagtail_sms:history")).content.decode()
    assert "No message was sent from this site yet." in page
    assert "Write the first one" in page
    assert "Write the first one" not in reader.get(reverse("wagtail_sms:history")).content.decode()


def test_messages_are_listed_newest_first_without_drafts(site, reader):
    make_subscribers(site, 3)
    first, _second = launched(site, body="First"), launched(site, body="Second")
    Campaign.objects.filter(pk=first.pk).update(launched_at=timezone.now() - timedelta(hours=1))
    compose(site, body="A draft", form_token=uuid4())
    assert rows(reader) == ["Second", "First"]


def test_another_sites_messages_are_not_listed(site, other_site, reader, south_editor):
    make_subscribers(site, 3)
    make_subscribers(other_site, 3)
    launched(site, body="North")
    launched(other_site, body="South")
    assert rows(reader) == ["North"]
    assert rows(signed_in(south_editor)) == ["South"]


def test_a_row_shows_people_charge_and_status(site, superuser):
    make_subscribers(site, 4)
    sent(site, body="Tonight: piano.")
    page = signed_in(superuser).get(reverse("wagtail_sms:history"))
    (campaign,) = page.context["table"].data
    assert (campaign.recipients, campaign.charged) == (4, 4)
    assert "icon-circle-check" in page.content.decode()


def test_a_running_message_shows_how_far_it_is(site, reader):
    make_subscribers(site, 60)
    campaign = launched(site)
    plan(campaign.pk)
    first = Batch.objects.filter(campaign=campaign).order_by("pk").first()
    Batch.objects.filter(pk=first.pk).update(status=BatchStatus.DONE)
    page = " ".join(reader.get(reverse("wagtail_sms:history")).content.decode().split())
    assert f'max="60" value="{first.recipients}"' in page


def test_filtering_by_status(site, reader):
    make_subscribers(site, 3)
    launched(site, body="Going")
    over = launched(site, body="Over")
    Campaign.objects.filter(pk=over.pk).update(status=CampaignStatus.DONE)
    assert rows(reader, status="done") == ["Over"]
    assert rows(reader, status="queued") == ["Going"]
    assert set(rows(reader, status="rubbish")) == {"Going", "Over"}


def test_searching_the_text(site, reader):
    make_subscribers(site, 3)
    launched(site, body="Jazz tonight")
    launched(site, body="Rock tomorrow")
    assert rows(reader, q="jazz") == ["Jazz tonight"]


def test_the_results_fragment_is_scoped_too(site, other_site, south_editor):
    make_subscribers(site, 3)
    launched(site, body="North")
    page = signed_in(south_editor).get(reverse("wagtail_sms:history_results")).content.decode()
    assert "North" not in page and "<html" not in page


def test_the_page_needs_no_query_per_row(site, superuser, django_assert_max_num_queries):
    make_subscribers(site, 1)
    client = signed_in(superuser)
    for position in range(20):
        launched(site, body=f"Message {position}")
    client.get(reverse("wagtail_sms:history"))
    with django_assert_max_num_queries(25):
        client.get(reverse("wagtail_sms:history_results"))


def test_who_may_only_see_credits_has_no_history(site):
    client = signed_in(make_editor("Karl", site, "view_wallet"))
    assert client.get(reverse("wagtail_sms:history")).url == reverse("wagtailadmin_home")
    assert client.get(reverse("wagtail_sms:history_results")).url == reverse("wagtailadmin_home")
