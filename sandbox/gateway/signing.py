"""MessageBird's webhook signature: a JWT (HS256) over the exact address and the body of one call."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import uuid4


HEADER = "MessageBird-Signature-JWT"


def signature(key: str, url: str, body: bytes = b"", *, now: float | None = None) -> str:
    """The value of the header for one call; good for 60 seconds."""
    moment = int(time.time() if now is None else now)
    claims = {"iss": "MessageBird", "nbf": moment, "exp": moment + 60, "jti": str(uuid4())}
    claims["url_hash"] = sha256(url.encode()).hexdigest()
    if body:
        claims["payload_hash"] = sha256(body).hexdigest()
    signed = f"{_part({'typ': 'JWT', 'alg': 'HS256'})}.{_part(claims)}"
    return f"{signed}.{_base64(hmac.new(key.encode(), signed.encode(), sha256).digest())}"


def _part(content: dict) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
