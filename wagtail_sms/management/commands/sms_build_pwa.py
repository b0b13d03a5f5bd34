from django.core.management.base import BaseCommand, CommandError
from wagtail.models import Site

from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import current_build, rebuild
from wagtail_sms.pwa.history import is_switched_off
from wagtail_sms.pwa.models import PwaSettings


class Command(BaseCommand):
    help = (
        "Rebuilds the PWA of every site that has one, or of the sites named. Unchanged sites keep their build, and so "
        "do those where somebody put a build back or switched the PWA off."
    )

    def add_arguments(self, parser):
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--site", action="append", default=[], metavar="HOST[:PORT]", help="May be repeated.")
        which.add_argument(
            "--all-sites", action="store_true", help="Also the first build of sites whose PWA settings were filled in."
        )
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--if-changed", action="store_true", help="Only where something changed: the default.")
        when.add_argument("--force", action="store_true", help="Make a build even where nothing changed.")

    def handle(self, *, site, all_sites, force, **options):
        sites = [self.named(name) for name in site] or [one for one in Site.objects.all() if self.takes(one, all_sites)]
        if not sites:
            self.stdout.write("No site has a PWA yet. Name one with --site to make its first build.")
        refused = [one for one in sites if not self.build(one, force=force, asked_for=bool(site))]
        if refused:
            raise CommandError(
                f"{len(refused)} of {len(sites)} builds were refused; those sites serve what they served."
            )

    @staticmethod
    def takes(site, all_sites):
        if current_build(site) or is_switched_off(site):
            return True
        return all_sites and PwaSettings.objects.filter(site=site).exclude(icon=None).exists()

    def named(self, name):
        host, _, port = name.partition(":")
        found = Site.objects.filter(hostname=host, **({"port": port} if port else {}))
        if len(found) != 1:
            raise CommandError(f"{len(found)} sites answer to {name!r}; write it as HOST:PORT.")
        return found[0]

    def build(self, site, *, force, asked_for):
        """Whether the site serves what it should. What somebody decided in the admin stands."""
        current, kept = current_build(site), ""
        if current is None and is_switched_off(site) and not asked_for:
            kept = "switched off in the admin; --site switches it on again"
        elif current and current.put_back_at and not force:
            kept = f"build {current} was put back in the admin and stays; --force replaces it"
        if kept:
            self.stdout.write(f"{site.hostname}:{site.port}: {kept}")
            return True
        return self.rebuilt(site, force=force)

    def rebuilt(self, site, *, force):
        try:
            outcome = rebuild(site, features=features_for(site), force=force)
        except BuildRefused as refusal:
            for problem in refusal.problems:
                self.stderr.write(f"{site.hostname}:{site.port}: {problem}")
            return False
        what = "made" if outcome.created else "already up to date"
        self.stdout.write(f"{site.hostname}:{site.port}: build {outcome.build} {what}")
        return True
