"""Celery tasks: three lines each. They carry ids or nothing; the work waits in the database."""

from celery import shared_task

from wagtail_sms import extension
from wagtail_sms.campaigns import plan
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import dispatch as dispatching
from wagtail_sms.delivery import notice_queue, reports
from wagtail_sms.delivery import sweep as sweeping
from wagtail_sms.pricing import cards
from wagtail_sms.senders import provisioning
from wagtail_sms.subscribers import protection


@shared_task(name="wagtail_sms.plan_campaign", ignore_result=True)
def plan_campaign(campaign_id: int) -> None:
    plan.plan(campaign_id)


@shared_task(name="wagtail_sms.dispatch", ignore_result=True)
def dispatch() -> None:
    dispatching.dispatch()


@shared_task(name="wagtail_sms.send_notices", ignore_result=True)
def send_notices() -> None:
    notice_queue.send_notices()


@shared_task(name="wagtail_sms.fold_reports", ignore_result=True)
def fold_reports() -> None:
    while reports.fold():
        pass


@shared_task(name="wagtail_sms.obtain_numbers", ignore_result=True)
def obtain_numbers() -> None:
    for sender_id in provisioning.due():
        provisioning.provision(sender_id)


@shared_task(name="wagtail_sms.refresh_prices", ignore_result=True)
def refresh_prices() -> None:
    cards.refresh()


@shared_task(name="wagtail_sms.sweep", ignore_result=True)
def sweep() -> None:
    sweeping.sweep()


@shared_task(name="wagtail_sms.daily", ignore_result=True)
def daily() -> None:
    ledger.expire_due()
    extension.give_monthly_credits()
    extension.end_trials()
    protection.forget()
    cards.refresh()
