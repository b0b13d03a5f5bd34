"""The Send tab: what is shown, what is asked, and that one click sends once."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.urls import reverse

from tests.admin.conftest import make_editor, signed_in
from tests.delivery.sending import launched
from tests.factories import give_credits, make_subscriber, make_subscribers
from wagtail_sms.admin import send
from wagtail_sms.admin.sites import for_site
from wagtail_sms.campaigns.launch import compose
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import ledger
from wagtail_sms.pricing.cards import credits_for, publish, refresh
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import CampaignStatus


BODY = "Tonight: piano. Doors at 19:30."


@pytest.fixture
def sender(site):
    return signed_in(make_editor("Sven", site, "send_campaign"))


@pytest.fixture
def writer(site):
    return signed_in(make_editor("Wilma", site, "add_campaign"))


def post(client, site, *, body=BODY, follow=False, **fields):
    return client.post(reverse("wagtail_sms:send"), {"sms_site": site.pk, "body": body, **fields}, follow=follow)


def estimated(client, site, body: str) -> str:
    return client.post(reverse("wagtail_sms:estimate"), {"sms_site": site.pk, "body": body}).content.decode()


def reviewed(client, site, *, body=BODY) -> dict:
    """The fields of the confirmation's form."""
    context = post(client, site, body=body, form_token=uuid4()).context
    repeat = context["repeat"]
    return {
        "body": context["body"],
        "form_token": context["form_token"],
        "quote": context["sealed"],
        "repeat_of": repeat.pk if repeat else "",
        "action-send": "1",
    }


def words(response) -> str:
    return " ".join(response.content.decode().split())


def page_of(campaign) -> str:
    return for_site(reverse("wagtail_sms:campaign", args=[campaign.pk]), campaign.site)


def sent_campaigns():
    return Campaign.objects.exclude(status=CampaignStatus.DRAFT)


def test_the_tab_shows_credits_left_and_until_when_the_free_ones_last(sender, site):
    give_credits(site, 250)
    page = words(sender.get(reverse("wagtail_sms:send")))
    assert "750 credits left" in page
    assert "500 free until the end of" in page
    assert "250 bought or given" in page


def test_the_estimate_follows_the_text(sender, site):
    make_subscribers(site, 3)
    make_subscribers(site, 2, country="FR")
    page = " ".join(estimated(sender, site, "a" * 161).split())
    total = (3 * credits_for("US") + 2 * credits_for("FR")) * 2
    assert "GSM-7" in page and "161 characters" in page and "2 segments" in page and "145 left" in page
    assert f"<dd>{total}</dd>" in page.replace(" ", "")
    assert f"<dd>{500 - total}</dd>" in page.replace(" ", "")
    assert page.index("France") < page.index("United States")


def test_the_estimate_names_the_character_that_makes_segments_short(sender, site):
    page = estimated(sender, site, "Bientôt")
    assert "UCS-2" in page and "63 left" in page
    assert "<bdi>ô</bdi>" in page


def test_the_estimate_says_the_exact_shortfall(sender, site):
    make_subscribers(site, 501)
    assert "1 credit is missing: the message costs 501 credits and 500 are left." in " ".join(
        estimated(sender, site, BODY).split()
    )


def test_the_estimate_names_countries_without_a_rate(sender, site):
    make_subscribers(site, 1)
    make_subscriber(site, "+85021234567", country="KP")
    assert "North Korea" in estimated(sender, site, BODY)


def test_the_estimate_folds_the_long_tail_of_countries(sender, site):
    codes = ["FR", "DE", "ES", "IT", "BE", "NL", "AT", "CH", "SE", "DK", "NO"]
    publish([PriceRow(code, "", Decimal(price), "USD") for price, code in enumerate(codes, 1)], provider="default")
    for position, code in enumerate(codes):
        make_subscriber(site, f"+1201555{position:04d}", country=code)
    page = " ".join(estimated(sender, site, BODY).split())
    assert "and 3 more countries (3 people, 6 credits)" in page
    assert page.index("Norway") < page.index("Denmark") < page.index("and 3 more") < page.index("France")


def test_the_estimate_writes_nothing_and_refuses_get(sender, site):
    assert estimated(sender, site, BODY)
    assert not Campaign.objects.exists()
    assert sender.get(reverse("wagtail_sms:estimate")).status_code == 405


def test_without_javascript_a_button_updates_the_estimate_and_keeps_the_text(sender, site):
    make_subscribers(site, 2)
    token = uuid4()
    page = words(post(sender, site, form_token=token, **{"action-estimate": "1"}))
    assert BODY in page and str(token) in page
    assert "31 characters" in page
    assert not Campaign.objects.exists()


def test_send_asks_first_with_every_figure(sender, site):
    make_subscribers(site, 3)
    make_subscribers(site, 2, country="FR")
    page = words(post(sender, site))
    cost = 3 * credits_for("US") + 2 * credits_for("FR")
    assert f"Send to 5 people in 2 countries for {cost} credits?" in page
    assert BODY in page and "+1 201-555-0123" in page and str(500 - cost) in page
    assert not sent_campaigns().exists()


def test_send_now_launches_and_leads_to_the_campaign(sender, site):
    make_subscribers(site, 3)
    response = post(sender, site, follow=True, **reviewed(sender, site))
    campaign = sent_campaigns().get()
    assert response.redirect_chain == [(page_of(campaign), 302)]
    assert "Your message is being sent to 3 people." in words(response)
    assert (campaign.body, campaign.recipients, campaign.credits) == (BODY, 3, 3)
    assert campaign.launched_by.username == "Sven"


def test_a_second_click_sends_nothing_twice(sender, site):
    make_subscribers(site, 3)
    fields = reviewed(sender, site)
    post(sender, site, **fields)
    response = post(sender, site, follow=True, **fields)
    campaign = sent_campaigns().get()
    assert response.redirect_chain[-1][0] == page_of(campaign)
    assert "already sent" in words(response)
    assert ledger.balance(site).available == 497


def test_the_form_before_the_confirmation_replayed_leads_to_the_campaign(sender, site):
    make_subscribers(site, 3)
    fields = reviewed(sender, site)
    post(sender, site, **fields)
    response = post(sender, site, form_token=fields["form_token"], follow=True)
    assert "already sent" in words(response)
    assert sent_campaigns().count() == 1


def test_two_tabs_with_the_same_text_send_once(sender, site):
    make_subscribers(site, 3)
    first, second = reviewed(sender, site), reviewed(sender, site)
    assert first["form_token"] != second["form_token"]
    post(sender, site, **first)
    response = post(sender, site, follow=True, **second)
    campaign = sent_campaigns().get()
    assert response.redirect_chain[-1][0] == page_of(campaign)
    assert "already sent" in words(response)


def test_two_tabs_that_look_at_the_same_moment_send_once(sender, site, monkeypatch):
    make_subscribers(site, 3)
    first, second = reviewed(sender, site), reviewed(sender, site)
    # Neither request sees the other's message yet: only the launch itself can tell them apart.
    monkeypatch.setattr("wagtail_sms.admin.send.same_text_sent_lately", lambda *args, **kwargs: None)
    post(sender, site, **first)
    response = post(sender, site, follow=True, **second)
    assert response.redirect_chain[-1][0] == page_of(sent_campaigns().get())
    assert "This message was already sent. Nothing was sent a second time." in words(response)
    assert ledger.balance(site).available == 497


def test_a_click_that_is_overtaken_by_another_one_on_the_same_form_leads_to_the_campaign(sender, site, monkeypatch):
    make_subscribers(site, 3)
    form, look = reviewed(sender, site), send.of_this_form

    def overtaken(*args, **kwargs):
        seen = look(*args, **kwargs)
        monkeypatch.setattr(send, "of_this_form", look)
        post(sender, site, **form)
        return seen

    monkeypatch.setattr(send, "of_this_form", overtaken)
    response = post(sender, site, **form)
    assert (response.status_code, sent_campaigns().count()) == (302, 1)
    assert response.url == page_of(sent_campaigns().get())


def test_two_tabs_that_both_mean_to_repeat_a_text_repeat_it_once(sender, site):
    make_subscribers(site, 3)
    post(sender, site, **reviewed(sender, site))
    first, second = reviewed(sender, site), reviewed(sender, site)
    post(sender, site, **first)
    response = post(sender, site, follow=True, **second)
    assert "already sent" in words(response)
    assert sent_campaigns().count() == 2


def test_the_same_text_again_is_sent_only_after_a_warning(sender, site):
    make_subscribers(site, 3)
    post(sender, site, **reviewed(sender, site))
    assert "already sent to 3 people" in words(post(sender, site, form_token=uuid4()))
    post(sender, site, **reviewed(sender, site))
    assert sent_campaigns().count() == 2


def test_the_back_button_and_another_text_ask_again_under_a_new_token(sender, site):
    make_subscribers(site, 3)
    fields = reviewed(sender, site)
    post(sender, site, **fields)
    response = post(sender, site, **{**fields, "body": "Another one."})
    assert "Send to 3 people" in words(response)
    assert response.context["form_token"] != fields["form_token"]
    assert sent_campaigns().count() == 1


def test_a_dearer_quote_asks_again_with_the_difference_by_country(sender, site, provider):
    make_subscribers(site, 3)
    make_subscribers(site, 2, country="FR")
    fields, before = reviewed(sender, site), credits_for("FR")
    provider.prices["FR"] = "0.160"
    refresh()
    page = post(sender, site, **fields)
    total, now = 3 + 2 * before, 3 + 2 * credits_for("FR")
    assert f"from {total} credits to {now}" in words(page)
    assert f'France</td> <td class="wagtail-sms-number"> <strong> {2 * before} credits' in words(page)
    assert f"2 people × {credits_for('FR')}" in words(page)
    assert f"Send to 5 people in 2 countries for {now} credits?" in words(page)
    assert not sent_campaigns().exists()
    post(sender, site, **{**fields, "quote": page.context["sealed"]})
    assert sent_campaigns().get().credits == now


def test_who_signs_up_while_the_editor_thinks_is_not_in_what_was_confirmed(sender, site):
    make_subscribers(site, 3)
    fields = reviewed(sender, site)
    make_subscribers(site, 2, start=50)
    post(sender, site, **fields)
    assert (sent_campaigns().get().recipients, sent_campaigns().get().credits) == (3, 3)


@pytest.mark.parametrize("quote", ["", "rubbish"])
def test_a_quote_that_is_not_ours_is_asked_about_instead_of_believed(sender, site, quote):
    make_subscribers(site, 3)
    page = words(post(sender, site, **{**reviewed(sender, site), "quote": quote}))
    assert "Send to 3 people in 1 country for 3 credits?" in page
    assert not sent_campaigns().exists()


def test_another_sites_quote_confirms_nothing_here(superuser, site, other_site):
    make_subscribers(site, 3)
    make_subscribers(other_site, 3)
    client = signed_in(superuser)
    theirs = reviewed(client, other_site)["quote"]
    assert "Send to 3 people" in words(post(client, site, **{**reviewed(client, site), "quote": theirs}))
    assert not sent_campaigns().exists()


def test_without_enough_credits_the_shortfall_is_said_and_the_text_kept_as_a_draft(sender, site):
    make_subscribers(site, 510)
    response = post(sender, site)
    assert "10 credits are missing" in words(response)
    assert "costs 510 credits and 500 are left. Nothing was sent; the message is kept as a draft." in words(response)
    assert BODY in words(response)
    back = sender.get(response.context["draft_url"])
    assert BODY in words(back) and str(response.context["form_token"]) in words(back)
    give_credits(site, 10)
    post(sender, site, **{**reviewed(sender, site), "form_token": response.context["form_token"]})
    assert Campaign.objects.get().recipients == 510


def test_without_enough_credits_those_whom_they_reach_can_be_texted(sender, site):
    make_subscribers(site, 490)
    make_subscribers(site, 20, country="FR")
    refused = post(sender, site)
    reached, each = refused.context["reached"].quote, credits_for("FR")
    assert (reached.recipients, reached.credits) == (490 + 10 // each, 490 + 10 // each * each)
    assert f"{reached.recipients} people of 510 for {reached.credits} credits" in words(refused)
    asked = post(sender, site, form_token=refused.context["form_token"], **{"action-reach": "1"})
    assert f"Send to {reached.recipients} people in" in words(asked)
    assert f"{510 - reached.recipients} people are left out" in words(asked)
    post(
        sender,
        site,
        form_token=asked.context["form_token"],
        quote=asked.context["sealed"],
        **{"action-send": "1"},
    )
    campaign = sent_campaigns().get()
    assert (campaign.recipients, campaign.left_out) == (reached.recipients, 510 - reached.recipients)


def test_buying_is_offered_to_who_may_buy_and_leads_back_to_the_draft(site, settings):
    make_subscribers(site, 510)
    settings.DEBUG = True
    dummy = {"default": {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": dummy}
    buyer = signed_in(make_editor("Bo", site, "send_campaign", "buy_credits"))
    asked = urlsplit(post(buyer, site).context["buy_url"])
    assert parse_qs(asked.query)["needed"] == ["10"]
    assert BODY in words(buyer.get(parse_qs(asked.query)["return_to"][0]))
    assert post(signed_in(make_editor("Sven", site, "send_campaign")), site).context["buy_url"] == ""


def test_a_draft_of_another_site_or_of_nobody_is_an_empty_box(sender, site, other_site):
    theirs = compose(other_site, body="Theirs", form_token=uuid4())
    for token in (theirs.form_token, uuid4(), "rubbish"):
        page = words(sender.get(reverse("wagtail_sms:send"), {"draft": token}))
        assert "This draft is not there any more." in page and "Theirs" not in page


def test_a_draft_that_was_sent_meanwhile_leads_to_its_message(sender, site):
    make_subscribers(site, 3)
    campaign = launched(site)
    response = sender.get(reverse("wagtail_sms:send"), {"draft": campaign.form_token})
    assert response.url == page_of(campaign)


def test_credits_spent_since_the_confirmation_refuse_the_launch(sender, site):
    make_subscribers(site, 300)
    fields = reviewed(sender, site)
    launched(site, body="Somebody else was faster.")
    page = words(post(sender, site, **fields))
    assert "100 credits are missing" in page and BODY in page
    assert sent_campaigns().count() == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "Write a message first."),
        ("  \r\n ", "Write a message first."),
        ("a" * 1600, "It needs 11 segments; at most 9 can be sent as one."),
        ("Tonight\x07", "control characters"),
        ("Tonight\x00", "control characters"),
    ],
)
def test_a_message_that_cannot_be_sent_is_told_at_the_field_and_kept(sender, site, body, error):
    make_subscribers(site, 3)
    response = post(sender, site, body=body, **{"action-send": "1", "form_token": uuid4()})
    assert error in str(response.context["form"].errors["body"])
    assert body.strip("\x00\x07 \r\n") in response.content.decode()
    assert not Campaign.objects.exists()


def test_what_is_typed_is_never_markup(sender, site):
    make_subscribers(site, 1)
    page = post(sender, site, body="<script>alert(1)</script>").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_without_a_sender_number_it_says_so_and_refuses(sender, site):
    make_subscribers(site, 3)
    SenderNumber.objects.all().delete()
    assert "This site has no sender number yet." in words(sender.get(reverse("wagtail_sms:send")))
    page = words(post(sender, site, **{"action-send": "1", "form_token": uuid4(), "quote": "3"}))
    assert "Nothing was sent." in page and "no sender number" in page and BODY in page
    assert not sent_campaigns().exists()


def test_nobody_to_text_is_refused(sender, site):
    assert "Nobody would receive this message" in words(post(sender, site))


def test_a_form_without_a_token_asks_instead_of_sending(sender, site):
    make_subscribers(site, 3)
    page = words(post(sender, site, form_token="rubbish", quote="3", **{"action-send": "1"}))
    assert "form_token" in page or "Send to 3 people" in page
    assert not sent_campaigns().exists()


def test_a_writer_sees_the_estimate_and_no_way_to_send(writer, site):
    make_subscribers(site, 3)
    page = words(writer.get(reverse("wagtail_sms:send")))
    assert "Sending it takes a right that you don't have" in page.replace("&#x27;", "'")
    assert ">Send</em>" not in page
    assert "3" in estimated(writer, site, BODY)


@pytest.mark.parametrize("fields", [{}, {"action-send": "1", "quote": "3"}])
def test_a_writer_who_posts_anyway_sends_nothing(writer, site, fields):
    make_subscribers(site, 3)
    response = post(writer, site, form_token=uuid4(), **fields)
    assert (response.status_code, response.url) == (302, reverse("wagtailadmin_home"))
    assert not Campaign.objects.exists()


def test_who_may_only_look_at_subscribers_has_no_send_tab(site):
    client = signed_in(make_editor("Lena", site, "view_subscriber"))
    assert client.get(reverse("wagtail_sms:send")).url == reverse("wagtailadmin_home")
    assert estimate_status(client, site) == 302


def estimate_status(client, site) -> int:
    return client.post(reverse("wagtail_sms:estimate"), {"sms_site": site.pk, "body": BODY}).status_code


def test_another_sites_editor_cannot_send_to_this_one(south_editor, site, other_site):
    make_subscribers(site, 3)
    client = signed_in(south_editor)
    response = post(client, site, form_token=uuid4(), quote="3", **{"action-send": "1"})
    assert response.url == reverse("wagtailadmin_home")
    assert estimate_status(client, site) == 302
    assert not Campaign.objects.exists()


def test_another_sites_form_token_sends_nothing_and_changes_nothing(sender, site, other_site):
    make_subscribers(site, 3)
    theirs = compose(other_site, body="Theirs", form_token=uuid4())
    response = post(sender, site, form_token=theirs.form_token, quote="3", **{"action-send": "1"})
    assert "Send to 3 people" in words(response)
    theirs.refresh_from_db()
    assert (theirs.body, theirs.status) == ("Theirs", CampaignStatus.DRAFT)


def test_switching_the_site_in_another_tab_does_not_redirect_the_message(superuser, site, other_site):
    make_subscribers(site, 3)
    make_subscribers(other_site, 7)
    client = signed_in(superuser)
    fields = reviewed(client, site)
    client.post(reverse("wagtail_sms:switch_site"), {"site": other_site.pk})
    response = post(client, site, follow=True, **fields)
    assert sent_campaigns().get().site == site
    assert response.status_code == 200
    assert "Your message is being sent to 3 people." in words(response)
    client.post(reverse("wagtail_sms:switch_site"), {"site": other_site.pk})
    again = post(client, site, follow=True, **fields)
    assert again.status_code == 200 and "already sent" in words(again)


def test_low_credits_on_the_tab_lead_to_buying_for_those_who_may(site, settings):
    settings.DEBUG = True
    dummy = {"default": {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": dummy, "LOW_CREDITS": 1000}
    address = reverse("wagtail_sms:buy_credits")
    buyer = signed_in(make_editor("Bea", site, "send_campaign", "buy_credits"))
    assert address in words(buyer.get(reverse("wagtail_sms:send")))
    nobody = signed_in(make_editor("Sven", site, "send_campaign"))
    assert address not in words(nobody.get(reverse("wagtail_sms:send")))
