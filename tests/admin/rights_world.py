"""Two sites with one of everything that an address of the admin can be about, and people with chosen rights."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from wagtail.models import Collection, GroupCollectionPermission, ModelLogEntry, Site

from tests import factories
from tests.admin.conftest import RULES, make_build, make_editor, make_picture, permission, signed_in
from tests.admin.test_inbox import make_text
from tests.admin.test_pwa import form as pwa_form
from tests.delivery.doubtful import looked_up_in_vain, uncertain_welcome
from tests.delivery.sending import launched
from wagtail_sms.admin.packs import value_of
from wagtail_sms.admin.prices_rules import CountryForm
from wagtail_sms.admin.prices_unit import UnitForm
from wagtail_sms.campaigns.drafts import save_draft
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose
from wagtail_sms.campaigns.quotes import seal
from wagtail_sms.campaigns.schedules import schedule
from wagtail_sms.campaigns.steering import pause
from wagtail_sms.campaigns.templates import save_template
from wagtail_sms.credits import purchases
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery.models import Batch, InboundEvent, Notice
from wagtail_sms.payments import get_payment_method
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.pricing.lists import list_in_use
from wagtail_sms.pwa.models import PwaBuild, PwaSettings
from wagtail_sms.states import NoticePurpose, NoticeStatus, SubscriberStatus, Verdict
from wagtail_sms.subscribers import imports
from wagtail_sms.subscribers.models import Subscriber, SubscriberImport


DUMMY = {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}


@dataclass
class Corner:
    """One site with its things; `word` stands in each of its texts and in no other site's."""

    site: Site
    word: str
    things: dict = field(default_factory=dict)

    @property
    def numbers(self) -> set[str]:
        """The national digits of everybody that this site knows."""
        people = Subscriber.objects.filter(site=self.site).values_list("number", flat=True)
        texted = InboundEvent.objects.filter(site=self.site).values_list("sender", flat=True)
        noticed = Notice.objects.filter(site=self.site).values_list("number", flat=True)
        return {number.removeprefix("+1") for number in (*people, *texted, *noticed)}

    def arguments(self, given: str) -> list:
        """What stands in the address of a row."""
        return self.things[given] if given else []


def make_corner(hostname: str, *, name: str, number: str, word: str, start: int) -> Corner:
    """A site with everything. `start` is the number of its first subscriber, and it has a hundred."""
    corner = Corner(factories.make_installed_site(hostname, name=name, number=number), word)
    site, things = corner.site, corner.things
    factories.give_credits(site, 5000)
    uncertain = looked_up_in_vain(site, 2, accepted=1, start=start)
    welcome = uncertain_welcome(site, f"+12015551{start:03d}")
    person = factories.make_subscriber(site, f"+12015552{start:03d}")
    factories.make_subscriber(site, f"+12015553{start:03d}", status=SubscriberStatus.SUSPENDED)
    at = timezone.now() + timedelta(days=2)
    draft = save_draft(site, body=f"{word} draft", form_token=uuid4(), revision=0, by=None)
    planned = compose(site, body=f"{word} planned", form_token=uuid4())
    planned = schedule(planned, at=at, quote=estimate(site, body=planned.body), by=None)
    running = launched(site, body=f"{word} running")
    paused = pause(launched(site, body=f"{word} paused"))
    template = save_template(site, name=f"{word} template", body=f"{word} kept")
    text = make_text(site, f"{word}: don't stop the music", sender=person.number)
    order, paid = (order_credits(site, quantity) for quantity in (1, 2))
    pay(paid)
    PwaSettings.objects.create(site=site, name=name, short_name=word[:12], icon=make_picture())
    make_build(site, sms={"brand": name})
    older = PwaBuild.objects.create(
        site=site, number=0, build_id="0-abc", inputs_hash="0", features={}, is_current=False, package_version="0"
    )
    campaigns = {"draft": draft, "scheduled": planned, "running": running, "paused": paused}
    rows = {**campaigns, "template": template, "subscriber": person, "text": text, "build": older, "site": site}
    things.update({given: [row.pk] for given, row in rows.items()})
    things["import"] = [checked_import(site, f"+12015554{start:03d}").pk]
    things.update(
        order=[order.uuid],
        paid=[paid.uuid],
        wallet=[Wallet.objects.get(site=site).pk],
        uncertain_campaign=[uncertain.pk, Verdict.SENT],
        uncertain_batch=[Batch.objects.get(campaign=uncertain, status="uncertain").pk, Verdict.SENT],
        uncertain_notices=[site.pk, NoticePurpose(welcome.purpose), Verdict.SENT],
        country=["FR"],
        card=[current_card().pk],
        list=[list_in_use("default").pk],
        text_name=["en", "popup_text"],
        icon_name=["icon-192"],
    )
    corner.draft, corner.welcome = draft, welcome
    assert welcome.status == NoticeStatus.UNCERTAIN
    return corner


def checked_import(site, number: str) -> SubscriberImport:
    """The dry run of a file with one new person and one row that is no number."""
    content = f"{number}\nnobody".encode()
    found = imports.upload(site, content=content, file_name="a.csv", country="", consent="On paper, in June", by=None)
    imports.check(found, columns={"number": 0})
    return found


def hand_over(client: Client, given: list) -> None:
    """An import belongs to who chose its file: that is whoever asks."""
    SubscriberImport.objects.filter(pk=given[0]).update(by=client.session.get("_auth_user_id"))


def order_credits(site, quantity: int):
    purchase = purchases.order(site, pack=purchases.packs()[0], quantity=quantity)
    purchases.start(purchase, success_url="http://testserver/", cancel_url="http://testserver/")
    purchase.refresh_from_db()
    return purchase


def pay(purchase) -> None:
    method = get_payment_method(purchase.provider)
    event = method.event(str(purchase.uuid), PaymentKind.PAID, purchase.amount_cents, purchase.currency)
    purchases.confirm(event, provider=purchase.provider)


def query_for(name: str, corner: Corner) -> dict:
    """What stands behind the question mark of an address that can do nothing without."""
    icon = PwaSettings.objects.get(site=corner.site).icon_id
    return {
        "look_styles": {"colour": "#1a6b54", "scheme": "light"},
        "app_icon": {"image": icon, "background": "#ffffff"},
    }.get(name, {})


def fields_for(name: str, corner: Corner) -> dict:
    """What a form that is filled in well posts to this address."""
    make = {
        "send": _to_send,
        "pwa": lambda corner: pwa_form(corner.site, name="Renamed"),
        "price_rule": lambda corner: _looked_at(CountryForm, mode="set", credits="7", reason="Promised"),
        "price_unit": lambda corner: _looked_at(UnitForm, pinned="pin", price="0.02", reason="Promised"),
        "buy_credits": lambda corner: _to_buy(),
        "buy_total": lambda corner: _to_buy(),
        "switch_site": lambda corner: {"site": corner.site.pk},
    }
    plain = {
        "estimate": {"body": "Tonight"},
        "save_draft": {"body": "Tonight", "form_token": uuid4()},
        "save_template": {"body": "Tonight", "template_name": "Tonight"},
        "test": {"body": "Tonight", "to": "+12015550188", "test_token": uuid4()},
        "credits_threshold": {"threshold": 77},
        "dummy_payment": {"answer": "pay"},
        "wallet": {"direction": "give", "amount": 5, "reason": "A gift", "form_token": uuid4()},
        "decide_campaign": {"reason": "Their support says so", "people": 2, "credits": 2},
        "decide_batch": {"reason": "Their support says so", "people": 2, "credits": 2},
        "decide_notices": {"reason": "Their support says so", "people": 1, "credits": corner.welcome.credits},
        "settings": {"brand": "Renamed", "frequency": "weekly", "popup_after_actions": 5, **RULES},
        "number": {"country": "SE", "reason": "Shows there"},
        "site_numbers": {"country": "SE"},
        "subscribers_import": {
            "file": SimpleUploadedFile("b.csv", b"+12015559999"),
            "consent": "On paper, in June",
            "agreed": "on",
        },
        "subscribers_import_columns": {"number": "0"},
    }
    return make[name](corner) if name in make else plain.get(name, {})


def _to_send(corner: Corner) -> dict:
    quote = seal(estimate(corner.site, body="Tonight"), site=corner.site)
    return {"body": "Tonight", "form_token": uuid4(), "quote": quote, "action-send": "1"}


def _to_buy() -> dict:
    return {"pack": value_of(purchases.packs()[0]), "quantity": 1, "form_token": uuid4()}


def _looked_at(form_class, **fields) -> dict:
    form = form_class(fields)
    assert form.is_valid(), form.errors
    return {**fields, "seen": form.fingerprint(), "action-apply": "1"}


class People:
    """Somebody signed in for each set of rights, made once; `is_closed` when whoever is made would be undone."""

    def __init__(self):
        self.known: dict[tuple, Client] = {}
        self.is_closed = False
        choose = Permission.objects.get(codename="choose_image", content_type__app_label="wagtailimages")
        # Everybody may choose pictures, as editors may: what a page needs beside its own right is not the question.
        self.everybody = Group.objects.create(name="Everybody")
        self.everybody.permissions.add(permission("access_admin"))
        pictures = {"collection": Collection.get_first_root_node(), "permission": choose}
        GroupCollectionPermission.objects.create(group=self.everybody, **pictures)

    def may(self, rights: set[str], *, site=None) -> Client:
        """May do this on this site only, or on all sites, and nothing else."""
        key = frozenset(rights), site and site.pk
        if key not in self.known:
            assert not self.is_closed, f"name them in `everybody`: {sorted(rights)}"
            self.known[key] = signed_in(self._make(rights, site=site))
        return self.known[key]

    def _make(self, rights: set[str], *, site) -> User:
        name = f"person{User.objects.count()}"
        if site is not None and rights:
            user = make_editor(name, site, *sorted(rights))
        else:
            user = User.objects.create_user(name, password="secret")
            user.user_permissions.add(*map(permission, sorted(rights)))
        user.groups.add(self.everybody)
        return user


def everything_kept() -> dict[str, list]:
    """All rows of the app and of the site history, to see whether anything changed; but whose an import is."""
    models = [*apps.get_app_config("wagtail_sms").get_models(), ModelLogEntry]
    names = {model: [field.attname for field in model._meta.fields] for model in models}
    names[SubscriberImport].remove("by_id")
    return {model.__name__: sorted(map(str, model.objects.values_list(*names[model]))) for model in models}
