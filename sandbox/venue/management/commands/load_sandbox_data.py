from datetime import date

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.utils import timezone

from sandbox.loading import campaign, extension, pages, people, subscribers


class Command(BaseCommand):
    help = "Fills the sandbox: two sites, people, subscribers, a sent campaign. Safe to run again. Needs the gateway."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--pages-only", action="store_true", help="pages, pictures and users; no gateway needed")
        parser.add_argument("--today", type=date.fromisoformat, help="concert dates count from this day")

    def handle(self, *, pages_only: bool, today: date | None, **options) -> None:
        now = timezone.now()
        self._say("Drawing posters, writing pages")
        halle, atelier = pages.load_pages(today=today or now.date())
        extension.load_icons()
        admin = people.load_people(halle, atelier)
        if pages_only:
            return
        self._say("Installing SMS notifications at Halle Nord")
        extension.load_extension(halle, by=admin)
        editor = User.objects.get(username="editor")
        self._say("Signing up the first people and texting them")
        subscribers.load_subscribers(halle, by=editor, now=now, last=subscribers.EARLY)
        sent = campaign.load_campaign(halle, by=editor)
        self._say(f"Campaign {sent.get_status_display().lower()}; signing up the others")
        subscribers.load_subscribers(halle, by=editor, now=now, first=subscribers.EARLY)
        subscribers.turn_some_away(halle, by=editor, now=now)

    def _say(self, text: str) -> None:
        self.stdout.write(f"  {text}", ending="\n")
        self.stdout.flush()
