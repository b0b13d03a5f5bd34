from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from wagtail_sms import tasks
from wagtail_sms.delivery import dispatch, notice_queue
from wagtail_sms.delivery.sweep import unplanned_campaigns
from wagtail_sms.timetable import turn


HOUR = timedelta(hours=1)


class Command(BaseCommand):
    """One turn of everything that beat would start, in this process, for hosts that have cron only.

    What beat starts every hour is done when an hour has passed since the last time, however often this is run.
    """

    help = "Does one turn of all periodic work here and now, without a worker: for hosts that only have cron."

    def handle(self, *args, **options):
        tasks.sweep()
        for campaign_id in unplanned_campaigns():
            tasks.plan_campaign(campaign_id)
        tasks.obtain_numbers()
        for provider in dispatch.waiting_providers(now=timezone.now()):
            tasks.dispatch(provider)
        for provider in notice_queue.waiting_providers(now=timezone.now()):
            tasks.send_notices(provider)
        tasks.pull_statuses()
        tasks.fold_reports()
        with turn("hourly", every=HOUR) as is_due:
            if is_due:
                tasks.daily()
        tasks.tell_if_low()
        tasks.tell_operators()
        self.stdout.write("Done.")
