"""How the installed app will look on a phone, from what stands in the form of Publish > PWA."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import path, reverse
from django.views.generic import TemplateView
from wagtail.images import get_image_model
from wagtail.images.models import SourceImageIOError
from wagtail.permissions import policy_registry

from wagtail_sms.admin.look import Frame, LookFileView, form_frames, is_valid, language_of, popup_frames, typed_app
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.extension import is_installed
from wagtail_sms.pwa.colours import text_on
from wagtail_sms.pwa.icons import draw_icons, icon_key, icon_problems
from wagtail_sms.pwa.models import PwaSettings, validate_colour
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import texts_of


# What a phone shows of the four icons: an iPhone the one, an Android phone the next cut round, a starting app the last.
SHOWN = ("icon-apple", "icon-maskable", "icon-192")
_drawing = threading.Lock()
_latest: dict[tuple[str, str], dict[str, bytes]] = {}


class AppLookView(SmsViewMixin, TemplateView):
    """Home screens, the start and the popup. What is posted need not be valid, and nothing is saved."""

    section = "pwa"
    permission = "change_pwasettings"
    requires_installed = False
    http_method_names = ["post"]
    template_name = "wagtail_sms/admin/look/app.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen, image = typed_app(self.site, request.POST), self.image(request.POST)
        problems = icon_problems(image)
        return self.render_to_response(
            {
                "name": chosen.effective_name,
                "short_name": chosen.short_name or chosen.effective_name[:12].strip(),
                "theme_colour": chosen.theme_colour,
                "on_theme": text_on(chosen.theme_colour),
                "background_colour": chosen.background_colour,
                "on_background": text_on(chosen.background_colour),
                "problems": problems,
                "icons": {} if problems else icon_addresses(image, chosen),
                "frames": self.frames(request, chosen) if is_installed(self.site) else [],
            }
        )

    def frames(self, request: HttpRequest, chosen: PwaSettings) -> list[Frame]:
        """The popup and the form in light and dark."""
        settings = SmsSettings.for_site(self.site)
        texts = texts_of(settings, language_of(settings, request.POST.get("look_language", "")))
        return [*popup_frames(texts, chosen)[:2], *form_frames(texts, chosen)[:2]]

    def image(self, posted: QueryDict):
        """The picture in the form, if this editor may choose it."""
        return find_image(self.request.user, posted.get("icon", ""))


class AppIconView(LookFileView):
    """One icon as a build would draw it."""

    permission = "change_pwasettings"

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        background = request.GET.get("background", "")
        image = find_image(request.user, request.GET.get("image", ""))
        if name not in SHOWN or image is None or not is_valid(validate_colour, background) or icon_problems(image):
            raise Http404
        return self.answer(drawn(image, background)[name], "image/png")


def drawn(image, background: str) -> dict[str, bytes]:
    """The icons of one picture, drawn once for the three requests that a preview makes at the same time."""
    key = (icon_key(image, background=background), background)
    with _drawing:
        if key not in _latest:
            icons = draw_icons(image, background=background, small_files=False)
            _latest.clear()
            _latest[key] = icons
        return _latest[key]


def icon_addresses(image, chosen: PwaSettings) -> dict[str, str]:
    """Where the icons of this drawing are, by name without its dash."""
    try:
        drawing = icon_key(image, background=chosen.background_colour)
    except SourceImageIOError:
        return {}
    query = urlencode({"image": image.pk, "background": chosen.background_colour, "drawing": drawing})
    return {name.replace("-", "_"): f"{reverse('wagtail_sms:app_icon', args=[name])}?{query}" for name in SHOWN}


def find_image(user, pk: str):
    """An image of the library that this user may choose, or None."""
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return None
    images = get_image_model()
    chooseable = policy_registry.get_by_type(images).instances_user_has_any_permission_for(user, ["choose"])
    return images.objects.filter(pk=pk, pk__in=chooseable.values("pk")).first()


urlpatterns = [
    path("pwa/look/", AppLookView.as_view(), name="app_look"),
    path("pwa/look/<slug:name>.png", AppIconView.as_view(), name="app_icon"),
]
