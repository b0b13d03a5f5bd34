"""Keeping a message: drafts that two editors share, templates, copies, tests to one's own phone, a later time."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.admin.conftest import make_editor, signed_in
from tests.admin.test_send import BODY, page_of, post, reviewed, words
from tests.delivery.sending import launched
from tests.factories import make_subscribers
from wagtail_sms.admin.sites import for_site
from wagtail_sms.campaigns.launch import compose
from wagtail_sms.campaigns.models import Campaign, MessageTemplate
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.states import CampaignStatus
from wagtail_sms.subscribers.consent import stop


@pytest.fixture
def ada(site):
    return signed_in(make_editor("Ada", site, "send_campaign"))


@pytest.fixture
def bo(site):
    return signed_in(make_editor("Bo", site, "add_campaign"))


def keep(client, site, *, body=BODY, token=None, revision=0, follow=True, **fields):
    data = {"sms_site": site.pk, "body": body, "form_token": token or uuid4(), "revision": revision, **fields}
    return client.post(reverse("wagtail_sms:save_draft"), data, follow=follow)


def opened(client, site, draft) -> dict:
    """The fields of the box with this draft in it."""
    context = client.get(reverse("wagtail_sms:send"), {"sms_site": site.pk, "draft": draft.form_token}).context
    return {"token": context["form_token"], "revision": context["revision"]}


def test_a_draft_is_kept_as_it_is_and_opened_again(bo, site):
    page = keep(bo, site, body="a" * 2000)
    draft = Campaign.objects.get()
    assert "The draft is saved." in words(page)
    assert (draft.body, draft.status, draft.edited_by.username) == ("a" * 2000, CampaignStatus.DRAFT, "Bo")
    assert str(draft.form_token) in words(page) and page.context["revision"] == 1
    listed = words(bo.get(reverse("wagtail_sms:drafts")))
    assert f"drafts/{draft.pk}/delete/?sms_site={site.pk}" in listed
    assert "a" * 59 in listed and "1 draft" in words(bo.get(reverse("wagtail_sms:send")))


@pytest.mark.parametrize("body", ["", "   ", "a\x00b", "a" * 10_001])
def test_what_cannot_be_kept_is_told_at_the_field(bo, site, body):
    page = keep(bo, site, body=body)
    assert page.context["form"].errors["body"]
    assert not Campaign.objects.exists()


def test_two_editors_on_one_draft_overwrite_nothing_in_silence(ada, bo, site):
    keep(ada, site, body="First")
    draft = Campaign.objects.get()
    hers, his = opened(ada, site, draft), opened(bo, site, draft)
    keep(ada, site, body="Hers", **hers)
    page = keep(bo, site, body="His", **his)
    assert (
        "Ada changed this draft at" in words(page)
        and "Hers" in words(page)
        and ">\nHis</textarea>" in page.content.decode()
    )
    assert Campaign.objects.get().body == "Hers"
    keep(bo, site, body="His", **his, **{"action-overwrite": "1"})
    assert Campaign.objects.get().body == "Hers"
    keep(bo, site, body="His", **his, **{"action-overwrite": "2"})
    assert (Campaign.objects.get().body, Campaign.objects.get().revision) == ("His", 3)
    keep(ada, site, body="Hers", **hers, **{"action-new": "1"})
    assert {kept.body for kept in Campaign.objects.all()} == {"His", "Hers"}


def test_sending_a_draft_that_another_editor_changed_shows_both_first(ada, bo, site):
    make_subscribers(site, 3)
    keep(ada, site, body=BODY)
    draft = Campaign.objects.get()
    hers = opened(ada, site, draft)
    fields = {**reviewed(ada, site, body="Hers"), "form_token": hers["token"], "revision": hers["revision"]}
    keep(bo, site, body="His", **opened(bo, site, draft))
    page = post(ada, site, **fields)
    assert "Bo changed this draft at" in words(page) and "His" in words(page)
    assert Campaign.objects.get().status == CampaignStatus.DRAFT and ledger.balance(site).available == 500


def test_a_draft_goes_back_and_forth_without_a_conflict_with_itself(ada, site):
    make_subscribers(site, 510)
    refused = post(ada, site, form_token=uuid4(), revision=0)
    fields = {"form_token": refused.context["form_token"], "revision": refused.context["revision"]}
    shorter = post(ada, site, body="Shorter", **fields)
    assert "missing" in words(shorter) and Campaign.objects.get().body == "Shorter"


def test_a_text_that_was_sent_meanwhile_is_kept_as_another_draft(ada, bo, site):
    make_subscribers(site, 3)
    sent = launched(site)
    page = keep(bo, site, body="Changed", token=sent.form_token, revision=1)
    assert "kept as another draft" in words(page)
    assert Campaign.objects.get(status=CampaignStatus.DRAFT).body == "Changed"


def test_a_draft_is_deleted_after_asking_and_nothing_else_is(bo, site, other_site):
    make_subscribers(site, 3)
    draft, sent = compose(site, body="Away", form_token=uuid4()), launched(site)
    theirs = compose(other_site, body="Theirs", form_token=uuid4())
    assert "Away" in words(bo.get(reverse("wagtail_sms:draft_delete", args=[draft.pk])))
    for campaign in (draft, sent, theirs):
        bo.post(reverse("wagtail_sms:draft_delete", args=[campaign.pk]), {"sms_site": site.pk})
    assert set(Campaign.objects.all()) == {sent, theirs}


def test_templates_are_kept_used_and_deleted(bo, site, other_site):
    data = {"sms_site": site.pk, "body": "Doors at …", "template_name": "Doors"}
    assert "is saved" in words(bo.post(reverse("wagtail_sms:save_template"), data))
    page = words(bo.post(reverse("wagtail_sms:save_template"), {**data, "body": "Another"}))
    assert "There is a template of this name already" in page and "Another" in page
    template = MessageTemplate.objects.get()
    assert "Doors at …" in words(bo.get(reverse("wagtail_sms:templates")))
    address = reverse("wagtail_sms:send")
    assert bo.get(address, {"template": template.pk}).context["form"]["body"].value() == "Doors at …"
    theirs = MessageTemplate.objects.create(site=other_site, name="X", body="Theirs", saved_at=timezone.now())
    for key in (theirs.pk, "x", "9" * 40, "-1", "²"):
        assert "is not there any more" in words(bo.get(address, {"template": key}))
    bo.post(reverse("wagtail_sms:template_delete", args=[template.pk]), {"sms_site": site.pk})
    bo.post(reverse("wagtail_sms:template_delete", args=[theirs.pk]), {"sms_site": site.pk})
    assert MessageTemplate.objects.get() == theirs


def test_a_copy_of_a_sent_message_is_a_message_of_its_own(ada, site, other_site):
    make_subscribers(site, 3)
    sent = launched(site)
    assert f"copy={sent.pk}" in words(ada.get(page_of(sent)))
    page = ada.get(reverse("wagtail_sms:send"), {"copy": sent.pk})
    assert page.context["form"]["body"].value() == sent.body
    assert page.context["form_token"] != sent.form_token
    theirs = compose(other_site, body="Theirs", form_token=uuid4())
    assert "Theirs" not in words(ada.get(reverse("wagtail_sms:send"), {"copy": theirs.pk}))


def try_out(client, site, *, to="+1 201-555-0177", body=BODY, token=None):
    data = {"sms_site": site.pk, "body": body, "to": to, "test_token": token or uuid4()}
    return client.post(reverse("wagtail_sms:test"), data)


def test_a_test_goes_to_ones_own_phone_marked_paid_and_counted_nowhere_else(ada, site, provider):
    make_subscribers(site, 3)
    token = uuid4()
    page = try_out(ada, site, token=token)
    assert "A test is on its way to +1 201-555-0177. It cost 1 credit." in words(page) and BODY in words(page)
    assert "already" in words(try_out(ada, site, token=token))
    send_notices()
    assert [(text.recipients, text.body) for text in provider.outbox] == [(("+12015550177",), f"TEST: {BODY}")]
    assert ledger.balance(site).available == 499
    assert not Campaign.objects.exists()
    assert "+1 201-555-0177" in words(ada.get(reverse("wagtail_sms:send")))
    assert "TEST" not in words(ada.get(reverse("wagtail_sms:history")))


@pytest.mark.parametrize(
    ("to", "error"),
    [("", "required"), ("hello", "digits"), ("0171 555", "Begin with +"), ("+850 192 123 4567", ""), ("+1\x00", "")],
)
def test_a_number_that_cannot_be_tested_is_told_at_the_field(ada, site, to, error):
    page = try_out(ada, site, to=to)
    assert page.context["test"].errors["to"] and error in str(page.context["test"].errors["to"])
    assert not Notice.objects.exists()


def test_who_unsubscribed_gets_no_test_either(ada, site):
    stop(site, number="+12015550177", now=timezone.now())
    page = try_out(ada, site)
    assert "This number has unsubscribed" in str(page.context["test"].errors["to"])
    assert not Notice.objects.exists()


def test_a_stop_before_the_test_left_holds_it_back_and_costs_nothing(ada, site, provider):
    try_out(ada, site)
    stop(site, number="+12015550177", now=timezone.now())
    send_notices()
    assert provider.outbox == [] and ledger.balance(site).available == 500


def test_without_credits_a_test_does_not_wait_but_is_refused(ada, site):
    make_subscribers(site, 500)
    launched(site, body="Everybody")
    page = try_out(ada, site)
    assert "1 credit is missing" in str(page.context["test"].errors["to"])
    assert not Notice.objects.exists()


def test_a_day_has_few_tests_and_a_writer_none(ada, bo, site):
    for _ in range(10):
        try_out(ada, site)
    assert "more are not allowed" in str(try_out(ada, site).context["test"].errors["to"])
    assert Notice.objects.count() == 10
    assert try_out(bo, site).status_code == 302 and Notice.objects.count() == 10


def later(client, site, at, **fields):
    form = {**reviewed(client, site), **fields}
    form.pop("action-send")
    return post(client, site, follow=True, send_at=at, **form, **{"action-schedule": "1"})


def test_a_message_is_scheduled_seen_and_taken_back(ada, bo, site, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    make_subscribers(site, 3)
    at = (timezone.localtime() + timedelta(days=2)).replace(hour=18, minute=30, second=0, microsecond=0)
    page = later(ada, site, f"{at:%Y-%m-%dT%H:%M}")
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.send_at) == (CampaignStatus.SCHEDULED, at)
    assert f"18:30 (Europe/Berlin, UTC{at:%z}"[:-2] in words(page)
    assert ledger.balance(site).available == 500
    assert "1 scheduled" in words(ada.get(reverse("wagtail_sms:send")))
    assert "18:30 (Europe/Berlin" in words(bo.get(reverse("wagtail_sms:drafts")))
    address = for_site(reverse("wagtail_sms:scheduled", args=[campaign.pk]), site)
    assert bo.get(reverse("wagtail_sms:send"), {"draft": campaign.form_token}).url == address
    assert bo.post(reverse("wagtail_sms:unschedule", args=[campaign.pk]), {"sms_site": site.pk}).url.endswith("/admin/")
    back = ada.post(reverse("wagtail_sms:unschedule", args=[campaign.pk]), {"sms_site": site.pk}, follow=True)
    assert "It is a draft again." in words(back) and BODY in words(back)
    assert Campaign.objects.get().status == CampaignStatus.DRAFT


@pytest.mark.parametrize("at", ["", "tomorrow", "2020-01-01T10:00", "9999-12-31T23:59", "2026-13-01T10:00", "1\x00"])
def test_a_time_that_makes_no_sense_is_told_at_the_field(ada, site, at):
    make_subscribers(site, 3)
    page = later(ada, site, at)
    assert page.context["when"].errors["send_at"]
    assert not Campaign.objects.exclude(status=CampaignStatus.DRAFT).exists()


def test_a_held_message_is_announced_and_explained(bo, site):
    draft = compose(site, body=BODY, form_token=uuid4())
    Campaign.objects.update(held_reason="It would cost 9 credits, more than the 3 that were confirmed.")
    assert "1 scheduled message was not sent at its time" in words(bo.get(reverse("wagtail_sms:send")))
    assert "Not sent: It would cost 9 credits" in words(bo.get(reverse("wagtail_sms:drafts")))
    assert "more than the 3" in words(bo.get(reverse("wagtail_sms:send"), {"draft": draft.form_token}))
    keep(bo, site, body="Changed", token=draft.form_token, revision=1)
    assert Campaign.objects.get().held_reason == ""


@pytest.mark.parametrize("name", ["drafts", "drafts_results", "templates", "templates_results", "send"])
def test_the_lists_are_the_sites_own(south_editor, site, other_site, name):
    compose(site, body="Northern", form_token=uuid4())
    MessageTemplate.objects.create(site=site, name="Northern", body="Northern", saved_at=timezone.now())
    page = signed_in(south_editor).get(reverse(f"wagtail_sms:{name}"), {"sms_site": site.pk}, follow=True)
    assert "Northern" not in words(page)
