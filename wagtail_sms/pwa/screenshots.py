"""The pictures that a browser shows when it offers to install the app."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from PIL import Image
from wagtail.images.exceptions import InvalidFilterSpecError
from wagtail.images.models import Filter, SourceImageIOError


if TYPE_CHECKING:
    from wagtail.images.models import AbstractImage

# The manifest's form factor by the field of the settings.
FORMS = {"screenshot_narrow": "narrow", "screenshot_wide": "wide"}
# Chromium leaves out what is smaller or longer (320 to 3840 pixels, at most 2.3 times as long as wide).
SMALLEST, LARGEST, LONGEST = 320, 1280, 2.3


def screenshot_problems(image: AbstractImage | None, *, form: str) -> list[str]:
    """Why browsers would not show it, in sentences; empty when they would, and without an image."""
    if image is None:
        return []
    if image.is_svg():
        return [_("The screenshot is an SVG. Choose a PNG, JPEG or WebP picture.")]
    shorter, longer = sorted((image.width, image.height))
    if shorter < SMALLEST:
        return [
            _("The screenshot is %(width)s × %(height)s pixels. Each side must be 320 pixels or more.")
            % {"width": image.width, "height": image.height}
        ]
    if longer > shorter * LONGEST:
        return [_("The screenshot is too long: its long side may be 2.3 times its short one at most.")]
    if form == "narrow" and image.width > image.height:
        return [_("Choose an upright picture, as on a phone.")]
    if form == "wide" and image.height > image.width:
        return [_("Choose a picture that is wider than high, as on a computer.")]
    return []


def screenshot_size(image: AbstractImage) -> tuple[int, int]:
    """Its size in a build: as chosen, but no side over 1280 pixels and none under 320."""
    share = min(1, LARGEST / max(image.width, image.height))
    return max(SMALLEST, round(image.width * share)), max(SMALLEST, round(image.height * share))


def screenshot_name(image: AbstractImage, *, form: str) -> str:
    """Names one drawing: another picture gets another name."""
    key = hashlib.sha256(f"{image.get_file_hash()}|{screenshot_size(image)}".encode()).hexdigest()[:12]
    return f"screenshot-{form}-{key}.jpg"


def draw_screenshot(image: AbstractImage) -> bytes:
    """JPEG bytes of exactly `screenshot_size`. Raises SourceImageIOError."""
    drawn, kept = BytesIO(), BytesIO()
    try:
        Filter(spec=f"max-{LARGEST}x{LARGEST}|format-png").run(image, drawn)
    except InvalidFilterSpecError as error:
        raise SourceImageIOError(str(error)) from error
    with Image.open(BytesIO(drawn.getvalue())) as picture:
        opaque = Image.new("RGB", picture.size, "#ffffff")
        seen = picture.convert("RGBA")
        opaque.paste(seen, mask=seen)
    if opaque.size != screenshot_size(image):
        opaque = opaque.resize(screenshot_size(image), Image.Resampling.LANCZOS)
    opaque.save(kept, "JPEG", quality=82, optimize=True, progressive=True)
    return kept.getvalue()


def screenshot_entries(chosen: Any) -> list[dict[str, str]]:
    """The manifest's entries, with the file's name for its address."""
    entries = []
    for field, form in FORMS.items():
        image = getattr(chosen, field)
        if image is not None:
            width, height = screenshot_size(image)
            entry = {"src": screenshot_name(image, form=form), "sizes": f"{width}x{height}", "type": "image/jpeg"}
            entries.append({**entry, "form_factor": form, "label": image.title})
    return entries
