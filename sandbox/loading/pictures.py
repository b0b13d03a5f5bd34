"""Drawn pictures as Wagtail images, each made once and found again by its title."""

from collections.abc import Callable
from io import BytesIO

from django.core.files.images import ImageFile
from PIL import Image as Pillow
from wagtail.images.models import Image


def picture(title: str, *, name: str, alt: str, draw: Callable[[], Pillow.Image]) -> Image:
    """The image `title`; drawn now if the sandbox has none. A name that ends in .png keeps flat colours sharp."""
    known = Image.objects.filter(title=title).first()
    if known is not None:
        return known
    content = BytesIO()
    drawn = draw()
    if name.endswith(".png"):
        drawn.save(content, "PNG")
    else:
        drawn.save(content, "JPEG", quality=90)
    return Image.objects.create(title=title, description=alt, file=ImageFile(content, name=name))
