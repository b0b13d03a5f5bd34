"""StreamField blocks for a host's pages."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_sms.templatetags.wagtail_sms import signup


class SmsSignupBlock(blocks.StructBlock):
    """The inline form that asks for text messages. Render it with ``{% include_block %}``: it needs the request."""

    heading = blocks.CharBlock(label=_("Heading"), required=False, max_length=80)
    text = blocks.CharBlock(label=_("Text"), required=False, max_length=300)

    class Meta:
        label = _("Sign-up for text messages")
        icon = "mail"
        template = "wagtail_sms/public/signup.html"
        preview_value = {"heading": _("Get our news by text"), "text": ""}
        description = _("A form for visitors who want text messages. Shown only while the site's PWA offers them.")

    def get_context(self, value, parent_context=None):
        request = (parent_context or {}).get("request")
        return {
            **super().get_context(value, parent_context=parent_context),
            **signup(request, heading=value["heading"], text=value["text"]),
        }
