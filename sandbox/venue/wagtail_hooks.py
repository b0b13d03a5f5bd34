"""The guide through the demo on the admin's front page."""

from django.templatetags.static import static
from django.utils.html import format_html
from wagtail import hooks
from wagtail.admin.ui.components import Component
from wagtail.models import Site

from sandbox.venue.tour import tour_of


class GuidePanel(Component):
    """Both sites with their steps, the one of this address first."""

    order = 10
    template_name = "venue/guide_panel.html"

    def get_context_data(self, parent_context) -> dict:
        request = parent_context["request"]
        here = Site.find_for_request(request)
        sites = sorted(Site.objects.all(), key=lambda site: site != here)
        # Each address has a session of its own: who is signed in here is nobody yet on the other site.
        return {"guides": [(site, tour_of(site, user=request.user if site == here else None)) for site in sites]}


@hooks.register("construct_homepage_panels")
def add_guide(request, panels) -> None:
    panels.append(GuidePanel())


@hooks.register("insert_global_admin_css")
def guide_styles() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("venue/guide.css"))
