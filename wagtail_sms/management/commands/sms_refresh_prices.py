from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import PriceFileRefused, PriceListRefused, ProviderError
from wagtail_sms.pricing import lists
from wagtail_sms.pricing.cards import current_card, fetch
from wagtail_sms.pricing.compose import Draft
from wagtail_sms.pricing.difference import Change, difference
from wagtail_sms.pricing.making import list_in_use, rates_of
from wagtail_sms.pricing.models import PriceList
from wagtail_sms.pricing.price_file import read_file
from wagtail_sms.pricing.reading import money_text
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import PriceListStatus


class Command(BaseCommand):
    """Takes in price lists as the hourly task does, and says what they change. Non-zero when one is refused.

    Prices from a file stay in force until their provider is named with --provider.
    """

    help = "Fetches the price lists of the providers, or reads one from a CSV file, and puts the new prices in force."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--provider",
            help="Alias in WAGTAIL_SMS['PROVIDERS']. Without it: every one with a list. Named, its API's prices "
            "take the place of those from a file.",
        )
        parser.add_argument("--csv", type=Path, help="Read the prices of this provider (or 'default') from a file.")
        parser.add_argument("--dry-run", action="store_true", help="Only show what would change, country by country.")
        parser.add_argument("--accept-changes", action="store_true", help="Use the list although it looks wrong.")
        parser.add_argument("--reason", default="", help="Why; kept in the history of the rate card.")
        parser.add_argument("--by", help="The user name of who does it.")

    def handle(self, **options) -> None:
        self.options, self.by = options, self.find_user(options["by"])
        refused = [problem for alias in self.aliases() if (problem := self.refresh(alias))]
        if refused:
            raise CommandError("\n".join([*refused, "The old rate card stays in force."]))

    def aliases(self) -> list[str]:
        known, wanted = list(app_settings.PROVIDERS), self.options["provider"]
        if self.options["csv"] and not wanted:
            wanted = "default"
        if wanted is None:
            return [alias for alias in known if get_provider(alias).supports_price_list]
        if wanted not in known:
            raise CommandError(f"There is no provider {wanted!r}. Choose from: {', '.join(known)}.")
        return [wanted]

    def refresh(self, alias: str) -> str:
        """Take one list in, and tell; what comes back says why it was not."""
        try:
            rows = self.rows(alias)
        except (ProviderError, ImproperlyConfigured) as error:
            return f"{alias}: {error}"
        if self.is_kept_back(alias):
            return self.keep_aside(alias, rows)
        verdict, before = lists.judge(rows, provider=alias), rates_of(current_card())
        may_go_on = not verdict.problems or (self.options["accept_changes"] and not verdict.is_final)
        if verdict.reading.note:
            self.stdout.write(self.style.WARNING(f"{alias}: {verdict.reading.note}"))
        if verdict.draft and (self.options["dry_run"] or may_go_on):
            self.show(alias, verdict.draft, difference(before, verdict.draft.rates))
        if not self.options["dry_run"]:
            return self.put_in_force(alias, rows)
        return "" if may_go_on else self.refusal(alias, verdict.sentences)

    def is_kept_back(self, alias: str) -> bool:
        """Whether a file's prices stay in force, because nobody named this provider."""
        is_asked = self.options["csv"] or self.options["provider"]
        return not is_asked and lists.is_from_a_file(list_in_use(alias))

    def keep_aside(self, alias: str, rows: list[PriceRow]) -> str:
        if not self.options["dry_run"]:
            taken = self.take_in(alias, rows, is_asked=False)
            if taken.status == PriceListStatus.REFUSED:
                return self.refusal(alias, taken.problem.splitlines())
        self.stdout.write(
            f"{alias}: the prices of {list_in_use(alias).source} stay in force; those of its API are kept aside. "
            f"To use them: sms_refresh_prices --provider={alias}"
        )
        return ""

    def put_in_force(self, alias: str, rows: list[PriceRow]) -> str:
        replaced, has_api = list_in_use(alias), get_provider(alias).supports_price_list
        taken = self.take_in(alias, rows)
        if taken.status != PriceListStatus.ACCEPTED:
            return self.refusal(alias, taken.problem.splitlines())
        if lists.is_from_a_file(taken) and has_api:
            self.stdout.write(
                f"{alias}: these prices stay in force, whatever its API says meanwhile. "
                f"To use the API's again: sms_refresh_prices --provider={alias}"
            )
        elif lists.is_from_a_file(replaced) and not lists.is_from_a_file(taken):
            self.stdout.write(f"{alias}: the prices of its API take the place of {replaced.source}.")
        return ""

    def rows(self, alias: str) -> list[PriceRow]:
        path = self.options["csv"]
        if path is None:
            return fetch(alias)
        card = current_card()
        try:
            return read_file(path.read_bytes(), currency=card.currency if card else "")
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}.") from error
        except PriceFileRefused as error:
            raise CommandError("\n".join([f"{path}: nothing was imported.", *error.problems])) from error

    def take_in(self, alias: str, rows: list[PriceRow], *, is_asked: bool = True) -> PriceList:
        path = self.options["csv"]
        try:
            return lists.take_in(
                rows,
                provider=alias,
                source=path.name if path else lists.API,
                accept_changes=self.options["accept_changes"],
                is_asked=is_asked,
                reason=self.options["reason"],
                by=self.by,
            )
        except PriceListRefused as error:
            raise CommandError(str(error)) from error

    def refusal(self, alias: str, problems: list[str]) -> str:
        lines = [f"{alias}: the price list is refused.", *(f"  {problem}" for problem in problems)]
        return "\n".join([*lines, "  If these prices are right, add --accept-changes."])

    def show(self, alias: str, draft: Draft, changes: list[Change]) -> None:
        if not changes:
            self.stdout.write(f"{alias}: the prices did not change.")
            return
        word = "Would be" if self.options["dry_run"] else "New rate card"
        unit = f"1 credit = {money_text(draft.unit)} {draft.currency}"
        self.stdout.write(self.style.SUCCESS(f"{alias}: {word}: {len(draft.rates)} countries, {unit}."))
        for change in changes:
            self.stdout.write(f"  {change.country} {change.name}: {change.kind.replace('_', ' ')}, {_figures(change)}")

    def find_user(self, username: str | None):
        if username is None:
            return None
        User = get_user_model()
        try:
            return User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {username!r}.") from None


def _figures(change: Change) -> str:
    """ "9 -> 10 credits (0.072 -> 0.08)"; a side that is not served is a dash."""
    sides = [change.before, change.now]
    credits = " -> ".join(f"{rate.credits:,}" if rate else "-" for rate in sides)
    prices = " -> ".join(money_text(rate.price) if rate and rate.price else "-" for rate in sides)
    return f"{credits} credits ({prices})"
