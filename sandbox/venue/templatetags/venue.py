"""Template tags of the two sites: the main menu, and the strip that guides through the demo."""

from django import template
from wagtail.models import Page, Site

from sandbox.venue.tour import tour_of


register = template.Library()


@register.simple_tag(takes_context=True)
def site_menu(context) -> list[Page]:
    """The pages of the main menu, `is_here` set on the one that the visitor is in."""
    site = Site.find_for_request(context["request"])
    here = context.get("page")
    entries = list(site.root_page.get_children().live().in_menu()) if site else []
    for entry in entries:
        entry.is_here = bool(here and here.path.startswith(entry.path))
    return entries


@register.inclusion_tag("venue/tour.html", takes_context=True)
def tour(context) -> dict:
    """Where to go next in the demo; nothing in an editor's preview."""
    request = context["request"]
    site = Site.find_for_request(request)
    if site is None or getattr(request, "is_preview", False):
        return {"tour": None}
    return {"tour": tour_of(site, user=getattr(request, "user", None))}
