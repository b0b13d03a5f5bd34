"""Celery tasks: three lines each. They carry an id, an alias or nothing; the work waits in the database."""

from celery import shared_task
from django.utils import timezone

from wagtail_sms import auditing, extension, low_credits, number_requests
from wagtail_sms.campaigns import plan, schedules
from wagtail_sms.credits import ledger, reconciling
from wagtail_sms.delivery import dispatch as dispatching
from wagtail_sms.delivery import giving_back, inbox, notice_queue, notices, reports, silence, strange
from wagtail_sms.delivery import sweep as sweeping
from wagtail_sms.pricing import cards
from wagtail_sms.senders import provisioning
from wagtail_sms.subscribers import confirmation, imports, protection


@shared_task(name="wagtail_sms.plan_campaign", ignore_result=True)
def plan_campaign(campaign_id: int) -> None:
    plan.plan(campaign_id)


@shared_task(name="wagtail_sms.dispatch", ignore_result=True)
def dispatch(provider: str = "default") -> None:
    dispatching.dispatch(provider=provider)


@shared_task(name="wagtail_sms.send_notices", ignore_result=True)
def send_notices(provider: str = "default") -> None:
    notice_queue.send_notices(provider=provider)


@shared_task(name="wagtail_sms.fold_reports", ignore_result=True)
def fold_reports() -> None:
    while reports.fold():
        pass


@shared_task(name="wagtail_sms.pull_statuses", ignore_result=True)
def pull_statuses() -> None:
    silence.pull()


@shared_task(name="wagtail_sms.obtain_numbers", ignore_result=True)
def obtain_numbers() -> None:
    extension.request_missing_numbers()
    for sender_id in provisioning.due():
        provisioning.provision(sender_id)
    giving_back.give_back()


@shared_task(name="wagtail_sms.pay_for_waiting", ignore_result=True)
def pay_for_waiting() -> None:
    notices.pay_for_waiting()


@shared_task(name="wagtail_sms.check_purchase", ignore_result=True)
def check_purchase(purchase_id: int) -> None:
    reconciling.complete(purchase_id)


@shared_task(name="wagtail_sms.tell_if_low", ignore_result=True)
def tell_if_low() -> None:
    low_credits.tell_if_low()


@shared_task(name="wagtail_sms.tell_operators", ignore_result=True)
def tell_operators() -> None:
    number_requests.tell_operators()


@shared_task(name="wagtail_sms.import_subscribers", ignore_result=True)
def import_subscribers(import_id: int) -> None:
    imports.run(import_id)


@shared_task(name="wagtail_sms.refresh_prices", ignore_result=True)
def refresh_prices() -> None:
    cards.refresh_all()


@shared_task(name="wagtail_sms.sweep", ignore_result=True)
def sweep() -> None:
    reconciling.collect()
    schedules.launch_due()
    imports.wake_unfinished()
    sweeping.sweep()


@shared_task(name="wagtail_sms.daily", ignore_result=True)
def daily() -> None:
    ledger.expire_due()
    extension.give_monthly_credits()
    extension.end_trials()
    protection.forget()
    confirmation.forget()
    imports.forget()
    reports.prune(now=timezone.now())
    inbox.prune(now=timezone.now())
    strange.forget(now=timezone.now())
    reconciling.reconcile()
    cards.refresh_all()
    auditing.audit_daily()
