from textwrap import wrap

from django.core.management.base import BaseCommand, CommandError

from wagtail_sms.doctor import Finding, Level, examine
from wagtail_sms.doctor.findings import count


WIDTH = 96
INDENT = " " * 10
WORDS = {Level.OK: "ok", Level.WARNING: "warning", Level.ERROR: "ERROR"}


class Command(BaseCommand):
    """Prints every finding as it comes; exits non-zero when there is an error, so that a monitor can run it."""

    help = "Looks the installation over and says in words what is wrong, and the way on. Changes nothing."
    # The doctor runs these checks itself, and says what they say in its own place.
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        found = []
        for one in examine():
            found.append(one)
            self.tell(one)
        errors = sum(one.level == Level.ERROR for one in found)
        warnings = sum(one.level == Level.WARNING for one in found)
        if errors:
            raise CommandError(f"{count(errors, 'error')} and {count(warnings, 'warning')}.")
        told = f"Nothing is wrong; {count(warnings, 'warning')}." if warnings else "Everything is in order."
        self.stdout.write(self.style.SUCCESS(told))

    def tell(self, one: Finding) -> None:
        style = {Level.WARNING: self.style.WARNING, Level.ERROR: self.style.ERROR}.get(one.level, str)
        first, *rest = wrap(f"{one.subject}: {one.sentence}", WIDTH - len(INDENT), break_long_words=False)
        self.stdout.write(style(f"{WORDS[one.level]:<{len(INDENT)}}{first}"))
        for line in rest:
            self.stdout.write(style(INDENT + line))
        for number, line in enumerate(wrap(one.way_on, WIDTH - len(INDENT) - 3, break_long_words=False)):
            self.stdout.write(f"{INDENT}{'-> ' if not number else '   '}{line}")
