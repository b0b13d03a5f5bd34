import uuid

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum
from django.utils import timezone
from wagtail.models import Site

from wagtail_sms.admin.adjusting import adjust, adjusted_by
from wagtail_sms.credits import ledger, low
from wagtail_sms.credits.models import Wallet
from wagtail_sms.exceptions import InsufficientCredits, LedgerError


class Command(BaseCommand):
    """Gives and takes as the admin does: with a reason, in the site history, once per key."""

    help = "Gives credits to a site, or takes some with a negative amount, outside of any purchase. Lists all wallets."

    def add_arguments(self, parser) -> None:
        parser.add_argument("site", nargs="?", help="The site's host name, host name:port, or number.")
        parser.add_argument("amount", nargs="?", help="Credits to give, which never lapse; a negative number takes.")
        parser.add_argument("--note", default="", help="Why, in any case; shown in the site's Credits tab.")
        parser.add_argument("--by", help="The user name of who decided it.")
        parser.add_argument("--key", help="Repeating a command with the same key moves nothing more.")
        parser.add_argument("--list", action="store_true", help="Show every wallet, and change nothing.")

    def handle(self, *, site: str | None, amount: str | None, list: bool, **options) -> None:
        if list:
            self.list_wallets()
        elif site is None or amount is None:
            raise CommandError("Name a site and an amount of credits, or use --list to see all wallets.")
        else:
            self.adjust(self.find_site(site), whole_number(amount), **options)

    def adjust(self, site: Site, amount: int, *, note: str, by: str | None, key: str | None, **options) -> None:
        if not note.strip():
            raise CommandError("Say why with --note: whoever gets or misses these credits will read it.")
        decided = {"credits": amount, "reason": note.strip(), "token": key or uuid.uuid4(), "by": self.find_user(by)}
        try:
            wallet = ledger.wallet_for(site)
            if not adjust(wallet, **decided) and adjusted_by(wallet, token=key) != amount:
                raise CommandError(f"The key {key!r} was used before for something else.")
        except (InsufficientCredits, LedgerError) as error:
            raise CommandError(str(error)) from error
        balance = ledger.balance(site)
        self.stdout.write(self.style.SUCCESS(f"{site} now has {balance.available:,} credits."))

    def list_wallets(self) -> None:
        """One line a wallet, those of deleted sites too. Reads only: no month is begun by looking."""
        now, line = timezone.now(), "{:>6}  {:<40} {:>14} {:>12}  {}"
        wallets = Wallet.objects.select_related("site").order_by("pk")
        self.stdout.write(line.format("Site", "Host", "To spend", "Reserved", "Free through").rstrip())
        for wallet in wallets:
            usable = wallet.grants.usable(now).aggregate(left=Sum("available", default=0))["left"]
            host = f"{wallet.site.hostname}:{wallet.site.port}" if wallet.site else str(wallet)
            state = wallet.granted_through or "-"
            if wallet.site and usable < low.threshold_of(wallet):
                state += "  low"
            self.stdout.write(line.format(wallet.site_id or "-", host, f"{usable:,}", f"{wallet.reserved:,}", state))
        if not wallets:
            self.stdout.write("No site has a wallet yet: installing SMS notifications opens one.")

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


def whole_number(amount: str) -> int:
    try:
        return int(amount)
    except ValueError:
        raise CommandError(f"Credits are whole numbers, without separators: {amount[:30]!r} is not one.") from None
