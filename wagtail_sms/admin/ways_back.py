"""Where to go on after a purchase: the admin page that sent the buyer here, and no other address."""

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from wagtail_sms.credits.purchase_models import Purchase


LONGEST = Purchase._meta.get_field("return_to").max_length


def way_back(address: str) -> str:
    """The address if it is a page of this admin, else "": what stands in a link must lead to nobody else's site."""
    root = reverse("wagtailadmin_home")
    path = address.partition("?")[0]
    local = url_has_allowed_host_and_scheme(address, allowed_hosts=None) and path.startswith(root)
    climbs = ".." in path or "%2e" in path.lower()
    return address if local and not climbs and len(address) <= LONGEST and address.isprintable() else ""
