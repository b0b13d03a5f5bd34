"""An operator takes credits away: all that was asked or none, once per key, and the books say who and why."""

import pytest

from tests.credits import DECEMBER, NOVEMBER, figures, hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Transfer
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import GrantKind, TransferKind


@pytest.fixture(autouse=True)
def books_are_right(db):
    yield
    assert ledger.audit() == []


def give(site, amount, key="gift", **kwargs):
    return ledger.grant(site, amount=amount, kind=GrantKind.ADJUSTMENT, key=key, now=NOVEMBER, **kwargs)


def take(site, amount, key="mistake", now=NOVEMBER, **kwargs):
    return ledger.take(site, amount=amount, key=key, note="Sent to the wrong site", now=now, **kwargs)


def left(grant):
    return Grant.objects.values_list("available", flat=True).get(pk=grant.pk)


def test_given_credits_go_first_then_free_ones_then_bought_ones(site):
    bought, given = pack(site, 100), give(site, 100)
    free = Grant.objects.get(kind=GrantKind.FREE)
    assert take(site, 60) == 60
    assert (left(given), left(free), left(bought)) == (40, 500, 100)
    take(site, 300, key="again")
    assert (left(given), left(free), left(bought)) == (0, 240, 100)
    take(site, 300, key="and again")
    assert (left(given), left(free), left(bought)) == (0, 0, 40)


def test_among_given_credits_those_that_lapse_go_first(site):
    lasting, dated = give(site, 100), give(site, 100, key="dated", expires_at=DECEMBER)
    take(site, 130)
    assert (left(dated), left(lasting)) == (0, 70)


def test_one_credit_too_many_takes_none(site):
    pack(site, 100)
    hold(site, 50)
    with pytest.raises(InsufficientCredits) as refused:
        take(site, 551)
    assert (refused.value.needed, refused.value.available, refused.value.shortfall) == (551, 550, 1)
    assert figures(site) == (450, 100, 50)
    assert not Transfer.objects.filter(kind=TransferKind.EXPIRE).exists()


def test_the_last_credit_can_be_taken_and_what_is_reserved_stays(site):
    hold(site, 200)
    assert take(site, 300) == 300
    assert figures(site) == (0, 0, 200)


def test_the_books_say_who_took_them_and_why(site, django_user_model):
    operator = django_user_model.objects.create(username="operator")
    give(site, 10)
    take(site, 15, by=operator)
    lines = Transfer.objects.filter(key="mistake").order_by("line")
    assert [(line.amount, line.kind, line.note, line.created_by) for line in lines] == [
        (10, TransferKind.EXPIRE, "Sent to the wrong site", operator),
        (5, TransferKind.EXPIRE, "Sent to the wrong site", operator),
    ]


def test_the_books_say_who_gave_and_who_revoked(site, django_user_model):
    operator = django_user_model.objects.create(username="operator")
    grant = give(site, 10, by=operator)
    ledger.revoke(grant, key="back", by=operator, now=NOVEMBER)
    assert [line.created_by for line in grant.transfers.all()] == [operator, operator]


def test_taking_again_takes_nothing_even_when_the_credits_would_no_longer_do(site):
    assert [take(site, 400) for _ in range(3)] == [400, 400, 400]
    assert figures(site) == (100, 0, 0)


def test_a_key_is_good_for_one_amount_and_one_site(site, bare_site):
    from wagtail.models import Site

    other = Site.objects.create(hostname="other.example", root_page=bare_site.root_page)
    ledger.open_wallet(other, now=NOVEMBER)
    grant = pack(site, 5)
    take(site, 7)
    for refused in (
        lambda: take(site, 8),
        lambda: take(other, 7),
        lambda: take(other, 501),
        lambda: ledger.revoke(grant, key="mistake", now=NOVEMBER),
    ):
        with pytest.raises(LedgerError, match="used before for something else"):
            refused()
    assert (figures(site), figures(other)) == ((493, 5, 0), (500, 0, 0))


def test_a_key_that_revoked_more_is_refused_for_less(site):
    grant = pack(site, 100)
    ledger.revoke(grant, amount=40, key="back", now=NOVEMBER)
    with pytest.raises(LedgerError, match="used before for something else"):
        ledger.revoke(grant, amount=39, key="back", now=NOVEMBER)
    assert left(grant) == 60


def test_lapsed_credits_cannot_be_taken(site):
    with pytest.raises(InsufficientCredits) as refused:
        take(site, 501, now=DECEMBER)
    assert refused.value.available == 500
    take(site, 500, now=DECEMBER)
    assert figures(site, DECEMBER) == (0, 0, 0)


def test_a_caller_that_rolls_back_takes_nothing(site):
    from django.db import transaction

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        take(site, 100)
        raise ZeroDivisionError
    assert figures(site) == (500, 0, 0)


def test_a_site_without_a_wallet_has_nothing_to_take(bare_site):
    with pytest.raises(LedgerError, match="has no wallet"):
        take(bare_site, 1)
