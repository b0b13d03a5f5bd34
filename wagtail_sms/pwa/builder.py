"""Makes builds and says which one a site serves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.images.models import SourceImageIOError
from wagtail.models import Site

from wagtail_sms import __version__
from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.pwa import render
from wagtail_sms.pwa.icons import draw_icons, icon_key, icon_problems
from wagtail_sms.pwa.models import PwaBuild, PwaBuildFile, PwaSettings
from wagtail_sms.pwa.quality import file_problems, settings_problems


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """The build a site serves now, and whether this call made it."""

    build: PwaBuild
    created: bool


def rebuild(site: Site, *, by=None, features: dict[str, Any], force: bool = False) -> BuildOutcome:
    """Make a build from the site's settings and ``features``, check it, and serve it.

    Same inputs as the current build: nothing is made unless ``force``. Raises BuildRefused(problems), and then the
    site goes on serving what it served. The flip is one transaction; a host calling this inside its own is fine.
    """
    chosen = PwaSettings.for_site(site)
    refuse_for(settings_problems(chosen, features) + icon_problems(chosen.icon))
    key = icon_key(chosen.icon, background=chosen.background_colour)
    icons = _icons(site, chosen, key)
    inputs = inputs_hash(chosen, key=key, features=features)
    with transaction.atomic():
        # One build at a time per site, without holding up rows that point to it.
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        current = current_build(site)
        if current and current.inputs_hash == inputs and not force:
            return BuildOutcome(current, created=False)
        build = _new_build(site, inputs, by=by, features=features)
        texts = render.render(chosen, build_id=build.build_id, icon_key=key, features=features)
        files = {**texts, **icons}
        refuse_for(file_problems(files))
        build.head = render.head(chosen, icon_key=key)
        _publish(build, files)
        _forget_old(site)
    return BuildOutcome(build, created=True)


def current_build(site: Site) -> PwaBuild | None:
    """The build this site serves, or None: the site then has no PWA."""
    return PwaBuild.objects.current().filter(site=site).first()


def serves_sms(site: Site) -> bool:
    """Whether the current build asks visitors for text messages."""
    build = current_build(site)
    return build is not None and "sms" in build.features


def is_out_of_date(site: Site, *, features: dict[str, Any]) -> bool:
    """Whether settings, features or this package changed since the current build. No build is not out of date."""
    build = current_build(site)
    if build is None:
        return False
    chosen = PwaSettings.for_site(site)
    try:
        key = icon_key(chosen.icon, background=chosen.background_colour) if chosen.icon else ""
    except SourceImageIOError:
        return True
    return build.inputs_hash != inputs_hash(chosen, key=key, features=features)


def inputs_hash(chosen: PwaSettings, *, key: str, features: dict[str, Any]) -> str:
    """One hash for everything a build is made from: whatever changes a byte of it changes this, templates too."""
    files = render.render(chosen, build_id="0", icon_key=key or "none", features=features)
    digest = hashlib.sha256(__version__.encode())
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].body + b"\0")
    return digest.hexdigest()


def refuse_for(problems: list[str]) -> None:
    if problems:
        raise BuildRefused(problems)


def _icons(site: Site, chosen: PwaSettings, key: str) -> dict[str, render.RenderedFile]:
    """The icons of this drawing, taken from an earlier build when it has them: drawing takes half a second."""
    names = [render.icon_name(icon, key) for icon in render.SIZES]
    kept = {
        file.name: bytes(file.body)
        for file in PwaBuildFile.objects.filter(build__site=site, name__in=names).order_by("build__number")
    }
    if len(kept) < len(names):
        try:
            drawn = draw_icons(chosen.icon, background=chosen.background_colour)
        except (SourceImageIOError, OSError) as error:
            raise BuildRefused([_("The icon can't be read. Upload the picture again.")]) from error
        kept = {render.icon_name(icon, key): png for icon, png in drawn.items()}
    return {name: render.RenderedFile("image/png", body) for name, body in kept.items()}


def _new_build(site: Site, inputs: str, *, by, features: dict[str, Any]) -> PwaBuild:
    last = PwaBuild.objects.filter(site=site).order_by("-number").values_list("number", flat=True).first() or 0
    return PwaBuild(
        site=site,
        number=last + 1,
        build_id=f"{last + 1}-{inputs[:8]}",
        inputs_hash=inputs,
        features=features,
        is_current=True,
        created_by=by,
        package_version=__version__,
    )


def _publish(build: PwaBuild, files: dict[str, render.RenderedFile]) -> None:
    PwaBuild.objects.current().filter(site=build.site).update(is_current=False)
    build.save()
    PwaBuildFile.objects.bulk_create(
        PwaBuildFile(
            build=build,
            name=name,
            content_type=file.content_type,
            body=file.body,
            sha256=hashlib.sha256(file.body).hexdigest(),
        )
        for name, file in files.items()
    )


def _forget_old(site: Site) -> None:
    keep = max(app_settings.PWA_BUILDS_KEPT, 1)
    old = PwaBuild.objects.filter(site=site, is_current=False).order_by("-number").values_list("pk", flat=True)
    PwaBuild.objects.filter(pk__in=list(old[keep - 1 :])).delete()
