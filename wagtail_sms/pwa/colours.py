"""A button in the site's own colour that everybody can read, on light and on dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations


LIGHT, DARK = "#ffffff", "#1c1f24"


def accents(colour: str) -> dict[str, str]:
    """CSS custom properties for the accent on both sheets, and for the text that stands on it."""
    light, dark = legible(colour, on=LIGHT), legible(colour, on=DARK)
    return {"accent": light, "on-accent": text_on(light), "accent-dark": dark, "on-accent-dark": text_on(dark)}


def legible(colour: str, *, on: str, ratio: float = 3.0) -> str:
    """The colour, moved towards black or white only as far as it takes to stand out from ``on``."""
    target = "#000000" if luminance(on) > 0.5 else "#ffffff"
    for step in range(21):
        moved = mix(colour, target, step / 20)
        if contrast(moved, on) >= ratio:
            return moved
    return target


def text_on(colour: str) -> str:
    return max(("#ffffff", "#000000"), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mix(colour: str, target: str, share: float) -> str:
    pairs = zip(channels(colour), channels(target), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
