from django.core.management.base import BaseCommand, CommandError

from wagtail_sms.exceptions import ProviderConfigurationError, WagtailSMSError
from wagtail_sms.pricing.cards import current_card, refresh


class Command(BaseCommand):
    """Puts a new rate card in force when the provider's prices changed."""

    help = "Fetches the provider's price list and puts a new rate card in force if a price changed."

    def add_arguments(self, parser):
        parser.add_argument("--provider", default="default")

    def handle(self, *args, **options):
        before = current_card()
        try:
            card = refresh(options["provider"])
        except (WagtailSMSError, ProviderConfigurationError) as error:
            raise CommandError(str(error)) from error
        if before == card:
            self.stdout.write("The prices did not change.")
            return
        unit = f"1 credit = {card.unit_price} {card.currency}"
        self.stdout.write(f"New rate card: {card.rates.count()} countries, {unit}.")
