"""A site is told once that its credits run low: by e-mail to those who may buy, and by the signal."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.utils import timezone
from django.utils.formats import date_format
from wagtail.models import GroupSitePermission
from wagtail.users.models import UserProfile

from wagtail_sms import extension, low_credits
from wagtail_sms.credits import ledger, low
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.signals import credits_low
from wagtail_sms.timetable import LEASE


class LostConnection(EmailBackend):
    """A mail server that is down until somebody mends it."""

    is_down = True

    def send_messages(self, messages):
        if LostConnection.is_down:
            raise ConnectionRefusedError("the mail server is down")
        return super().send_messages(messages)


@pytest.fixture
def heard():
    calls = []

    def listen(sender, site, available, **kwargs):
        calls.append((site, available))

    credits_low.connect(listen)
    yield calls
    credits_low.disconnect(listen)


@pytest.fixture
def buyer(site, django_user_model):
    return user_who_may_buy(django_user_model, "buyer", site)


def user_who_may_buy(model, name, site, **fields):
    user = model.objects.create_user(name, f"{name}@example.org", "secret", **fields)
    group = Group.objects.create(name=f"Buyers: {name}")
    GroupSitePermission.objects.create(group=group, site=site, permission=right("buy_credits"))
    user.groups.add(group)
    return user


def right(codename):
    return Permission.objects.get(codename=codename, content_type__app_label="wagtail_sms")


def spend(site, amount, key="campaign:1", now=None):
    reservation = ledger.reserve(site, amount=amount, key=key, purpose="Programme", now=now)
    return ledger.capture(reservation, amount=amount, key=key, now=now)


def test_those_who_may_buy_get_one_message_with_the_figures(site, buyer, django_user_model, heard):
    user_who_may_buy(django_user_model, "second", site)
    now = datetime.now(UTC)
    ledger.reserve(site, amount=7, key="running", purpose="Programme")
    spend(site, 450)
    assert low_credits.tell_if_low() == 1
    (message,) = mail.outbox
    assert message.subject == "Halle Nord: 43 SMS credits left"
    assert sorted(message.to) == ["buyer@example.org", "second@example.org"]
    assert "Halle Nord has 43 credits left" in message.body
    assert "Free credits of this month: 43. Bought or given: 0." in message.body
    assert "Kept for messages that are being sent: 7." in message.body
    first = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    assert f"The next 500 free credits come on {date_format(first)}." in message.body
    assert f"http://testserver/admin/sms/credits/?sms_site={site.pk}" in message.body
    assert "fewer than 50 credits" in message.body
    assert heard == [(site, 43)]


def test_nobody_is_told_twice_of_one_crossing(site, buyer, heard):
    spend(site, 460)
    spend(site, 10, key="campaign:2")
    assert [low_credits.tell_if_low() for _ in range(3)] == [1, 0, 0]
    spend(site, 10, key="campaign:3")
    assert low_credits.tell_if_low() == 0
    assert len(mail.outbox) == len(heard) == 1


def test_the_figure_itself_is_not_low(site, buyer):
    spend(site, 450)
    assert not low.is_low(site)
    assert low_credits.tell_if_low() == 0


def test_whoever_rose_above_the_figure_is_told_of_the_next_crossing(site, buyer):
    spend(site, 460)
    low_credits.tell_if_low()
    given(site, 100)
    assert low_credits.tell_if_low() == 0
    spend(site, 100, key="campaign:2")
    assert low_credits.tell_if_low() == 1
    assert len(mail.outbox) == 2


def test_rising_to_just_below_the_figure_is_no_new_crossing(site, buyer):
    spend(site, 500)
    low_credits.tell_if_low()
    given(site, 49)
    low_credits.tell_if_low()
    spend(site, 49, key="campaign:2")
    assert low_credits.tell_if_low() == 0
    assert len(mail.outbox) == 1


def given(site, amount):
    return ledger.grant(site, amount=amount, kind="adjustment", key=f"gift:{amount}")


def test_a_reservation_that_was_taken_back_tells_nobody(site, buyer):
    reservation = ledger.reserve(site, amount=480, key="campaign:1", purpose="Programme")
    ledger.close(reservation, key="campaign:1")
    assert low_credits.tell_if_low() == 0


def test_the_free_credits_of_a_new_month_come_before_the_warning(site, buyer):
    spend(site, 500)
    next_month = (timezone.now().replace(day=1) + timedelta(days=32)).replace(day=2)
    assert low_credits.tell_if_low(now=next_month) == 0
    assert ledger.balance(site, now=next_month).available == 500


def test_each_site_has_a_figure_of_its_own(site, other_site, buyer, django_user_model):
    user_who_may_buy(django_user_model, "south", other_site)
    low.set_threshold(site, threshold=0)
    low.set_threshold(other_site, threshold=600)
    spend(site, 500)
    assert low_credits.tell_if_low() == 1
    (message,) = mail.outbox
    assert message.to == ["south@example.org"]
    assert "fewer than 600 credits" in message.body
    assert (low.is_low(site), low.is_low(other_site)) == (False, True)
    low.set_threshold(site, threshold=None)
    assert low.threshold_of(ledger.wallet_for(site)) == 50


@pytest.mark.parametrize("threshold", [-1, 2**31, 2**70, 1.5, "5", True])
def test_a_figure_that_makes_no_sense_is_refused(site, threshold):
    with pytest.raises(LedgerError):
        low.set_threshold(site, threshold=threshold)
    assert ledger.wallet_for(site).low_threshold is None


def test_a_lowered_figure_begins_a_new_crossing(site, buyer):
    spend(site, 470)
    low_credits.tell_if_low()
    low.set_threshold(site, threshold=20)
    assert low_credits.tell_if_low() == 0
    spend(site, 15, key="campaign:2")
    assert low_credits.tell_if_low() == 1


def test_an_uninstalled_site_is_left_in_peace_until_it_is_installed_again(site, buyer, heard):
    spend(site, 490)
    extension.uninstall(site)
    assert low_credits.tell_if_low() == 0
    extension.Extension.objects.update(status="installed")
    assert low_credits.tell_if_low() == 1
    assert len(mail.outbox) == len(heard) == 1


def test_a_wallet_without_a_site_is_passed_over(site, buyer):
    spend(site, 490)
    Wallet.objects.update(site=None)
    assert low_credits.tell_if_low() == 0


def test_a_mail_server_that_is_down_delays_the_message_and_doubles_nothing(site, buyer, settings, caplog, heard):
    settings.EMAIL_BACKEND = f"{__name__}.LostConnection"
    LostConnection.is_down = True
    spend(site, 460)
    assert [low_credits.tell_if_low() for _ in range(2)] == [0, 0]
    assert "the next sweep tries again" in caplog.text
    assert (mail.outbox, heard) == ([], [])
    LostConnection.is_down = False
    assert [low_credits.tell_if_low() for _ in range(2)] == [1, 0]
    assert (len(mail.outbox), heard) == (1, [(site, 40)])


def test_a_process_that_is_killed_before_the_message_left_loses_it_for_nobody(site, buyer, heard, monkeypatch):
    spend(site, 460)

    def killed(*args):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(low_credits, "_mail", killed)
        low_credits.tell_if_low()
    assert low_credits.tell_if_low() == 0  # it might be at it still
    assert low_credits.tell_if_low(now=timezone.now() + LEASE) == 1
    assert low_credits.tell_if_low(now=timezone.now() + 2 * LEASE) == 0
    assert (len(mail.outbox), heard) == (1, [(site, 40)])


def test_while_one_tells_a_site_nobody_else_does(site, buyer, monkeypatch):
    spend(site, 460)
    send, others = low_credits._mail, []

    def send_slowly(wallet, now):
        others.append(low_credits.tell_if_low())
        return send(wallet, now)

    monkeypatch.setattr(low_credits, "_mail", send_slowly)
    assert low_credits.tell_if_low() == 1
    assert (others, len(mail.outbox)) == ([0], 1)


def test_whoever_found_the_site_low_before_another_told_it_tells_nothing(site, buyer, monkeypatch):
    spend(site, 460)
    found = list(low_credits.due())
    low_credits.tell_if_low()
    monkeypatch.setattr(low_credits, "due", lambda: found)
    assert low_credits.tell_if_low() == 0
    assert len(mail.outbox) == 1


def test_one_site_whose_message_fails_does_not_hold_up_another(site, other_site, buyer, django_user_model, monkeypatch):
    user_who_may_buy(django_user_model, "south", other_site)
    for each in (site, other_site):
        spend(each, 490, key=f"campaign:{each.pk}")
    broken = low_credits.recipients
    monkeypatch.setattr(low_credits, "recipients", lambda of: broken(of) if of == other_site else 1 / 0)
    assert low_credits.tell_if_low() == 1
    assert mail.outbox[0].to == ["south@example.org"]


def test_who_may_buy_is_asked_by_every_way_to_have_the_right(site, other_site, django_user_model):
    create = django_user_model.objects.create_user
    direct = create("direct", "direct@example.org", "x")
    direct.user_permissions.add(right("buy_credits"))
    everywhere = create("everywhere", "everywhere@example.org", "x")
    group = Group.objects.create(name="Buyers everywhere")
    group.permissions.add(right("buy_credits"))
    everywhere.groups.add(group)
    here = user_who_may_buy(django_user_model, "here", site)
    user_who_may_buy(django_user_model, "elsewhere", other_site)
    user_who_may_buy(django_user_model, "left", site, is_active=False)
    create("silent", "", "x").user_permissions.add(right("buy_credits"))
    create("reader", "reader@example.org", "x").user_permissions.add(right("view_wallet"))
    django_user_model.objects.create_superuser("root", "root@example.org", "x")
    assert list(low_credits.recipients(site)) == [direct, everywhere, here]


def test_superusers_hear_of_it_when_nobody_else_may_buy(site, django_user_model, caplog):
    root = django_user_model.objects.create_superuser("root", "root@example.org", "x")
    django_user_model.objects.create_superuser("mute", "", "x")
    assert list(low_credits.recipients(site)) == [root]


def test_the_host_is_told_even_if_nobody_can_get_mail(site, heard, caplog):
    spend(site, 460)
    assert [low_credits.tell_if_low() for _ in range(2)] == [1, 0]
    assert (mail.outbox, heard) == ([], [(site, 40)])
    assert "Nobody with an e-mail address" in caplog.text


def test_a_site_name_cannot_forge_a_header_or_markup(site, buyer):
    type(site).objects.update(site_name="Tom & <b>Jerry</b>\nBcc: x@example.org")
    spend(site, 499)
    low_credits.tell_if_low()
    (message,) = mail.outbox
    assert message.subject == "Tom & <b>Jerry</b> Bcc: x@example.org: 1 SMS credit left"
    assert message.to == ["buyer@example.org"]


def test_without_the_admins_address_the_message_says_where_to_look(site, buyer, settings):
    settings.WAGTAILADMIN_BASE_URL = None
    spend(site, 499)
    low_credits.tell_if_low()
    assert "under SMS > Credits" in mail.outbox[0].body
    assert "http" not in mail.outbox[0].body


def test_the_message_is_in_the_language_that_its_readers_chose(site, buyer, settings):
    UserProfile.objects.create(user=buyer, preferred_language="de")
    spend(site, 499)
    low_credits.tell_if_low()
    first = (datetime.now(UTC).replace(day=1) + timedelta(days=32)).replace(day=1)
    assert f"1. {MONTHS[first.month - 1]} {first.year}" in mail.outbox[0].body


MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()


def test_the_sweep_wakes_the_task_that_tells(site, buyer, monkeypatch):
    woken = []
    monkeypatch.setattr("wagtail_sms.delivery.sweep.wake", lambda task, *args: woken.append(task))
    sweep()
    assert "wagtail_sms.tell_if_low" not in woken
    spend(site, 460)
    sweep()
    assert woken.count("wagtail_sms.tell_if_low") == 1
    low_credits.tell_if_low()
    del woken[:]
    sweep()
    assert "wagtail_sms.tell_if_low" not in woken


def test_a_turn_by_cron_tells_too(site, buyer):
    spend(site, 460)
    call_command("sms_tick", stdout=io.StringIO())
    assert len(mail.outbox) == 1
