from django.core.management.base import BaseCommand

from wagtail_sms import tasks
from wagtail_sms.delivery.sweep import unplanned_campaigns


class Command(BaseCommand):
    """One turn of everything that beat would start, in this process, for hosts that have cron only."""

    help = "Does one turn of all periodic work here and now, without a worker: for hosts that only have cron."

    def handle(self, *args, **options):
        tasks.sweep()
        for campaign_id in unplanned_campaigns():
            tasks.plan_campaign(campaign_id)
        for task in (tasks.obtain_numbers, tasks.dispatch, tasks.send_notices, tasks.fold_reports):
            task()
        self.stdout.write("Done.")
