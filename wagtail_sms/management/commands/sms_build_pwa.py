from django.core.management.base import BaseCommand, CommandError
from wagtail.models import Site

from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import current_build, rebuild


class Command(BaseCommand):
    help = "Rebuilds the PWA of every site that has one, or of the sites named. Unchanged sites keep their build."

    def add_arguments(self, parser):
        parser.add_argument("--site", action="append", default=[], metavar="HOST[:PORT]", help="May be repeated.")
        parser.add_argument("--force", action="store_true", help="Make a build even where nothing changed.")

    def handle(self, *, site, force, **options):
        sites = [self.named(name) for name in site] or [one for one in Site.objects.all() if current_build(one)]
        if not sites:
            self.stdout.write("No site has a PWA yet. Name one with --site to make its first build.")
        refused = [one for one in sites if not self.build(one, force=force)]
        if refused:
            raise CommandError(
                f"{len(refused)} of {len(sites)} builds were refused; those sites serve what they served."
            )

    def named(self, name):
        host, _, port = name.partition(":")
        found = Site.objects.filter(hostname=host, **({"port": port} if port else {}))
        if len(found) != 1:
            raise CommandError(f"{len(found)} sites answer to {name!r}; write it as HOST:PORT.")
        return found[0]

    def build(self, site, *, force):
        try:
            outcome = rebuild(site, features=features_for(site), force=force)
        except BuildRefused as refusal:
            for problem in refusal.problems:
                self.stderr.write(f"{site.hostname}:{site.port}: {problem}")
            return False
        what = "made" if outcome.created else "already up to date"
        self.stdout.write(f"{site.hostname}:{site.port}: build {outcome.build} {what}")
        return True
