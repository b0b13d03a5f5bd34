from wagtail.admin.panels import FieldPanel
from wagtail.blocks import RichTextBlock
from wagtail.fields import StreamField
from wagtail.models import Page

from wagtail_sms.blocks import SmsSignupBlock


class SimplePage(Page):
    """A public page with the PWA head and, when an editor places it, the inline form."""

    body = StreamField([("text", RichTextBlock()), ("sms_signup", SmsSignupBlock())], blank=True)
    content_panels = [*Page.content_panels, FieldPanel("body")]
