"""Buying credits: the packs, the order, the way to the payment and back."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.urls import resolve, reverse
from django.utils import timezone

from tests.admin.conftest import make_editor, signed_in
from wagtail_sms.admin.packs import covering, value_of
from wagtail_sms.admin.sites import for_site
from wagtail_sms.admin.ways_back import way_back
from wagtail_sms.credits import ledger, purchases
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.credits.purchases import Pack
from wagtail_sms.exceptions import PaymentRefused, PaymentUnavailable
from wagtail_sms.payments import get_payment_method
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.payments.dummy import DummyPayment
from wagtail_sms.states import PurchaseStatus


SMALL, LARGE = Pack(100, 100, "USD"), Pack(1000, 900, "USD")
DRAFT = "/admin/sms/send/?sms_site=1&draft=0f6a"


class BrokenPayment(DummyPayment):
    """A payment company that is out of reach, or turns the order away."""

    default_options = {"error": PaymentUnavailable}

    def start(self, order):
        raise self.options["error"]()


@pytest.fixture
def selling(settings):
    """Two packs, paid with the dummy; gives a function that changes what is configured."""
    settings.DEBUG = True
    base = settings.WAGTAIL_SMS

    def configure(backend="wagtail_sms.payments.dummy.DummyPayment", options=None, **changes):
        methods = {"default": {"BACKEND": backend, "OPTIONS": options or {}}}
        packs = [(pack.credits, pack.price_cents) for pack in (SMALL, LARGE)]
        settings.WAGTAIL_SMS = {**base, "PACKS": packs, "PAYMENTS": methods, **changes}

    configure()
    return configure


@pytest.fixture
def buyer(site, selling):
    return signed_in(make_editor("Berta", site, "buy_credits", "view_wallet"))


def words(response) -> str:
    return " ".join(response.content.decode().split())


def opened(client, **query):
    return client.get(reverse("wagtail_sms:buy_credits"), query)


def token_of(response) -> str:
    return re.search(r'name="form_token" value="([0-9a-f-]{36})"', response.content.decode())[1]


def bought(client, site, *, pack=SMALL, quantity=1, token=None, **fields):
    """What the server answers to the form."""
    pack = value_of(pack) if isinstance(pack, Pack) else pack
    form = {"sms_site": site.pk, "pack": pack, "quantity": quantity, "form_token": token or uuid4(), **fields}
    return client.post(reverse("wagtail_sms:buy_credits"), form)


def page(purchase, name="purchase") -> str:
    return for_site(reverse(f"wagtail_sms:{name}", args=[purchase.uuid]), purchase.wallet.site)


def told(purchase, kind, **changes) -> None:
    """The payment company's word about the purchase."""
    figures = {"amount_cents": purchase.amount_cents, "currency": purchase.currency, **changes}
    purchases.confirm(get_payment_method().event(str(purchase.uuid), kind, **figures))


@pytest.fixture
def ordered(site, buyer):
    """A purchase whose buyer is on the payment page."""
    bought(buyer, site, pack=LARGE, quantity=2, return_to=DRAFT)
    return Purchase.objects.get()


# The form


def test_each_pack_says_its_credits_its_price_and_the_price_of_a_hundred(buyer):
    shown = words(opened(buyer))
    for said in ("100 credits", "$1.00 per 100", "1,000 credits", "$9.00", "$0.90 per 100"):
        assert said in shown
    assert "100 credits for $1.00" in shown and "500 credits now, 600 afterwards." in shown


def test_prices_are_in_the_currencys_own_units(buyer, selling):
    selling(PACK_CURRENCY="JPY")
    shown = words(opened(buyer))
    assert "¥900" in shown and "¥90 per 100" in shown


def test_what_is_missing_for_a_message_is_covered_by_the_cheapest_choice(buyer):
    shown = words(opened(buyer, needed=1234, return_to=DRAFT))
    assert "1,234 credits are missing for your message." in shown
    assert "1,300 credits for $13.00" in shown and "would still be missing" not in shown


@pytest.mark.parametrize(
    ("needed", "credits", "quantity"), [(1, 100, 1), (100, 100, 1), (101, 100, 2), (900, 1000, 1), (1001, 100, 11)]
)
def test_the_cheapest_that_covers_is_chosen_and_among_equals_the_fewest(needed, credits, quantity):
    choice = covering([SMALL, LARGE], needed=needed)
    assert (choice.pack.credits, choice.quantity) == (credits, quantity)


def test_a_need_that_no_purchase_covers_is_said_with_what_stays_missing(buyer):
    shown = words(opened(buyer, needed=10**11))
    assert "100,000,000,000 credits are missing" in shown
    assert "99,999,999,900 credits would still be missing for your message." in shown


@pytest.mark.parametrize("needed", ["-5", "0", "many", "1e9", "9" * 40, "٣"])
def test_a_need_that_makes_no_sense_is_not_repeated(buyer, needed):
    response = opened(buyer, needed=needed)
    assert response.status_code == 200
    assert "missing for your message" not in words(response) or needed == "٣"


def test_the_total_follows_the_choice_and_writes_nothing(buyer, site):
    form = {"sms_site": site.pk, "pack": value_of(LARGE), "quantity": 3, "needed": 5000}
    shown = words(buyer.post(reverse("wagtail_sms:buy_total"), form))
    assert "3,000 credits for $27.00" in shown
    assert "2,000 credits would still be missing for your message." in shown
    assert not Purchase.objects.exists()


def test_without_javascript_a_button_updates_the_total_and_orders_nothing(buyer, site):
    token = str(uuid4())
    response = bought(buyer, site, pack=LARGE, quantity=3, token=token, return_to=DRAFT, **{"action-update": "1"})
    assert "3,000 credits for $27.00" in words(response)
    assert token_of(response) == token and DRAFT.replace("&", "&amp;") in response.content.decode()
    assert not Purchase.objects.exists()


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "two", "", "9" * 30, "9" * 5000, "1 OR 1"])
def test_a_quantity_that_is_no_count_orders_nothing_and_keeps_the_choice(buyer, site, quantity):
    response = bought(buyer, site, pack=LARGE, quantity=quantity)
    assert response.status_code == 200
    assert any(said in words(response) for said in ("Enter a whole number from 1.", "Enter how many", "At most"))
    assert f'value="{value_of(LARGE)}" checked' in words(response)
    assert not Purchase.objects.exists()


def test_a_pack_that_is_not_offered_or_has_another_price_now_is_refused(buyer, site, selling):
    for pack in (Pack(100, 1, "USD"), Pack(100, 100, "EUR"), "", "100"):
        response = bought(buyer, site, pack=pack)
        assert "Choose" in words(response)
    assert not Purchase.objects.exists()


# The order


def test_the_order_leads_to_the_payment_and_charges_nothing_yet(buyer, site):
    response = bought(buyer, site, pack=LARGE, quantity=2, return_to=DRAFT)
    purchase = Purchase.objects.get()
    assert response.url == reverse("wagtail_sms:dummy_payment", args=[purchase.uuid])
    assert (purchase.credits, purchase.amount_cents, purchase.currency) == (2000, 1800, "USD")
    assert (purchase.status, purchase.created_by.username) == (PurchaseStatus.PENDING, "Berta")
    assert purchase.return_to == DRAFT
    assert ledger.balance(site).available == 500


def test_a_double_click_makes_one_purchase(buyer, site):
    token = uuid4()
    first, second = bought(buyer, site, token=token), bought(buyer, site, token=token)
    assert first.url == second.url
    assert Purchase.objects.count() == 1


def test_the_form_used_again_with_another_choice_is_another_purchase(buyer, site):
    token = uuid4()
    bought(buyer, site, token=token)
    bought(buyer, site, token=token, quantity=2)
    assert sorted(Purchase.objects.values_list("credits", flat=True)) == [100, 200]


def test_the_form_sent_again_after_paying_leads_to_the_purchase_and_buys_nothing(buyer, site):
    token = uuid4()
    bought(buyer, site, token=token)
    purchase = Purchase.objects.get()
    told(purchase, PaymentKind.PAID)
    response = bought(buyer, site, token=token)
    assert response.url == page(purchase)
    assert "Nothing was bought twice" in words(buyer.get(response.url))
    assert ledger.balance(site).available == 600


def test_two_tabs_buying_at_once_are_two_purchases(buyer, site):
    first, second = token_of(opened(buyer)), token_of(opened(buyer))
    bought(buyer, site, token=first)
    bought(buyer, site, token=second)
    for purchase in Purchase.objects.all():
        told(purchase, PaymentKind.PAID)
    assert ledger.balance(site).available == 700


def test_a_payment_company_out_of_reach_is_said_at_the_form_and_loses_nothing(buyer, site, selling):
    selling("tests.admin.test_buy.BrokenPayment")
    token = str(uuid4())
    response = bought(buyer, site, pack=LARGE, quantity=3, token=token, needed=2500, return_to=DRAFT)
    shown = words(response)
    assert "Nothing was bought." in shown and "be reached at the moment" in shown
    assert "3,000 credits for $27.00" in shown and "2,500 credits are missing" in shown
    assert token_of(response) == token and "draft=0f6a" in shown
    selling()
    assert bought(buyer, site, pack=LARGE, quantity=3, token=token).status_code == 302
    assert Purchase.objects.get().status == PurchaseStatus.PENDING


def test_an_order_that_was_turned_away_can_be_made_anew(buyer, site, selling):
    selling("tests.admin.test_buy.BrokenPayment", {"error": PaymentRefused})
    token = str(uuid4())
    response = bought(buyer, site, token=token)
    assert "did not accept this order" in words(response)
    assert UUID(token_of(response)) != UUID(token)


# The way back


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/\\evil.example/admin/",
        "javascript:alert(1)",
        "/elsewhere/",
        "/admin/../elsewhere/",
        "/admin/%2e%2e/elsewhere/",
        "/adminevil/",
        "/admin/\x00",
        "http:///evil.example",
        "/admin/" + "x" * 500,
        "",
    ],
)
def test_the_way_back_leads_nowhere_but_into_this_admin(buyer, site, address):
    assert way_back(address) == ""
    bought(buyer, site, return_to=address)
    assert Purchase.objects.get().return_to == ""
    assert "evil" not in words(opened(buyer, return_to=address))


def test_a_page_of_the_admin_is_a_way_back():
    assert way_back(DRAFT) == DRAFT


# The purchase's page


def test_while_the_payment_is_undecided_the_page_asks_again(buyer, ordered):
    shown = words(buyer.get(page(ordered)))
    assert "Waiting for the payment" in shown and "Go to payment" in shown
    assert f'data-wagtail-sms-progress-src-value="{page(ordered, "purchase_state")}"' in shown
    assert 'data-every="2000"' in words(buyer.get(page(ordered, "purchase_state")))


@pytest.mark.parametrize(("age", "every"), [(1, "2000"), (10, "10000"), (45, "0")])
def test_it_asks_more_seldom_as_time_goes_by_and_then_no_more(buyer, ordered, age, every):
    Purchase.objects.update(created_at=timezone.now() - timedelta(minutes=age))
    assert f'data-every="{every}"' in words(buyer.get(page(ordered, "purchase_state")))


def test_paid_says_the_credits_the_balance_and_leads_back_to_the_message(buyer, ordered):
    told(ordered, PaymentKind.PAID)
    shown = words(buyer.get(page(ordered)))
    assert "2,000 credits were added" in shown and "2,500 credits are left now." in shown
    assert f'href="{DRAFT.replace("&", "&amp;")}">Back to your message</a>' in shown
    assert "data-wagtail-sms-progress-src-value" not in shown
    assert page(ordered, "receipt") in shown


def test_a_failed_payment_says_why_and_offers_the_same_again(buyer, ordered):
    told(ordered, PaymentKind.FAILED)
    response = buyer.get(page(ordered))
    shown = words(response)
    assert "The payment was declined." in shown and "Nothing was charged" in shown
    again = re.search(r'href="([^"]+)">Try again', response.content.decode())[1].replace("&amp;", "&")
    form = words(buyer.get(again))
    assert "2,000 credits for $18.00" in form and "Back to your message" in form


def test_coming_back_without_paying_ends_the_purchase_until_it_is_paid_after_all(buyer, ordered, site):
    response = buyer.get(f"{page(ordered)}&left=1", follow=True)
    assert response.redirect_chain == [(page(ordered), 302)]
    assert "This purchase was not paid" in words(response)
    told(ordered, PaymentKind.PAID)
    buyer.get(f"{page(ordered)}&left=1")
    assert "2,000 credits were added" in words(buyer.get(page(ordered)))
    assert ledger.balance(site).available == 2500


def test_whoever_closed_the_payment_page_can_go_on_or_cancel(buyer, ordered, site):
    form = {"sms_site": site.pk}
    again = buyer.post(reverse("wagtail_sms:purchase_pay", args=[ordered.uuid]), form)
    assert again.url == reverse("wagtail_sms:dummy_payment", args=[ordered.uuid])
    buyer.post(reverse("wagtail_sms:purchase_give_up", args=[ordered.uuid]), form)
    ordered.refresh_from_db()
    assert ordered.status == PurchaseStatus.EXPIRED
    assert buyer.post(reverse("wagtail_sms:purchase_pay", args=[ordered.uuid]), form).url == page(ordered)


def test_a_refund_is_told_with_its_figures(buyer, ordered, site):
    told(ordered, PaymentKind.PAID)
    ledger.reserve(site, amount=1500, key="message", purpose="campaign")
    told(ordered, PaymentKind.REFUNDED)
    shown = words(buyer.get(page(ordered)))
    assert "$18.00 was refunded" in shown
    assert "1,000 credits of 2,000 were taken back. 1,000 had already been used." in shown


def test_a_part_that_was_refunded_is_told_beside_what_stays(buyer, ordered):
    told(ordered, PaymentKind.PAID)
    told(ordered, PaymentKind.REFUNDED, amount_cents=900)
    shown = words(buyer.get(page(ordered)))
    assert "Paid, partly refunded" in shown
    assert "$9.00 of $18.00 was refunded, and 1,000 credits were taken back." in shown


def test_a_dispute_is_told_with_its_figures(buyer, ordered):
    told(ordered, PaymentKind.PAID)
    told(ordered, PaymentKind.DISPUTED)
    shown = words(buyer.get(page(ordered)))
    assert "The payment is disputed" in shown and "2,000 credits of 2,000 were taken back." in shown


def test_an_amount_that_does_not_fit_is_told_and_credits_nothing(buyer, ordered, site):
    told(ordered, PaymentKind.PAID, amount_cents=5)
    shown = words(buyer.get(page(ordered)))
    assert "nothing was credited" in shown and "Go to payment" not in shown and "Try again" not in shown
    assert ledger.balance(site).available == 500


def test_the_page_stands_while_the_payment_company_is_out_of_reach(buyer, ordered, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {}}
    assert "We could not ask the payment company just now" in words(buyer.get(page(ordered)))


# The receipt and the list


def test_the_receipt_says_what_when_who_which_site_how_much_and_that_it_is_no_invoice(buyer, ordered, site):
    assert buyer.get(page(ordered, "receipt")).status_code == 404
    told(ordered, PaymentKind.PAID)
    shown = words(buyer.get(page(ordered, "receipt")))
    for said in ("2,000 credits for text messages", "(2 packs of 1,000)", "$18.00", "Berta", "Halle Nord"):
        assert said in shown
    assert str(ordered.uuid) in shown and site.root_url in shown and "not a tax invoice" in shown


def test_the_payment_companys_own_receipt_is_linked(buyer, ordered):
    told(ordered, PaymentKind.PAID)
    Purchase.objects.update(receipt_url="https://pay.example/receipts/1")
    for name in ("purchase", "receipt"):
        assert 'href="https://pay.example/receipts/1"' in words(buyer.get(page(ordered, name)))


def test_purchases_are_listed_and_orders_that_never_reached_the_payment_are_not(buyer, ordered, site):
    told(ordered, PaymentKind.PAID)
    purchases.order(site, pack=SMALL)
    rows = buyer.get(reverse("wagtail_sms:purchases")).context["table"].data
    assert [(row.what.label, row.price, str(row.look.label)) for row in rows] == [("2,000 credits", "$18.00", "Paid")]
    assert page(ordered) in words(buyer.get(reverse("wagtail_sms:credits")))


# Who may


def test_nothing_is_sold_without_a_payment_method(buyer, site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {}}
    assert opened(buyer).url == for_site(reverse("wagtail_sms:credits"), site)
    assert bought(buyer, site).url == for_site(reverse("wagtail_sms:credits"), site)
    assert not Purchase.objects.exists()


def test_seeing_the_credits_is_not_buying(site, selling, ordered):
    client = signed_in(make_editor("Vera", site, "view_wallet"))
    home = reverse("wagtailadmin_home")
    assert opened(client).url == home
    assert bought(client, site).url == home
    assert client.post(reverse("wagtail_sms:buy_total"), {"sms_site": site.pk}).url == home
    for name in ("purchase_pay", "purchase_give_up"):
        assert client.post(reverse(f"wagtail_sms:{name}", args=[ordered.uuid]), {"sms_site": site.pk}).url == home
    client.get(f"{page(ordered)}&left=1")
    ordered.refresh_from_db()
    assert ordered.status == PurchaseStatus.PENDING
    shown = words(client.get(page(ordered)))
    assert "Waiting for the payment" in shown and "Go to payment" not in shown


def test_another_sites_purchase_is_not_found(ordered, other_site, south_editor, selling):
    client = signed_in(south_editor)
    told(ordered, PaymentKind.PAID)
    for name in ("purchase", "purchase_state", "receipt"):
        assert client.get(reverse(f"wagtail_sms:{name}", args=[ordered.uuid])).status_code == 404
    for name in ("purchase_pay", "purchase_give_up"):
        assert client.post(reverse(f"wagtail_sms:{name}", args=[ordered.uuid])).status_code == 404
    assert not client.get(reverse("wagtail_sms:purchases")).context["table"].data
    assert bought(client, ordered.wallet.site).url == reverse("wagtailadmin_home")


@pytest.mark.parametrize("name", ["buy_credits", "purchase", "purchase_state", "purchase_pay", "purchase_give_up"])
def test_no_transaction_is_open_while_the_payment_company_is_asked(name):
    """Also in a project that wraps each request in one: an answer that was acted on must not be rolled back."""
    args = [] if name == "buy_credits" else [uuid4()]
    assert "default" in getattr(resolve(reverse(f"wagtail_sms:{name}", args=args)).func, "_non_atomic_requests", ())
