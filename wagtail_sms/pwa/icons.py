"""The four icons of a build, drawn from one image of the Wagtail library."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from PIL import Image, ImageOps
from wagtail.images.exceptions import InvalidFilterSpecError
from wagtail.images.models import Filter, SourceImageIOError


if TYPE_CHECKING:
    from wagtail.images.models import AbstractImage

SMALLEST = 512
# Raised when the drawing below changes, so that installed apps fetch their icons anew.
DRAWING = 1
# A maskable icon may be cut to a circle of 80 % of its width (W3C, maskable icon safe zone).
SAFE_ZONE = 0.8
SIZES = {"icon-192": 192, "icon-512": 512, "icon-maskable": 512, "icon-apple": 180}


def icon_key(image: AbstractImage, *, background: str) -> str:
    """Names one drawing: the same picture, focal point and background give the same twelve characters."""
    focus = (image.focal_point_x, image.focal_point_y, image.focal_point_width, image.focal_point_height)
    drawn_from = f"{DRAWING}|{image.get_file_hash()}|{focus}|{background}"
    return hashlib.sha256(drawn_from.encode()).hexdigest()[:12]


def icon_problems(image: AbstractImage | None) -> list[str]:
    """Why this image can't become an app's icon, in sentences; empty when it can."""
    if image is None:
        return [_("Choose an icon: a square picture of at least 512 × 512 pixels.")]
    if image.is_svg():
        return [_("The icon is an SVG. Choose a PNG, JPEG or WebP picture.")]
    try:
        with image.get_willow_image() as willow:
            width, height = willow.get_size()
    except SourceImageIOError:
        return [_("The icon's file is missing. Upload the picture again.")]
    if min(width, height) < SMALLEST:
        return [
            _("The icon is %(width)s × %(height)s pixels. Choose a picture of at least 512 × 512 pixels.")
            % {"width": width, "height": height}
        ]
    return []


def draw_icons(image: AbstractImage, *, background: str, small_files: bool = True) -> dict[str, bytes]:
    """PNG bytes of every icon in ``SIZES``; the apple and maskable ones are opaque, as their platforms ask.

    ``small_files`` takes seconds for a picture with much in it; without, a look at the icons costs a fraction of that.
    """
    square = _square(image)
    drawn = {
        "icon-192": square.resize((192, 192), Image.Resampling.LANCZOS),
        "icon-512": square,
        "icon-maskable": _padded(square, background),
        "icon-apple": _opaque(square, background).resize((180, 180), Image.Resampling.LANCZOS),
    }
    return {name: _png(picture, small=small_files) for name, picture in drawn.items()}


def real_size(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png)) as picture:
        return picture.size


def _square(image: AbstractImage) -> Image.Image:
    """512 × 512 around the focal point, as Wagtail would crop it."""
    drawn = BytesIO()
    try:
        Filter(spec=f"fill-{SMALLEST}x{SMALLEST}|format-png").run(image, drawn)
    except InvalidFilterSpecError as error:
        raise SourceImageIOError(str(error)) from error
    with Image.open(BytesIO(drawn.getvalue())) as picture:
        return ImageOps.fit(picture.convert("RGBA"), (SMALLEST, SMALLEST), Image.Resampling.LANCZOS)


def _opaque(picture: Image.Image, background: str) -> Image.Image:
    canvas = Image.new("RGBA", picture.size, background)
    canvas.alpha_composite(picture)
    return canvas.convert("RGB")


def _padded(picture: Image.Image, background: str) -> Image.Image:
    side = int(SMALLEST * SAFE_ZONE)
    edge = (SMALLEST - side) // 2
    canvas = Image.new("RGBA", (SMALLEST, SMALLEST), _edge(picture) or background)
    canvas.alpha_composite(picture.resize((side, side), Image.Resampling.LANCZOS), (edge, edge))
    return canvas.convert("RGB")


def _edge(picture: Image.Image) -> tuple[int, ...] | None:
    """The colour of the four corners if they share one, so that a full-bleed icon grows without a seam."""
    last = picture.width - 1
    corners = [picture.getpixel(corner) for corner in ((0, 0), (0, last), (last, 0), (last, last))]
    if any(corner[3] < 255 for corner in corners):
        return None
    spread = max(max(channel) - min(channel) for channel in zip(*corners, strict=True))
    return corners[0] if spread <= 8 else None


def _png(picture: Image.Image, *, small: bool) -> bytes:
    drawn = BytesIO()
    if small:
        picture.save(drawn, "PNG", optimize=True)
    else:
        picture.save(drawn, "PNG", compress_level=1)
    return drawn.getvalue()
