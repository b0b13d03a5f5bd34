"""Pages of the concert hall and of the print workshop."""

from django.db import models
from django.utils import timezone
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.blocks import StreamBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from sandbox.venue.blocks import ArtistBlock, body_blocks


def picture() -> models.ForeignKey:
    return models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")


class HomePage(Page):
    """Front page of Halle Nord."""

    tagline = models.CharField(max_length=120)
    intro = RichTextField(features=["bold", "italic", "link"])
    body = StreamField(body_blocks(), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("tagline"), FieldPanel("intro"), FieldPanel("body")]
    template = "venue/halle/home.html"
    max_count = 1
    subpage_types = ["venue.ProgrammePage", "venue.TextPage"]

    def get_context(self, request, *args, **kwargs) -> dict:
        first, *others = ConcertPage.upcoming(self) or [None]
        return super().get_context(request, *args, **kwargs) | {"next_concert": first, "concerts": others[:6]}


class ProgrammePage(Page):
    """Every concert, the next one first."""

    intro = models.CharField(max_length=250, blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    template = "venue/halle/programme.html"
    subpage_types = ["venue.ConcertPage"]

    def get_context(self, request, *args, **kwargs) -> dict:
        concerts = ConcertPage.objects.live().child_of(self).select_related("poster").order_by("starts_at")
        today = timezone.now().replace(hour=0, minute=0)
        return super().get_context(request, *args, **kwargs) | {
            "concerts": concerts.filter(starts_at__gte=today),
            "past": concerts.filter(starts_at__lt=today).reverse(),
        }


class ConcertPage(Page):
    """One evening. Times are the hall's own (UTC in this sandbox); the price is in euros, empty means free."""

    class Tickets(models.TextChoices):
        AVAILABLE = "available", "Tickets at the door"
        FEW = "few", "Last tickets"
        SOLD_OUT = "sold_out", "Sold out"

    subtitle = models.CharField(max_length=120)
    genre = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    doors = models.TimeField()
    price = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    tickets = models.CharField(max_length=10, choices=Tickets.choices, default=Tickets.AVAILABLE)
    poster = picture()
    artists = StreamField(StreamBlock([("artist", ArtistBlock())]), blank=True)
    body = StreamField(body_blocks(), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("subtitle"),
        FieldRowPanel([FieldPanel("starts_at"), FieldPanel("doors")]),
        FieldRowPanel([FieldPanel("genre"), FieldPanel("price"), FieldPanel("tickets")]),
        FieldPanel("poster"),
        FieldPanel("artists"),
        FieldPanel("body"),
    ]
    template = "venue/halle/concert.html"
    parent_page_types = ["venue.ProgrammePage"]
    subpage_types = []

    @classmethod
    def upcoming(cls, ancestor: Page) -> list["ConcertPage"]:
        """Concerts below `ancestor` from today on, the next one first."""
        today = timezone.now().replace(hour=0, minute=0)
        concerts = cls.objects.live().descendant_of(ancestor).filter(starts_at__gte=today)
        return list(concerts.select_related("poster").order_by("starts_at"))

    def get_context(self, request, *args, **kwargs) -> dict:
        others = [concert for concert in self.upcoming(self.get_parent()) if concert.pk != self.pk]
        return super().get_context(request, *args, **kwargs) | {"others": others[:3]}


class TextPage(Page):
    """Plan your visit, privacy, about: a page of either site, dressed as its site is."""

    intro = models.CharField(max_length=250, blank=True)
    image = picture()
    body = StreamField(body_blocks(), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro"), FieldPanel("image"), FieldPanel("body")]
    template = "venue/text.html"
    parent_page_types = ["venue.HomePage", "venue.WorkshopPage"]
    subpage_types = []

    def get_context(self, request, *args, **kwargs) -> dict:
        house = "atelier" if isinstance(self.get_parent().specific, WorkshopPage) else "halle"
        return super().get_context(request, *args, **kwargs) | {"base_template": f"venue/{house}/base.html"}


class WorkshopPage(Page):
    """Front page of Atelier Sud."""

    tagline = models.CharField(max_length=120)
    intro = RichTextField(features=["bold", "italic", "link"])
    image = picture()
    body = StreamField(body_blocks(), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("tagline"),
        FieldPanel("intro"),
        FieldPanel("image"),
        FieldPanel("body"),
    ]
    template = "venue/atelier/home.html"
    max_count = 1
    subpage_types = ["venue.CoursePage", "venue.TextPage"]

    def get_context(self, request, *args, **kwargs) -> dict:
        courses = CoursePage.objects.live().child_of(self).select_related("image")
        return super().get_context(request, *args, **kwargs) | {"courses": courses}


class CoursePage(Page):
    """A course of the workshop. The price is in euros, materials included."""

    summary = models.CharField(max_length=200)
    schedule = models.CharField(max_length=80)
    places = models.PositiveSmallIntegerField(default=8)
    price = models.DecimalField(max_digits=6, decimal_places=2)
    image = picture()
    body = StreamField(body_blocks(), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        MultiFieldPanel(
            [FieldPanel("schedule"), FieldRowPanel([FieldPanel("places"), FieldPanel("price")])], heading="Terms"
        ),
        FieldPanel("image"),
        FieldPanel("body"),
    ]
    template = "venue/atelier/course.html"
    parent_page_types = ["venue.WorkshopPage"]
    subpage_types = []
