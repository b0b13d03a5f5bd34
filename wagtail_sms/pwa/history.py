"""Which of its builds a site serves: another one put back, or none at all."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log
from wagtail.models import Site

from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.pwa.models import PwaBuild


def put_back(build: PwaBuild, *, by=None, features: dict[str, Any]) -> None:
    """Serve an earlier build again, byte for byte, until somebody rebuilds. Runs in its own transaction.

    Raises BuildRefused if the build asks visitors for text messages and the site no longer takes sign-ups.
    """
    if "sms" in build.features and "sms" not in features:
        raise BuildRefused(
            [
                _("Build %(number)s shows the SMS popup, but SMS notifications are not installed any more.")
                % {"number": build.number}
            ]
        )
    with transaction.atomic():
        lock(build.site)
        PwaBuild.objects.current().filter(site=build.site).exclude(pk=build.pk).update(is_current=False)
        build.is_current, build.put_back_at = True, timezone.now()
        build.save(update_fields=["is_current", "put_back_at"])
        log(instance=build, action="wagtail_sms.pwa_put_back", user=by, data={"number": build.number})


def switch_off(site: Site, *, by=None) -> PwaBuild | None:
    """Serve no build: browsers then clear up and go back to the plain site. Returns the one that was served.

    Every build stays and can be put back. Runs in its own transaction.
    """
    with transaction.atomic():
        lock(site)
        build = PwaBuild.objects.current().filter(site=site).first()
        if build is not None:
            build.is_current = False
            build.save(update_fields=["is_current"])
            log(instance=build, action="wagtail_sms.pwa_switch_off", user=by, data={"number": build.number})
    return build


def is_switched_off(site: Site) -> bool:
    """Whether the site had a PWA and somebody took it away."""
    builds = PwaBuild.objects.filter(site=site)
    return builds.exists() and not builds.current().exists()


def lock(site: Site) -> None:
    """One change at a time per site, without holding up rows that point to it. For the caller's transaction."""
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
