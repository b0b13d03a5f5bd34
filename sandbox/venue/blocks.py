"""Blocks that the pages of both sites are made of."""

from wagtail import blocks

from wagtail_sms.blocks import SmsSignupBlock


class FactBlock(blocks.StructBlock):
    """One line of a table: what, and how it is."""

    label = blocks.CharBlock()
    value = blocks.CharBlock()


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock()
    source = blocks.CharBlock(required=False)

    class Meta:
        icon = "openquote"
        template = "venue/blocks/quote.html"


class ArtistBlock(blocks.StructBlock):
    name = blocks.CharBlock()
    role = blocks.CharBlock(required=False)


def body_blocks() -> list:
    """What an editor may put into the body of any page."""
    return [
        ("heading", blocks.CharBlock(form_classname="title", icon="title", template="venue/blocks/heading.html")),
        ("text", blocks.RichTextBlock(features=["bold", "italic", "link", "ul"])),
        ("quote", QuoteBlock()),
        ("facts", blocks.ListBlock(FactBlock(), icon="list-ul", template="venue/blocks/facts.html")),
        ("sms_signup", SmsSignupBlock()),
    ]
