"""The operator's page: every wallet, and giving and taking with a reason."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, permission, signed_in
from tests.factories import give_credits, make_installed_site
from wagtail_sms.credits import ledger, low
from wagtail_sms.credits.models import Transfer, Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.states import GrantKind, PurchaseStatus


@pytest.fixture
def operator(db) -> User:
    """May adjust credits, for all sites, and nothing else."""
    user = User.objects.create_user("olga", password="secret", first_name="Olga", last_name="Vik")
    user.user_permissions.add(permission("access_admin"), permission("adjust_credits"))
    return user


@pytest.fixture
def desk(operator):
    return signed_in(operator)


def rows(client, **query) -> dict:
    listed = client.get(reverse("wagtail_sms:wallets"), query).context["table"].data
    return {row.name: row for row in listed}


def address(site) -> str:
    return reverse("wagtail_sms:wallet", args=[Wallet.objects.get(site=site).pk])


def adjusted(client, site, *, direction="give", amount=100, reason="Sorry for Friday", token=None, follow=True):
    form = {"direction": direction, "amount": amount, "reason": reason, "form_token": token or uuid4()}
    return client.post(address(site), form, follow=follow)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_every_wallet_is_listed_with_its_figures(desk, site, other_site):
    give_credits(site, 1200)
    held = ledger.reserve(site, amount=600, key="a", purpose="campaign")
    ledger.capture(held, amount=40, key="a:1")
    ledger.refund(held, amount=10, key="a:2")
    low.set_threshold(other_site, threshold=501)
    paid = timezone.now()
    Purchase.objects.create(
        wallet=site.sms_wallet,
        packs=1,
        credits=100,
        amount_cents=100,
        currency="USD",
        provider="default",
        status=PurchaseStatus.PAID,
        paid_at=paid,
    )
    found = rows(desk)
    nord, sud = found["Halle Nord"], found["Atelier Sud"]
    assert (nord.available, nord.free, nord.bought, nord.reserved, nord.spent) == (1110, 10, 1100, 560, 30)
    assert (str(nord.look.label), nord.last_purchase) == ("Enough", paid)
    assert (sud.available, sud.free, sud.bought, str(sud.look.label)) == (500, 500, 0, "Low")
    assert sud.last_purchase is None


def test_a_deleted_sites_wallet_is_shown_and_can_not_be_changed(desk, site, other_site):
    wallet = Wallet.objects.get(site=other_site)
    gone = f"Wallet {wallet.pk} of a deleted site"
    Wallet.objects.filter(pk=wallet.pk).update(site=None)
    assert list(rows(desk)) == ["Halle Nord", gone]
    assert str(rows(desk)[gone].look.label) == "Site deleted"
    page = reverse("wagtail_sms:wallet", args=[wallet.pk])
    assert "Its credits can't change any more" in words(desk.get(page))
    desk.post(page, {"direction": "give", "amount": 5, "reason": "x", "form_token": uuid4()})
    wallet.refresh_from_db()
    assert wallet.available == 500 and not ModelLogEntry.objects.exists()


def test_wallets_are_found_by_name_and_host_and_ordered_by_what_is_left(desk, site, other_site):
    give_credits(site, 10)
    assert list(rows(desk, q="sud")) == ["Atelier Sud"]
    assert list(rows(desk, q="localhost")) == ["Halle Nord"]
    assert list(rows(desk, ordering="available")) == ["Atelier Sud", "Halle Nord"]
    assert list(rows(desk, ordering="-available")) == ["Halle Nord", "Atelier Sud"]
    assert list(rows(desk, ordering="site__password")) == ["Atelier Sud", "Halle Nord"]


def test_many_wallets_cost_no_query_each(desk, django_assert_max_num_queries):
    for number in range(12):
        make_installed_site(f"s{number}.example", name=f"Site {number:02}", number=f"+120155502{number:02}")
    with django_assert_max_num_queries(15):
        assert len(rows(desk)) == 12


def test_giving_is_in_the_ledger_and_in_the_site_history_with_its_reason(desk, operator, site):
    response = adjusted(desk, site, amount=1500)
    assert response.redirect_chain == [(address(site), 302)]
    assert "1,500 credits were given to Halle Nord." in words(response)
    assert "Sorry for Friday" in words(response) and "Olga Vik" in words(response)
    assert ledger.balance(site).available == 2000
    moved = Transfer.objects.order_by("-pk")[0]
    assert (moved.note, moved.created_by, moved.grant.kind) == ("Sorry for Friday", operator, GrantKind.ADJUSTMENT)
    entry = ModelLogEntry.objects.get()
    assert (entry.action, entry.user, entry.label) == ("wagtail_sms.adjust_credits", operator, "Halle Nord")
    assert entry.message == "1,500 credits given: Sorry for Friday"


def test_taking_is_in_the_ledger_and_in_the_site_history(desk, site):
    assert "200 credits were taken from Halle Nord." in words(adjusted(desk, site, direction="take", amount=200))
    assert ledger.balance(site).available == 300
    assert ModelLogEntry.objects.get().message == "200 credits taken: Sorry for Friday"


def test_what_was_taken_from_several_grants_at_once_is_one_line(desk, site, operator):
    adjusted(desk, site, amount=30, reason="Sorry for Friday")
    response = adjusted(desk, site, direction="take", amount=100, reason="Counted twice")
    assert Transfer.objects.filter(note="Counted twice").count() > 1
    latest, before = response.context["adjustments"]
    assert (latest.credits, latest.reason, latest.by) == (-100, "Counted twice", operator)
    assert (before.credits, before.reason) == (30, "Sorry for Friday")
    assert "−100" in words(response) and "+30" in words(response)


def test_the_site_history_leads_to_the_wallet(site, superuser):
    client = signed_in(superuser)
    adjusted(client, site)
    assert address(site) in words(client.get(reverse("wagtailadmin_reports:site_history")))


def test_more_than_there_is_is_not_taken_and_the_figures_are_said(desk, site):
    ledger.reserve(site, amount=100, key="a", purpose="campaign")
    response = adjusted(desk, site, direction="take", amount=450)
    assert "450 credits can&#x27;t be taken: only 400 are left." in words(response)
    assert 'value="450"' in words(response) and 'value="Sorry for Friday"' in words(response)
    assert ledger.balance(site).available == 400 and not ModelLogEntry.objects.exists()


def test_a_double_click_gives_once_and_is_logged_once(desk, site):
    token = uuid4()
    adjusted(desk, site, token=token)
    assert "Nothing was given or taken a second time." in words(adjusted(desk, site, token=token))
    adjusted(desk, site, token=token, direction="take", amount=7)
    assert ledger.balance(site).available == 600
    assert ModelLogEntry.objects.count() == 1


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "ten", "", str(10**12 + 1), "9" * 5000])
def test_an_amount_that_is_no_count_changes_nothing(desk, site, amount):
    for direction in ("give", "take"):
        response = adjusted(desk, site, direction=direction, amount=amount)
        assert response.status_code == 200 and response.context["form"].errors["amount"]
    assert ledger.balance(site).available == 500


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": " "}, {"reason": "x" * 256}, {"direction": "steal"}])
def test_a_reason_and_a_direction_are_required(desk, site, wrong):
    assert adjusted(desk, site, **wrong).context["form"].errors
    assert ledger.balance(site).available == 500


def test_a_form_without_its_token_changes_nothing_and_says_so(desk, site):
    response = adjusted(desk, site, token="none")
    assert 'role="alert"' in words(response)
    assert ledger.balance(site).available == 500


@pytest.mark.parametrize("rights", [(), ("adjust_credits",)])
def test_the_right_holds_for_all_sites_or_not_at_all(site, rights):
    client = signed_in(make_editor("eva", site, *rights))
    home = reverse("wagtailadmin_home")
    for url in (reverse("wagtail_sms:wallets"), reverse("wagtail_sms:wallets_results"), address(site)):
        assert client.get(url).url == home
    assert adjusted(client, site, follow=False).url == home
    assert ledger.balance(site).available == 500


def test_settings_has_the_page_for_operators_alone(desk, site):
    url = reverse("wagtail_sms:wallets")
    assert url in desk.get(reverse("wagtailadmin_home")).content.decode()
    editor = signed_in(make_editor("eva", site))
    assert url not in editor.get(reverse("wagtailadmin_home")).content.decode()


def test_a_wallet_that_is_not_there_is_not_found(desk):
    assert desk.get(reverse("wagtail_sms:wallet", args=[999])).status_code == 404
