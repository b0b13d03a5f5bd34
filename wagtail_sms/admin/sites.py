"""Which site an editor works on, and switching to another one."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import View
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.models import Site

from wagtail_sms.admin.access import EDITOR_RIGHTS, may
from wagtail_sms.extension import Extension
from wagtail_sms.states import ExtensionStatus


SESSION_KEY = "wagtail_sms_site"
# Every form says which site it was drawn for: switching in another browser tab must not redirect what it changes.
FORM_FIELD = "sms_site"


def sites_for(user, *rights: str) -> list[Site]:
    """The sites on which the user has any of these rights (any right at all when none is named)."""
    rights = rights or EDITOR_RIGHTS
    return [site for site in all_sites(user) if may(user, site, *rights)]


def all_sites(user) -> list[Site]:
    """Every site, the default one first. One query per user object: each item of the menu asks."""
    if not hasattr(user, "_wagtail_sms_sites"):
        user._wagtail_sms_sites = list(Site.objects.order_by("-is_default_site", "hostname", "port"))
    return user._wagtail_sms_sites


def usable_sites_for(user, *rights: str) -> list[Site]:
    """Those where the pages of the feature lead somewhere: it is installed, or the user may install it."""
    return _usable(user, sites_for(user, *rights), installed=set(installed_site_ids()))


def _usable(user, sites: list[Site], *, installed: set[int]) -> list[Site]:
    return [site for site in sites if site.pk in installed or may(user, site, "install_extension")]


def installed_site_ids() -> list[int]:
    return list(Extension.objects.filter(status=ExtensionStatus.INSTALLED).values_list("site_id", flat=True))


def current_site(request, *rights: str) -> Site | None:
    """The site the user switched to, else the one of this host, else the first: always one they have a right on."""
    return choose(request, sites_for(request.user, *rights))


def installed_site(request, *rights: str) -> Site | None:
    """As `current_site`, if the feature is installed there: menu, search and home ask, one query answers them all."""
    own = sites_for(request.user, *rights)
    if not own:
        return None
    if not hasattr(request, "_wagtail_sms_installed"):
        request._wagtail_sms_installed = set(installed_site_ids())
    installed = request._wagtail_sms_installed
    site = choose(request, _usable(request.user, own, installed=installed))
    return site if site is not None and site.pk in installed else None


def choose(request, sites: list[Site]) -> Site | None:
    """The current one of `sites`: the form's own, else the one switched to, else the host's, else the first."""
    by_pk = {str(site.pk): site for site in sites}
    host = Site.find_for_request(request)
    for pk in (named_site(request), request.session.get(SESSION_KEY), host and host.pk):
        if str(pk) in by_pk:
            return by_pk[str(pk)]
    return next(iter(sites), None)


def require(request, sites: list[Site]) -> Site:
    """As `choose`, for a view: PermissionDenied when there is none, or when a form names one that is not allowed."""
    site = choose(request, sites)
    named = named_site(request)
    if site is None or (named and str(site.pk) != named):
        raise PermissionDenied
    if named and request.method == "GET":
        # Whoever followed a link to this site's page goes on working on this site.
        request.session[SESSION_KEY] = site.pk
    return site


def for_site(url: str, site: Site) -> str:
    """The address of a page or action of this very site, whatever the session says when it is followed."""
    return f"{url}?{FORM_FIELD}={site.pk}"


def named_site(request) -> str:
    """The site a form or an address names for itself, as text."""
    return request.POST.get(FORM_FIELD) or request.GET.get(FORM_FIELD, "")


class SwitchSiteView(View):
    """Work on another site from here on."""

    http_method_names = ["post"]

    def post(self, request):
        allowed = {str(site.pk): site for site in sites_for(request.user)}
        site = allowed.get(request.POST.get("site"))
        if site is None:
            raise PermissionDenied
        request.session[SESSION_KEY] = site.pk
        return redirect(get_valid_next_url_from_request(request) or reverse("wagtail_sms:index"))
