"""How a text travels: GSM 03.38 or UCS-2, and in how many parts."""

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = set("^{}\\[]~|€")
MAX_PARTS = 9


def parts_of(body: str, datacoding: str) -> int:
    """Segments by GSM 03.38 and UCS-2."""
    if datacoding == "plain":
        units = sum(2 if character in GSM_EXTENSION else 1 for character in body)
        return 1 if units <= 160 else -(-units // 153)
    units = len(body.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= 70 else -(-units // 67)


def coding_for(body: str, asked: str) -> str:
    if asked == "auto":
        return "plain" if set(body) <= GSM | GSM_EXTENSION else "unicode"
    return asked


def as_received(body: str, datacoding: str) -> str:
    """What a phone shows: GSM 03.38 has no other characters, so they get lost."""
    if datacoding != "plain":
        return body
    return "".join(character if character in GSM | GSM_EXTENSION else "?" for character in body)
