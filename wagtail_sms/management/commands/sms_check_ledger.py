from django.core.management.base import BaseCommand, CommandError

from wagtail_sms import auditing


class Command(BaseCommand):
    help = "Recomputes every figure of the credit ledger from its transfers and says where they differ."

    def handle(self, *args, **options) -> None:
        found = auditing.findings()
        for one in found:
            self.stderr.write(self.style.ERROR(one.sentence))
        if found:
            raise CommandError(f"The credit ledger has {len(found)} figure(s) that its history does not explain.")
        self.stdout.write(self.style.SUCCESS("The credit ledger is right: every figure follows from its transfers."))
