"""What was sent stays as it was, whichever way somebody tries to change or delete it."""

from uuid import uuid4

import pytest
from django.contrib.admin import site as django_admin
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import ProtectedError
from wagtail.models import Site
from wagtail.snippets.models import get_snippet_models

from tests.delivery.sending import sent
from tests.factories import make_subscribers
from wagtail_sms.campaigns.drafts import save_draft
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Delivery
from wagtail_sms.exceptions import SentForGood


pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(site):
    make_subscribers(site, 3)
    return sent(site, body="Tonight: piano.")


def kept(campaign) -> tuple:
    found = Campaign.objects.get(pk=campaign.pk)
    return found.body, found.launched_by_id, Delivery.objects.filter(campaign=campaign).count()


@pytest.mark.parametrize(
    "delete",
    [
        lambda campaign: campaign.delete(),
        lambda campaign: Campaign.objects.filter(pk=campaign.pk).delete(),
        lambda campaign: Campaign.objects.all().delete(),
    ],
)
def test_it_can_not_be_deleted(campaign, delete):
    save_draft(campaign.site, body="Another", form_token=uuid4())
    with pytest.raises(SentForGood), transaction.atomic():
        delete(campaign)
    assert kept(campaign) == ("Tonight: piano.", None, 3)


@pytest.mark.parametrize("change", ["save", "update_fields", "update", "bulk_update"])
def test_its_text_can_not_be_changed(campaign, change):
    campaign.body = "Something else"
    with pytest.raises(SentForGood), transaction.atomic():
        {
            "save": campaign.save,
            "update_fields": lambda: campaign.save(update_fields=["body"]),
            "update": lambda: Campaign.objects.filter(pk=campaign.pk).update(body="Something else"),
            "bulk_update": lambda: Campaign.objects.bulk_update([campaign], ["body"]),
        }[change]()
    assert kept(campaign)[0] == "Tonight: piano."


def test_a_draft_can_still_be_changed_and_deleted(site):
    draft = save_draft(site, body="One", form_token=uuid4())
    draft.body = "Two"
    draft.save()
    draft.delete()
    assert not Campaign.objects.exists()


def test_whoever_sent_it_can_be_deleted_and_it_stays(campaign):
    editor = get_user_model().objects.create_user("Sven", password="x")
    Campaign.objects.filter(pk=campaign.pk).update(launched_by=editor, created_by=editor)
    editor.delete()
    assert kept(campaign) == ("Tonight: piano.", None, 3)


def test_its_site_can_not_be_deleted_and_the_books_stay_right(campaign):
    with pytest.raises(ProtectedError):
        Site.objects.get(pk=campaign.site_id).delete()
    assert kept(campaign)[2] == 3 and ledger.audit() == []


def test_no_other_admin_lists_it():
    assert not django_admin.is_registered(Campaign)
    assert Campaign not in get_snippet_models()
