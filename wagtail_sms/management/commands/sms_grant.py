import uuid

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from wagtail.models import Site

from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import GrantKind


class Command(BaseCommand):
    help = "Gives credits to a site, outside of any purchase. They never lapse."

    def add_arguments(self, parser) -> None:
        parser.add_argument("site", help="The site's host name, host name:port, or number.")
        parser.add_argument("amount", type=int, help="Credits to give.")
        parser.add_argument("--note", default="", help="Why; shown in the site's Credits tab.")
        parser.add_argument("--by", help="The user name of who gives them.")
        parser.add_argument("--key", help="Repeating a command with the same key gives nothing more.")

    def handle(self, *, site: str, amount: int, note: str, by: str | None, key: str | None, **options) -> None:
        receiver = self.find_site(site)
        try:
            ledger.grant(
                receiver,
                amount=amount,
                kind=GrantKind.ADJUSTMENT,
                key=f"grant:{key or uuid.uuid4()}",
                note=note,
                by=self.find_user(by),
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        balance = ledger.balance(receiver)
        self.stdout.write(self.style.SUCCESS(f"{receiver} now has {balance.available:,} credits."))

    def find_site(self, wanted: str) -> Site:
        hostname, _colon, port = wanted.partition(":")
        sites = Site.objects.filter(pk=wanted) if wanted.isdecimal() else Site.objects.filter(hostname=hostname)
        found = list(sites.filter(port=port) if port.isdecimal() else sites)
        if len(found) == 1:
            return found[0]
        names = ", ".join(f"{site.hostname}:{site.port} ({site.pk})" for site in found or Site.objects.all())
        raise CommandError(f"{wanted!r} is not one site. Choose from: {names or 'no site exists'}.")

    def find_user(self, username: str | None):
        if username is None:
            return None
        User = get_user_model()
        try:
            return User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {username!r}.") from None
