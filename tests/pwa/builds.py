"""Builds and pictures for the tests of the PWA."""

from io import BytesIO

from django.core.files.images import ImageFile
from PIL import Image, ImageDraw
from wagtail.images import get_image_model
from wagtail.models import Collection, Locale

from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import rebuild
from wagtail_sms.pwa.models import PwaSettings


def make_icon(*, size=(640, 640), colour="#1a6b54", name="icon.png"):
    """A picture with a white ring on a ground of one colour, as many logos are."""
    picture = Image.new("RGB", size, colour)
    side = min(size)
    ImageDraw.Draw(picture).ellipse([side * 0.3, side * 0.3, side * 0.7, side * 0.7], outline="white", width=side // 12)
    drawn = BytesIO()
    picture.save(drawn, "PNG")
    drawn.seek(0)
    return get_image_model().objects.create(title=name, file=ImageFile(drawn, name=name))


def set_up_pwa(site, **chosen):
    """The settings of a site that has everything a build needs."""
    settings = PwaSettings.for_site(site)
    fields = {"name": site.site_name, "short_name": site.site_name[:12], "theme_colour": "#1a6b54", **chosen}
    if "icon" not in fields:
        fields["icon"] = make_icon()
    for name, value in fields.items():
        setattr(settings, name, value)
    settings.save()
    return settings


def build_pwa(site, *, features=None, **chosen):
    """Set up and build; with the site's own features unless others are given."""
    set_up_pwa(site, **chosen)
    return rebuild(site, features=features_for(site) if features is None else features).build


def restore_roots():
    """What Wagtail's migrations put into a database, after an earlier transactional test has emptied it."""
    Locale.objects.get_or_create(language_code="en")
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
