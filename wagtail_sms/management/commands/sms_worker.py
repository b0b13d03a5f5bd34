from celery import current_app
from django.core.management.base import BaseCommand, CommandError

from wagtail_sms.checks import celery_problem
from wagtail_sms.conf import app_settings


class Command(BaseCommand):
    """A Celery worker with the scheduler inside, for development and small sites."""

    help = "Runs a Celery worker and the beat scheduler in one process group, for development and small sites."

    def add_arguments(self, parser):
        parser.add_argument("--concurrency", type=int, default=2)
        parser.add_argument("--loglevel", default="INFO")

    def handle(self, *args, **options):
        if problem := celery_problem():
            raise CommandError(problem)
        arguments = ["worker", "--beat", f"--concurrency={options['concurrency']}", f"--loglevel={options['loglevel']}"]
        if app_settings.CELERY_QUEUE:
            arguments.append(f"--queues={app_settings.CELERY_QUEUE}")
        current_app.worker_main([*arguments, "--without-gossip", "--without-mingle"])
