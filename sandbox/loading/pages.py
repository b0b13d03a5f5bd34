"""The two sites and their pages."""

from datetime import date

from django.conf import settings
from wagtail.models import Page, Site

from sandbox.content import atelier, halle
from sandbox.content.concerts import CONCERTS, Concert
from sandbox.loading.pictures import picture
from sandbox.venue.models import ConcertPage, CoursePage, HomePage, ProgrammePage, TextPage, WorkshopPage
from sandbox.venue.tour import FIRST, SECOND


def load_pages(*, today: date) -> tuple[Site, Site]:
    """Both sites, on the port the sandbox runs at now. Concert dates count from `today` when they are new."""
    root = Page.get_first_root_node()
    Page.objects.filter(depth=2, slug="home", content_type__model="page").delete()
    root = Page.objects.get(pk=root.pk)
    return _site(FIRST, "Halle Nord", _halle(root, today)), _site(SECOND, "Atelier Sud", _atelier(root))


def _site(hostname: str, name: str, home: Page) -> Site:
    site, _created = Site.objects.update_or_create(
        hostname=hostname,
        defaults={
            "port": settings.PORT,
            "site_name": name,
            "root_page": home,
            "is_default_site": hostname == FIRST,
        },
    )
    return site


def _child(parent: Page, kind: type[Page], slug: str, **fields) -> Page:
    """The page `slug` below `parent`, added with these fields if it is not there."""
    known = kind.objects.child_of(parent).filter(slug=slug).first()
    if known is None:
        known = parent.add_child(instance=kind(slug=slug, **fields))
        known.save_revision().publish()
    return known


def _halle(root: Page, today: date) -> Page:
    home = _child(root, HomePage, "halle-nord", **halle.HOME, body=halle.HOME_BODY)
    programme = _child(home, ProgrammePage, "programme", **halle.PROGRAMME, show_in_menus=True)
    for concert in CONCERTS:
        _concert(programme, concert, today)
    _child(home, TextPage, "plan-your-visit", **halle.VISIT, body=halle.VISIT_BODY, show_in_menus=True)
    portrait = picture(
        "The hall from the loading bay",
        drawing="poster-arches.jpg",
        alt="Drawing: blue vaults one behind another with a small figure at the end",
    )
    _child(home, TextPage, "the-hall", **halle.HALL, body=halle.HALL_BODY, image=portrait, show_in_menus=True)
    _child(home, TextPage, "privacy", **halle.PRIVACY, body=halle.PRIVACY_BODY)
    return home


def _concert(programme: Page, concert: Concert, today: date) -> None:
    if ConcertPage.objects.child_of(programme).filter(slug=concert.slug).exists():
        return
    drawn = picture(
        f"{concert.title}, poster",
        drawing=f"poster-{concert.poster}.jpg",
        alt=concert.alt,
    )
    quote, source = concert.quote
    body = [("text", concert.text)] + ([("quote", {"text": quote, "source": source})] if quote else [])
    _child(
        programme,
        ConcertPage,
        concert.slug,
        title=concert.title,
        subtitle=concert.subtitle,
        genre=concert.genre,
        starts_at=concert.starts_at(today),
        doors=concert.doors,
        price=concert.price,
        tickets=concert.tickets,
        poster=drawn,
        artists=[("artist", {"name": name, "role": role}) for name, role in concert.artists],
        body=body,
    )


def _atelier(root: Page) -> Page:
    press = picture("The drum", drawing="print-drum.jpg", alt="Print: the drum of a press in pink and teal")
    home = _child(root, WorkshopPage, "atelier-sud", **atelier.HOME, body=atelier.HOME_BODY, image=press)
    for course in atelier.COURSES:
        fields = {key: course[key] for key in ("title", "summary", "schedule", "places", "price")}
        drawing = f"print-{course['print']}.jpg"
        drawn = picture(f"{course['title']}, print", drawing=drawing, alt=course["alt"])
        _child(home, CoursePage, course["slug"], **fields, image=drawn, body=[("text", course["text"])])
    _child(home, TextPage, "studio", **atelier.STUDIO, body=atelier.STUDIO_BODY, show_in_menus=True)
    _child(home, TextPage, "privacy", **atelier.PRIVACY, body=atelier.PRIVACY_BODY)
    return home
