"""MessageBird with fewer recipients in a request: more requests for the same number of people, so more to interrupt."""

import os

from wagtail_sms.providers.messagebird import MessageBirdProvider


class SmallParcels(MessageBirdProvider):
    max_recipients_per_request = int(os.environ.get("CHAOS_PARCEL", "10"))
