"""What is left to do after the form was taken: words and a link, for the page, the popup and the toast alike."""

from django.urls import reverse
from django.utils.translation import gettext as _

from wagtail_sms import phone


def start_step(sender: str) -> dict[str, str]:
    """For somebody whose network keeps our texts back: a text that they can send with one tap."""
    text = _("You once replied STOP, so your network still holds our texts back. Text START to %(number)s to get them.")
    return {
        "title": _("One step is left"),
        "text": text % {"number": phone.display(sender)},
        # The odd "?&" is the form that iOS and Android both understand.
        "link": f"sms:{sender}?&body=START",
        "button": _("Text START"),
    }


def code_step(ticket: str) -> dict[str, str]:
    """For everybody, where the site asks for a code: nobody is subscribed before they typed it in."""
    return {
        "title": _("One step is left"),
        "text": _("We are texting you a code. You get our messages once you have typed it in."),
        "link": reverse("wagtail_sms_confirm", args=[ticket]),
        "button": _("Enter the code"),
    }
