"""Settings > Groups: what a group may do on single sites, beside Wagtail's own table for all sites."""

from django import forms
from django.contrib.auth.models import Permission
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from wagtail.models import GroupSitePermission, Site

from wagtail_sms.admin.access import EDITOR_RIGHTS, rights_to_give
from wagtail_sms.admin.mixins import site_label


class SiteRightsForm(forms.Form):
    """A list of check boxes for each site. Wagtail makes one for the group, and calls `save` when all is valid."""

    template_name = "wagtail_sms/admin/shared/site_rights.html"

    def __init__(self, *args, instance, prefix="wagtail_sms_site_rights", **kwargs):
        super().__init__(*args, prefix=prefix, **kwargs)
        self.instance = instance
        for site in Site.objects.order_by("-is_default_site", "hostname", "port"):
            self.fields[f"site_{site.pk}"] = forms.MultipleChoiceField(
                choices=list(EDITOR_RIGHTS.items()),
                initial=[codename for codename, site_id in self.given if site_id == site.pk],
                label=site_label(site),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )

    @cached_property
    def rights(self) -> list[Permission]:
        return list(rights_to_give(EDITOR_RIGHTS))

    @cached_property
    def given(self) -> set[tuple[str, int]]:
        if self.instance.pk is None:
            return set()
        rows = GroupSitePermission.objects.filter(group=self.instance, permission__in=self.rights)
        return set(rows.values_list("permission__codename", "site_id"))

    def as_admin_panel(self) -> str:
        return render_to_string(self.template_name, {"form": self})

    def save(self) -> None:
        """Give and take what was changed. Runs in the view's transaction, after the group was saved."""
        rows = GroupSitePermission.objects.filter(group=self.instance)
        wanted = {
            (codename, int(name.removeprefix("site_")))
            for name, codenames in self.cleaned_data.items()
            for codename in codenames
        }
        by_codename = {right.codename: right for right in self.rights}
        for codename, site_id in wanted - self.given:
            rows.get_or_create(group=self.instance, site_id=site_id, permission=by_codename[codename])
        for codename, site_id in self.given - wanted:
            rows.filter(site_id=site_id, permission=by_codename[codename]).delete()
