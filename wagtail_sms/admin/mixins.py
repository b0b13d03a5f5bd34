"""What every page of the feature shares: one site, the right to see it, the tabs and the site switcher."""

from django.forms import Media
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages
from wagtail.admin.staticfiles import versioned_static

from wagtail_sms.admin.access import OPERATOR_RIGHTS, may
from wagtail_sms.admin.sites import FORM_FIELD, for_site, require, sites_for, usable_sites_for
from wagtail_sms.admin.tabs import tab, tabs_for
from wagtail_sms.delivery import inbox
from wagtail_sms.delivery.silence import silences
from wagtail_sms.extension import is_installed


class SmsViewMixin:
    """Scopes a view to `self.site`, the one site the user works on and has a right on.

    Every queryset of the view must be filtered by `self.site`, so that an object of another site is a 404. Put this
    mixin first: it replaces the model-wide permission check of Wagtail's generic views by one for the site.
    """

    # Codename, or several of which one is enough; without it those of the section's tab.
    permission: str | tuple[str, ...] = ()
    section = ""
    requires_installed = True
    stylesheets: tuple[str, ...] = ()
    permission_required = None
    any_permission_required = None

    def setup(self, request, *args, **kwargs):
        find = usable_sites_for if self.requires_installed else sites_for
        self.sites = find(request.user, *self.rights)
        self.site = require(request, self.sites)
        super().setup(request, *args, **kwargs)

    def dispatch(self, request, *args, **kwargs):
        if self.requires_installed and not is_installed(self.site):
            messages.warning(
                request, _("SMS notifications are not installed on %(site)s yet.") % {"site": site_label(self.site)}
            )
            return self.lead_to("extensions")
        return super().dispatch(request, *args, **kwargs)

    @property
    def rights(self) -> tuple[str, ...]:
        if not self.permission:
            return tab(self.section).rights
        return (self.permission,) if isinstance(self.permission, str) else tuple(self.permission)

    def may(self, *rights: str) -> bool:
        return may(self.request.user, self.site, *rights)

    def address(self, name: str, *args) -> str:
        """A page of this view's site: another tab may have switched the session to another one since."""
        return for_site(reverse(f"wagtail_sms:{name}", args=args), self.site)

    def lead_to(self, name: str, *args):
        return redirect(self.address(name, *args))

    def get_breadcrumbs_items(self):
        home = {"url": reverse_lazy("wagtailadmin_home"), "label": gettext_lazy("Home")}
        root = [{"url": reverse("wagtail_sms:index"), "label": gettext_lazy("SMS")}] if self.requires_installed else []
        return [home, *root, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["sms_site"] = self.site
        context["sms_site_label"] = site_label(self.site)
        context["sms_site_field"] = FORM_FIELD
        context["sms_sites"] = [(site.pk, site_label(site)) for site in self.sites]
        context["sms_section"] = self.section
        context["sms_switch_next"] = self.switch_url
        context["sms_silence"] = next(iter(silences()), None) if self.requires_installed else None
        context["sms_is_operator"] = may(self.request.user, None, *OPERATOR_RIGHTS)
        context["sms_tabs"] = tabs_for(self.request.user, self.site) if self.requires_installed else []
        context["sms_waiting"] = self.waiting_texts if self.requires_installed else 0
        context["media"] = context.get("media", Media()) + self.shell_media
        return context

    @cached_property
    def waiting_texts(self) -> int:
        """Incoming texts that wait for a decision, for those who may see them."""
        return inbox.waiting(self.site).count() if self.may(*tab("inbox").rights) else 0

    @property
    def switch_url(self) -> str:
        """Where switching the site leads: the section's first page, since an object belongs to one site."""
        return reverse(f"wagtail_sms:{self.section}")

    @property
    def shell_media(self) -> Media:
        names = ("shell.css", *self.stylesheets)
        return Media(css={"all": [versioned_static(f"wagtail_sms/admin/{name}") for name in names]})


def site_label(site) -> str:
    """How the admin calls a site: its name, or its host when it has none."""
    return site.site_name or str(site)
