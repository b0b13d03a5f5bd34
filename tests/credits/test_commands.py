"""The operator's commands."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from wagtail.models import ModelLogEntry, Site

from tests.credits import hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Wallet


@pytest.fixture
def site(bare_site):
    """The commands live in the present, so the wallet does too."""
    ledger.open_wallet(bare_site)
    return bare_site


def run(*args, **kwargs):
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=out, **kwargs)
    return out.getvalue()


def test_a_right_ledger_says_so(site):
    hold(site, 20, now=timezone.now())
    assert "is right" in run("sms_check_ledger")


def test_a_tampered_ledger_is_named_and_fails(site):
    Wallet.objects.update(available=9999)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 figure"):
        call_command("sms_check_ledger", stdout=out, stderr=out)
    assert "available is 9999, but its history says 500" in out.getvalue()


def test_an_operator_gives_credits(site, django_user_model):
    operator = django_user_model.objects.create(username="operator")
    out = run("sms_grant", "venue.example", "250", note="Sorry for Tuesday", by="operator")
    assert "now has 750 credits" in out
    line = ledger.history(site).first()
    assert (line.amount, line.note, line.grant.created_by) == (250, "Sorry for Tuesday", operator)


def test_a_site_can_be_named_by_number_or_port(site):
    run("sms_grant", str(site.pk), "1", note="One")
    run("sms_grant", "venue.example:80", "1", note="Another")
    assert ledger.balance(site).bought == 2


@pytest.mark.parametrize(("amount", "sentence"), [("250", "250 credits given"), ("-10", "10 credits taken")])
def test_what_the_command_does_stands_in_the_site_history(site, django_user_model, amount, sentence):
    operator = django_user_model.objects.create(username="operator")
    for _ in range(2):
        run("sms_grant", "venue.example", amount, note="Sorry for Tuesday", by="operator", key="tuesday")
    entry = ModelLogEntry.objects.get(action="wagtail_sms.adjust_credits")
    assert (entry.message, entry.user) == (f"{sentence}: Sorry for Tuesday", operator)
    run("sms_grant", "venue.example", amount, note="Nobody in particular")
    assert ModelLogEntry.objects.count() == 2


def test_a_key_makes_the_command_repeatable(site):
    run("sms_grant", "venue.example", "10", key="tuesday", note="Sorry")
    run("sms_grant", "venue.example", "10", key="tuesday", note="Sorry")
    assert ledger.balance(site).bought == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.example", "10"], "not one site. Choose from: .*venue.example:80"),
        (["venue.example", "0", "--note", "Why"], "at least one credit"),
        (["venue.example", "1.5"], "whole numbers.*'1.5'"),
        (["venue.example", "1,000"], "whole numbers"),
        (["venue.example", "many"], "whole numbers"),
        (["venue.example", str(2**70), "--note", "Why"], "No operation moves more"),
        (["venue.example", "9" * 5000], "whole numbers"),
        (["99999999999999999999999", "10"], "not one site"),
        (["venue.example:99999999999999999999999", "10"], "not one site"),
        (["venue.example", "-10"], "Say why with --note"),
        (["venue.example", "10"], "Say why with --note"),
        (["venue.example", "10", "--note", "  "], "Say why with --note"),
        (["venue.example", "-501", "--note", "Wrong"], "1 credit is missing: this needs 501 credits and 500 are left"),
        (["venue.example", "10", "--note", "x" * 256], "at most 255 characters"),
        (["venue.example", "10", "--note", "Why", "--key", "x" * 120], "1 to 120 characters"),
        (["venue.example"], "or use --list"),
        ([], "or use --list"),
        (["venue.example", "10", "--note", "Why", "--by", "nobody"], "no user 'nobody'"),
    ],
)
def test_a_wrong_command_says_what_to_do(site, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("sms_grant", *arguments)
    assert ledger.balance(site).available == 500


def test_an_operator_takes_credits(site, django_user_model):
    operator = django_user_model.objects.create(username="operator")
    run("sms_grant", "venue.example", "200", note="Sorry for Tuesday")
    out = run("sms_grant", "venue.example", "-250", note="Sent to the wrong site", by="operator")
    assert "now has 450 credits" in out
    taken = ledger.history(site).filter(kind="expire").order_by("pk")
    assert [(line.amount, line.grant.kind, line.created_by) for line in taken] == [
        (200, "adjustment", operator),
        (50, "free", operator),
    ]
    assert {line.note for line in taken} == {"Sent to the wrong site"}


def test_taking_with_a_key_is_repeatable(site):
    for _ in range(2):
        run("sms_grant", "venue.example", "-10", key="tuesday", note="Wrong site")
    assert ledger.balance(site).available == 490
    for amount in ("-11", "10"):
        with pytest.raises(CommandError, match="used before for something else"):
            run("sms_grant", "venue.example", amount, key="tuesday", note="Wrong site")


def test_all_wallets_are_listed_and_nothing_moves(site, bare_site):
    root = bare_site.root_page
    poor = Site.objects.create(hostname="poor.example", root_page=root, port=8080)
    gone = Site.objects.create(hostname="gone.example", root_page=root)
    for each in (poor, gone):
        ledger.open_wallet(each)
    ledger.take(poor, amount=1 + 460, key="t", note="Wrong")
    hold(site, 20, now=timezone.now())
    gone.delete()
    lines = [line.split() for line in run("sms_grant", "--list").splitlines()]
    month = Wallet.objects.get(site=poor).granted_through
    assert lines[1:3] == [
        [str(site.pk), "venue.example:80", "480", "20", month],
        [str(poor.pk), "poor.example:8080", "39", "0", month, "low"],
    ]
    assert lines[3][-7:] == ["of", "a", "deleted", "site", "500", "0", month]
    assert Grant.objects.count() == 3


def test_an_empty_list_says_what_opens_a_wallet(bare_site):
    assert "No site has a wallet yet" in run("sms_grant", "--list")


def test_a_site_without_a_wallet_gets_nothing(bare_site):
    with pytest.raises(CommandError, match="has no wallet"):
        run("sms_grant", "venue.example", "10", note="Why")


def test_given_credits_do_not_hide_bought_ones(site):
    pack(site, 5)
    run("sms_grant", "venue.example", "10", note="Why")
    assert ledger.audit(site) == []
