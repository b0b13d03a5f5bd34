"""The operator's commands."""

import io

import pytest
from django.core.management import CommandError, call_command

from tests.credits import hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Wallet


def run(*args, **kwargs):
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=out, **kwargs)
    return out.getvalue()


def test_a_right_ledger_says_so(site):
    hold(site, 20)
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
    run("sms_grant", str(site.pk), "1")
    run("sms_grant", "venue.example:80", "1")
    assert ledger.balance(site).bought == 2


def test_a_key_makes_the_command_repeatable(site):
    run("sms_grant", "venue.example", "10", key="tuesday")
    run("sms_grant", "venue.example", "10", key="tuesday")
    assert ledger.balance(site).bought == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.example", "10"], "not one site. Choose from: .*venue.example:80"),
        (["venue.example", "-10"], "at least one credit"),
        (["venue.example", "10", "--by", "nobody"], "no user 'nobody'"),
    ],
)
def test_a_wrong_command_says_what_to_do(site, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("sms_grant", *arguments)
    assert Grant.objects.count() == 1


def test_a_site_without_a_wallet_gets_nothing(bare_site):
    with pytest.raises(CommandError, match="has no wallet"):
        run("sms_grant", "venue.example", "10")


def test_given_credits_do_not_hide_bought_ones(site):
    pack(site, 5)
    run("sms_grant", "venue.example", "10")
    assert ledger.audit(site) == []
