"""MessageBird with fewer recipients in a request: more requests for the same number of people, so more to interrupt."""

import json
import os
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from wagtail_sms.providers.messagebird import MessageBirdProvider
from wagtail_sms.providers.messagebird_http import Api


class SmallParcels(MessageBirdProvider):
    max_recipients_per_request = int(os.environ.get("CHAOS_PARCEL", "10"))


class RecognisedRepeats(SmallParcels):
    """A provider that knows a request again by its key and can't be asked what came of one."""

    idempotency_key_lifetime = timedelta(hours=3)
    supports_lookup = False

    def __init__(self, alias: str, options: dict[str, Any]):
        super().__init__(alias, options)
        http = self._rest_api.http
        self._rest_api = _KeyedApi(
            self.options["REST_URL"], self.options["ACCESS_KEY"], timeout=http.timeout, pool_size=http.pool_size
        )


class _KeyedApi(Api):
    """Says the key of each request to send in a field that only the trial's gateway reads.

    Whoever is refused makes us send the others in parts, and each part is a request with a key of its own.
    """

    def call(self, path: str, method: str = "GET", params: dict | None = None) -> dict[str, Any]:
        if method == "POST" and path == "messages":
            content = json.dumps(params, sort_keys=True).encode()
            params = {**(params or {}), "key": blake2b(content, digest_size=16).hexdigest()}
        return super().call(path, method, params)
