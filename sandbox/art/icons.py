"""Application icons, 1024 x 1024 pixels, the drawing inside the safe zone that launchers leave of a square."""

import random

from PIL import Image, ImageDraw

from sandbox.art.canvas import finished, large
from sandbox.art.prints import PAPER, PINK, TEAL, YELLOW, inked


ICON = (1024, 1024)


def halle() -> Image.Image:
    """The letter H as two towers of loudspeakers and the sound between them."""
    side = large(ICON)[0]
    sheet = Image.new("RGB", (side, side), "#0e0f12")
    draw = ImageDraw.Draw(sheet)
    for left in (0.22, 0.62):
        draw.rectangle((side * left, side * 0.20, side * (left + 0.16), side * 0.80), fill="#d7ff3a")
    for bar, (top, half) in enumerate(((0.40, 0.012), (0.445, 0.017), (0.50, 0.024), (0.56, 0.017), (0.605, 0.012))):
        tone = "#d7ff3a" if bar == 2 else "#8fae1f"
        draw.rectangle((side * 0.38, side * (top - half), side * 0.62, side * (top + half)), fill=tone)
    return finished(sheet, ICON, seed=1, grain=0.0)


def atelier() -> Image.Image:
    """Three plates out of register."""
    side = large(ICON)[0]
    dice = random.Random(7)
    sheet = Image.new("RGB", (side, side), PAPER)
    for ink, x, y in ((YELLOW, 0.40, 0.42), (PINK, 0.60, 0.42), (TEAL, 0.50, 0.60)):
        mask = Image.new("L", (side, side), 0)
        reach = side * 0.205
        ImageDraw.Draw(mask).ellipse((side * x - reach, side * y - reach, side * x + reach, side * y + reach), fill=255)
        sheet = inked(sheet, mask, ink, dice)
    return finished(sheet, ICON, seed=7, grain=0.04)
