"""Makes builds and says which one a site serves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.images.models import SourceImageIOError
from wagtail.log_actions import log
from wagtail.models import Site

from wagtail_sms import __version__
from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.pwa import render
from wagtail_sms.pwa.changes import differences, snapshot
from wagtail_sms.pwa.history import lock
from wagtail_sms.pwa.icons import draw_icons, icon_key, icon_problems
from wagtail_sms.pwa.models import PwaBuild, PwaBuildFile, PwaSettings
from wagtail_sms.pwa.quality import file_problems, settings_problems
from wagtail_sms.pwa.screenshots import FORMS, draw_screenshot, screenshot_entries, screenshot_name, screenshot_problems
from wagtail_sms.pwa.shortcuts import shortcut_entries, shortcut_problems


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
    refuse_for(settings_problems(chosen, features) + icon_problems(chosen.icon) + picture_problems(chosen))
    key = icon_key(chosen.icon, background=chosen.background_colour)
    pictures = _icons(site, chosen, key) | _screenshots(site, chosen)
    inputs = inputs_hash(chosen, key=key, features=features)
    with transaction.atomic():
        lock(site)
        current = current_build(site)
        if current and current.inputs_hash == inputs and not force:
            return BuildOutcome(current, created=False)
        build = _new_build(site, inputs, by=by, features=features)
        build.inputs = _snapshot(chosen, key=key, features=features)
        build.changes = _changes(current or _latest(site), inputs, build.inputs)
        files = {**_render(chosen, build_id=build.build_id, key=key, features=features), **pictures}
        refuse_for(file_problems(files))
        build.head = render.head(chosen, icon_key=key)
        _publish(build, files)
        _forget_old(site)
        log(instance=build, action="wagtail_sms.pwa_rebuild", user=by, data={"number": build.number})
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
    return bool(changes_since(current_build(site), features=features))


def changes_since(build: PwaBuild | None, *, features: dict[str, Any]) -> list[dict[str, Any]]:
    """How what would be built now differs from this build (see `changes.differences`); empty when it does not."""
    if build is None:
        return []
    chosen = PwaSettings.for_site(build.site)
    try:
        key = icon_key(chosen.icon, background=chosen.background_colour) if chosen.icon else ""
        inputs = inputs_hash(chosen, key=key, features=features)
        now = _snapshot(chosen, key=key, features=features)
    except SourceImageIOError:
        return [{"part": "pwa", "name": "icon", "before": "", "after": ""}]
    return [] if build.inputs_hash == inputs else _changes(build, inputs, now)


def inputs_hash(chosen: PwaSettings, *, key: str, features: dict[str, Any]) -> str:
    """One hash for everything a build is made from: whatever changes a byte of it changes this, templates too."""
    files = _render(chosen, build_id="0", key=key or "none", features=features)
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


def _screenshots(site: Site, chosen: PwaSettings) -> dict[str, render.RenderedFile]:
    """As `_icons`, for the pictures shown when a browser offers to install the app."""
    drawn = {}
    for field, form in FORMS.items():
        image = getattr(chosen, field)
        if image is None:
            continue
        name = screenshot_name(image, form=form)
        kept = PwaBuildFile.objects.filter(build__site=site, name=name).first()
        try:
            body = bytes(kept.body) if kept else draw_screenshot(image)
        except (SourceImageIOError, OSError) as error:
            raise BuildRefused([_("The screenshot can't be read. Upload the picture again.")]) from error
        drawn[name] = render.RenderedFile("image/jpeg", body)
    return drawn


def picture_problems(chosen: PwaSettings) -> list[str]:
    problems = [screenshot_problems(getattr(chosen, field), form=form) for field, form in FORMS.items()]
    return [problem for found in problems for problem in found] + shortcut_problems(chosen)


def _extras(chosen: PwaSettings) -> dict[str, Any]:
    """What the manifest says beyond the settings' own texts."""
    return {"screenshots": screenshot_entries(chosen), "shortcuts": shortcut_entries(chosen)}


def _render(chosen: PwaSettings, *, build_id: str, key: str, features: dict[str, Any]):
    return render.render(chosen, build_id=build_id, icon_key=key, features=features, extras=_extras(chosen))


def _snapshot(chosen: PwaSettings, *, key: str, features: dict[str, Any]) -> dict[str, Any]:
    return snapshot(chosen, key=key, extras=_extras(chosen), features=features, version=__version__)


def _changes(before: PwaBuild | None, inputs: str, now: dict[str, Any]) -> list[dict[str, Any]]:
    """Never empty: a build that is the first, the same again, or differs by what no setting says has a word too."""
    if before is None:
        return [{"part": "first"}]
    if before.inputs_hash == inputs:
        return [{"part": "same"}]
    return differences(before.inputs, now) or [{"part": "code"}]


def _latest(site: Site) -> PwaBuild | None:
    return PwaBuild.objects.filter(site=site).order_by("-number").first()


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
