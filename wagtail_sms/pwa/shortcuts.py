"""Pages that open from a long press on the app's icon."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import blocks


class ShortcutBlock(blocks.StructBlock):
    """A page of the site, and what its shortcut is called."""

    name = blocks.CharBlock(label=gettext_lazy("Name"), max_length=30)
    page = blocks.PageChooserBlock(label=gettext_lazy("Page"))

    class Meta:
        icon = "link"
        label = gettext_lazy("Shortcut")


def shortcut_entries(chosen: Any) -> list[dict[str, str]]:
    """The manifest's entries; a page that is gone, not public or of another site has none."""
    return [{"name": name, "url": path} for name, path in _shortcuts(chosen) if path]


def shortcut_problems(chosen: Any) -> list[str]:
    return [
        _("The shortcut “%(name)s” leads to no public page of this site.") % {"name": name}
        for name, path in _shortcuts(chosen)
        if not path
    ]


def _shortcuts(chosen: Any) -> list[tuple[str, str]]:
    return [(block.value["name"], _path(block.value["page"], chosen.site_id)) for block in chosen.shortcuts]


def _path(page: Any, site_id: int) -> str:
    """The page's path on this site, or nothing."""
    address = page.get_url_parts() if page is not None and page.live else None
    return address[2] if address and address[0] == site_id and address[2] else ""
