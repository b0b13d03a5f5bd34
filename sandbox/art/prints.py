"""Riso prints of Atelier Sud: spot inks over one another on raw paper, never quite in register."""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw

from sandbox.art.canvas import SCALE, Size, finished, glow, grained, large, toned


Picture = Image.Image
PRINT: Size = (1500, 1100)
PAPER, PINK, TEAL, YELLOW, INK = "#fdf9ef", "#ff4c7d", "#00838a", "#ffc93c", "#2b2a4c"


def plate(size: Size = PRINT) -> tuple[Picture, ImageDraw.ImageDraw]:
    """An empty plate; what is drawn on it (255) will take ink."""
    mask = Image.new("L", large(size), 0)
    return mask, ImageDraw.Draw(mask)


def inked(sheet: Picture, mask: Picture, ink: str, dice: random.Random) -> Picture:
    """Presses `mask` in `ink` onto the sheet, a little off, the drum a little uneven."""
    drum = grained(Image.new("RGB", mask.size, "#c9c9c9"), dice.randrange(10**6), 0.9).convert("L")
    shifted = Image.new("L", mask.size, 0)
    shifted.paste(mask, (dice.randint(-9, 9), dice.randint(-9, 9)))
    amount = ImageChops.multiply(shifted, drum.point(lambda value: min(255, 150 + value)))
    layer = Image.composite(Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, "#ffffff"), amount)
    return ImageChops.multiply(sheet, layer)


def halftone(field: Picture, step: int = 22) -> Picture:
    """A grey field as dots whose size is its darkness, on a screen turned by 45 degrees."""
    mask = Image.new("L", field.size, 0)
    draw = ImageDraw.Draw(mask)
    for row in range(-1, field.height // step + 2):
        for column in range(-1, field.width // (2 * step) + 2):
            x, y = (column * 2 + row % 2) * step, row * step
            inside = (min(max(x, 0), field.width - 1), min(max(y, 0), field.height - 1))
            radius = step * math.sqrt(field.getpixel(inside) / 255) * 0.98
            if radius > 2:
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask


def still_life(dice: random.Random) -> Picture:
    """A jug, a lemon and a window: what lies on the table at noon."""
    sheet = Image.new("RGB", large(PRINT), PAPER)
    width, height = sheet.size
    sun, draw = plate()
    draw.rectangle((0, height * 0.64, width, height), fill=255)
    draw.ellipse((width * 0.60, height * 0.10, width * 0.86, height * 0.10 + width * 0.26), fill=255)
    draw.ellipse((width * 0.53, height * 0.66, width * 0.67, height * 0.84), fill=0)
    sheet = inked(sheet, sun, YELLOW, dice)
    jug, draw = plate()
    draw.ellipse((width * 0.20, height * 0.42, width * 0.46, height * 0.86), fill=255)
    draw.polygon(
        [
            (width * 0.27, height * 0.20),
            (width * 0.41, height * 0.16),
            (width * 0.39, height * 0.5),
            (width * 0.27, height * 0.5),
        ],
        fill=255,
    )
    draw.arc((width * 0.38, height * 0.24, width * 0.54, height * 0.66), 250, 110, fill=255, width=70)
    draw.ellipse((width * 0.70, height * 0.62, width * 0.84, height * 0.82), fill=255)
    sheet = inked(sheet, jug, PINK, dice)
    shade = toned(
        glow(sheet.size, (width * 0.2, height * 0.9), width * 0.75), [(0, "#000000"), (1, "#d0d0d0")]
    ).convert("L")
    sheet = inked(sheet, ImageChops.multiply(halftone(shade), jug), TEAL, dice)
    lines, draw = plate()
    for line in range(9):
        y = height * (0.66 + line * 0.042)
        draw.line([(x, y + 16 * math.sin(x / 210 + line)) for x in range(0, width + 30, 30)], fill=255, width=9)
    lemon = (width * 0.53, height * 0.62, width * 0.67, height * 0.80)
    draw.ellipse(lemon, fill=0)
    draw.ellipse(lemon, outline=255, width=14)
    for bar in (0.05, 0.095, 0.14):
        draw.rectangle((width * bar, 0, width * (bar + 0.012), height * 0.60), fill=255)
    return inked(sheet, lines, TEAL, dice)


def letters(dice: random.Random) -> Picture:
    """Wood type in a case: the shapes before they are words."""
    sheet = Image.new("RGB", large(PRINT), PAPER)
    width, height = sheet.size
    cell = height / 4
    pink, on_pink = plate()
    teal, on_teal = plate()
    yellow, on_yellow = plate()
    for row in range(4):
        for column in range(6):
            x, y = column * cell + cell * 0.1, row * cell + cell * 0.1
            side, draw = cell * 0.8, dice.choice([on_pink, on_teal, on_yellow, on_teal])
            kind = dice.randrange(6)
            if kind == 0:
                draw.ellipse((x, y, x + side, y + side), fill=255)
                draw.ellipse((x + side * 0.3, y + side * 0.2, x + side * 0.7, y + side * 0.8), fill=0)
            elif kind == 1:
                draw.polygon([(x, y + side), (x + side * 0.5, y), (x + side, y + side)], fill=255)
                draw.polygon(
                    [(x + side * 0.38, y + side), (x + side * 0.5, y + side * 0.55), (x + side * 0.62, y + side)],
                    fill=0,
                )
            elif kind == 2:
                draw.rectangle((x, y, x + side * 0.3, y + side), fill=255)
                draw.rectangle((x, y + side * 0.7, x + side, y + side), fill=255)
            elif kind == 3:
                for bar in (0, 0.36, 0.72):
                    draw.rectangle((x, y + side * bar, x + side, y + side * (bar + 0.24)), fill=255)
            elif kind == 4:
                draw.pieslice((x - side, y, x + side, y + side * 2), 270, 360, fill=255)
            else:
                draw.rectangle((x + side * 0.36, y, x + side * 0.64, y + side), fill=255)
                draw.rectangle((x, y, x + side, y + side * 0.28), fill=255)
    for mask, ink in ((yellow, YELLOW), (pink, PINK), (teal, TEAL)):
        sheet = inked(sheet, mask, ink, dice)
    ghost, _ = plate()
    ghost.paste(ImageChops.lighter(pink, yellow), (150, 95))
    return inked(sheet, halftone(ghost.point(lambda value: value * 0.22), 16), INK, dice)


def hills(dice: random.Random) -> Picture:
    """The south coast in three inks, which make seven."""
    sheet = Image.new("RGB", large(PRINT), PAPER)
    width, height = sheet.size
    sky = toned(
        glow(sheet.size, (width * 0.66, height * 0.40), width * 0.62), [(0, "#202020"), (1, "#e6e6e6")]
    ).convert("L")
    sheet = inked(sheet, halftone(sky), YELLOW, dice)
    disc, draw = plate()
    draw.ellipse((width * 0.56, height * 0.22, width * 0.76, height * 0.22 + width * 0.20), fill=255)
    sheet = inked(sheet, disc, PINK, dice)
    for share, ink, depth in ((0.52, TEAL, 0.35), (0.64, PINK, 0.55), (0.76, TEAL, 1.0)):
        mask, draw = plate()
        shift = dice.uniform(0, math.tau)
        ridge = [
            (x, height * (share + 0.07 * math.sin(x / width * 6 + shift) + 0.02 * math.sin(x / width * 17 + shift)))
            for x in range(0, width + 30, 30)
        ]
        draw.polygon([(0, height), *ridge, (width, height)], fill=255)
        sheet = inked(
            sheet,
            mask if depth == 1.0 else halftone(mask.point(lambda value, depth=depth: value * depth), 18),
            ink,
            dice,
        )
    return sheet


def drum(dice: random.Random) -> Picture:
    """The press itself, seen from above: drum, rollers, a stack of paper."""
    sheet = Image.new("RGB", large(PRINT), PAPER)
    width, height = sheet.size
    teal, draw = plate()
    draw.rounded_rectangle((width * 0.10, height * 0.16, width * 0.72, height * 0.86), 90, fill=255)
    draw.ellipse((width * 0.20, height * 0.26, width * 0.20 + height * 0.5, height * 0.76), fill=0)
    sheet = inked(sheet, teal, TEAL, dice)
    pink, draw = plate()
    x, y, reach = width * 0.20 + height * 0.25, height * 0.51, height * 0.235
    for ring in range(6):
        radius = reach * (1 - ring * 0.16)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255 if ring % 2 == 0 else 0)
    for page in range(7):
        top = height * (0.30 + page * 0.062)
        draw.polygon(
            [(width * 0.60, top), (width * 0.93, top - 60), (width * 0.95, top - 14), (width * 0.62, top + 46)],
            fill=255,
        )
    sheet = inked(sheet, pink, PINK, dice)
    yellow, draw = plate()
    draw.rectangle((width * 0.56, height * 0.08, width * 0.97, height * 0.60), fill=255)
    field = ImageChops.multiply(yellow, glow(sheet.size, (width * 0.8, height * 0.3), width * 0.5))
    return inked(sheet, halftone(field, 20), YELLOW, dice)


PRINTS: dict[str, Callable[[random.Random], Picture]] = {
    drawing.__name__: drawing for drawing in (still_life, letters, hills, drum)
}


def riso(name: str) -> Picture:
    """The print `name`, 1500 x 1100 pixels."""
    seed = sum(map(ord, name)) * SCALE
    return finished(PRINTS[name](random.Random(seed)), PRINT, seed=seed, grain=0.05)
