"""One poster per concert of Halle Nord. `poster(name)` draws it; the names are the keys of POSTERS."""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw

from sandbox.art.canvas import (
    finished,
    glow,
    horizontal,
    large,
    polygon_mask,
    ramp,
    rgb,
    softened,
    toned,
    vertical,
)


Picture = Image.Image


def glass_harbour(dice: random.Random) -> Picture:
    """Panes of glass standing in the water, each a little clearer where two meet."""
    size = width, height = large()
    sheet = vertical(size, [(0, "#f4efe2"), (0.55, "#bfe0dc"), (0.62, "#3f8f9b"), (1, "#0b2a3c")])
    for index in range(11):
        left = width * (0.06 + 0.08 * index) + dice.uniform(-30, 30)
        span, lean = width * dice.uniform(0.10, 0.20), width * dice.uniform(-0.05, 0.05)
        top, foot = height * dice.uniform(0.10, 0.42), height * dice.uniform(0.70, 0.94)
        mask = polygon_mask(
            size, [(left + lean, top), (left + span + lean, top * 1.06), (left + span, foot), (left, foot * 0.97)]
        )
        tint = vertical(
            size, [(0, "#ffffff"), (0.35, dice.choice(["#7fd0cf", "#ff8d6b", "#9ad7e6", "#f6c667"])), (1, "#3f94a6")]
        )
        sheet = Image.composite(Image.blend(sheet, ImageChops.multiply(sheet, tint), 0.78), sheet, mask)
    sun = glow(size, (width * 0.70, height * 0.24), width * 0.20).point(lambda value: 255 if value > 120 else 0)
    return Image.composite(
        ImageChops.screen(sheet, Image.new("RGB", size, "#ff5a36")), sheet, sun.point(lambda v: v * 0.9)
    )


def kadenz(dice: random.Random) -> Picture:
    """Two sets of rings a hand's breadth apart: the beat is in the interference."""
    size = width, height = large()
    first, second = Image.new("1", size, 0), Image.new("1", size, 0)
    for sheet, centre in ((first, (0.42, 0.42)), (second, (0.60, 0.60))):
        draw = ImageDraw.Draw(sheet)
        middle_x, middle_y = width * centre[0], height * centre[1]
        for radius in range(30, int(height * 0.95), 62):
            box = (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius)
            draw.ellipse(box, outline=1, width=31)
    crossed = ImageChops.logical_xor(first, second).convert("L")
    return Image.composite(
        vertical(size, [(0, "#ff3d2e"), (0.5, "#ff2e63"), (1, "#7a1cff")]), Image.new("RGB", size, "#0b0b12"), crossed
    )


def lamps(dice: random.Random) -> Picture:
    """A night of small lamps, larger where the gong has just been struck."""
    size = width, height = large()
    sheet = vertical(size, [(0, "#1b0b2e"), (0.6, "#43103f"), (1, "#7a1f3d")])
    light, draw_on = Image.new("L", size, 0), None
    draw_on = ImageDraw.Draw(light)
    step = 96
    for row in range(-1, height // step + 2):
        for column in range(-1, width // step + 2):
            x, y = column * step + (row % 2) * step / 2, row * step
            away = math.hypot(x - width * 0.5, y - height * 0.56) / width
            wave = 0.5 + 0.5 * math.cos(away * 26)
            radius = step * (0.06 + 0.40 * wave * max(0.12, 1 - away * 0.95)) * dice.uniform(0.92, 1.08)
            draw_on.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    warm = toned(
        glow(size, (width * 0.5, height * 0.56), width * 0.95), [(0, "#e0563f"), (0.5, "#ff9d3c"), (1, "#fff3c4")]
    )
    halo = ImageChops.screen(sheet, ImageChops.multiply(warm, Image.merge("RGB", [softened(light, 90)] * 3)))
    return Image.composite(warm, halo, light)


def arches(dice: random.Random) -> Picture:
    """Vault behind vault, each a little paler, as the echo is."""
    size = width, height = large()
    sheet = Image.new("RGB", size, "#101a4a")
    tones = ["#17257a", "#2038b4", "#3556e0", "#5d83f2", "#8fb0f7", "#bcd2fa", "#e4ecfb", "#fff7e6"]
    for index, tone in enumerate(tones):
        share = 1 - index / (len(tones) + 0.4)
        half, crown = width * 0.47 * share, height * (0.93 - 0.86 * share)
        middle = width * (0.5 + 0.012 * index)
        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        draw.pieslice((middle - half, crown, middle + half, crown + 2 * half), 180, 360, fill=255)
        draw.rectangle((middle - half, crown + half - 1, middle + half, height), fill=255)
        shade = horizontal(size, [(0, "#ffffff"), (0.5, "#d9dcf2"), (1, "#9aa4d6")])
        sheet = Image.composite(ImageChops.multiply(Image.new("RGB", size, tone), shade), sheet, mask)
    figure = ImageDraw.Draw(sheet)
    x, foot = width * 0.588, height * 0.985
    figure.ellipse((x - 26, foot - 250, x + 26, foot - 198), fill="#ff5a36")
    figure.polygon([(x - 44, foot), (x - 26, foot - 186), (x + 26, foot - 186), (x + 44, foot)], fill="#ff5a36")
    return sheet


def sunrise(dice: random.Random) -> Picture:
    """A striped sun over hills, as loud as the horns."""
    size = width, height = large()
    sheet = vertical(size, [(0, "#ffcf3f"), (0.45, "#ff9a3d"), (0.72, "#ff5d5d"), (1, "#d43a7a")])
    draw = ImageDraw.Draw(sheet)
    x, y, radius = width * 0.5, height * 0.47, width * 0.37
    for ray in range(28):
        angle = math.tau * ray / 28
        left, right = angle - 0.055, angle + 0.055
        reach = height
        draw.polygon(
            [
                (x, y),
                (x + reach * math.cos(left), y + reach * math.sin(left)),
                (x + reach * math.cos(right), y + reach * math.sin(right)),
            ],
            fill="#ffb52e",
        )
    disc = Image.new("L", size, 0)
    on_disc = ImageDraw.Draw(disc)
    on_disc.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    for stripe in range(9):
        top = y + radius * (0.06 + stripe * 0.108)
        on_disc.rectangle((0, top, width, top + radius * 0.012 * (stripe + 1)), fill=0)
    sheet.paste(vertical(size, [(0, "#fff2d0"), (0.3, "#fff2d0"), (0.6, "#ff3f6c"), (1, "#b0126b")]), mask=disc)
    for share, tone, shift in ((0.70, "#1f7a5c", 0.3), (0.79, "#125c4b", 2.1), (0.89, "#0b3d3a", 4.0)):
        ridge = [
            (
                column,
                height
                * (
                    share + 0.035 * math.sin(column / width * 5 + shift) + 0.012 * math.sin(column / width * 13 + shift)
                ),
            )
            for column in range(0, width + 40, 40)
        ]
        ImageDraw.Draw(sheet).polygon([(0, height), *ridge, (width, height)], fill=tone)
    return sheet


def ferry(dice: random.Random) -> Picture:
    """Waves under a cold moon, and one lit window."""
    size = width, height = large()
    sheet = vertical(size, [(0, "#0a1430"), (0.4, "#1d3a6b"), (0.62, "#7fa6c9"), (1, "#7fa6c9")])
    moon = glow(size, (width * 0.28, height * 0.24), width * 0.55)
    sheet = ImageChops.screen(sheet, toned(moon, [(0, "#000000"), (0.6, "#14284a"), (1, "#6f8fb0")]))
    draw = ImageDraw.Draw(sheet)
    draw.ellipse((width * 0.16, height * 0.145, width * 0.40, height * 0.145 + width * 0.24), fill="#f6f1dc")
    boat = height * 0.545
    draw.polygon(
        [(width * 0.55, boat), (width * 0.90, boat), (width * 0.86, boat + 150), (width * 0.60, boat + 150)],
        fill="#0a1226",
    )
    draw.rectangle((width * 0.64, boat - 110, width * 0.83, boat), fill="#101c38")
    draw.rectangle((width * 0.76, boat - 230, width * 0.80, boat - 110), fill="#ff5a36")
    for window in range(5):
        left = width * (0.66 + window * 0.033)
        draw.rectangle((left, boat - 78, left + 42, boat - 36), fill="#ffd56b" if window != 3 else "#2a3c63")
    for index in range(15):
        base, shade = height * (0.585 + index * 0.031), index / 14
        tone = tuple(round(a + (b - a) * shade) for a, b in zip(rgb("#3f76a6"), rgb("#07122b"), strict=True))
        swell, shift = 14 + index * 3.2, dice.uniform(0, math.tau)
        crest = [
            (x, base + swell * math.sin(x / width * math.tau * (5.5 - index * 0.22) + shift))
            for x in range(0, width + 20, 20)
        ]
        draw.polygon([(0, height), *crest, (width, height)], fill=tone)
        draw.line(crest, fill=tuple(min(255, band + 46) for band in tone), width=5)
    return sheet


def organ(dice: random.Random) -> Picture:
    """Pipes of poured concrete; one of them is playing."""
    size = width, height = large()
    sheet = vertical(size, [(0, "#d9d6cf"), (1, "#a9a59c")])
    pipes, playing = 13, 8
    span = width / (pipes + 1.2)
    for pipe in range(pipes):
        rise = abs(pipe - (pipes - 1) / 2) / ((pipes - 1) / 2)
        top = height * (0.10 + 0.34 * (1 - rise) ** 1.25) if pipe % 2 else height * (0.16 + 0.34 * (1 - rise) ** 1.25)
        left = int(span * (0.6 + pipe))
        box = (int(span * 0.90), int(height - top))
        tones = (
            ("#5b1206", "#ff4a22", "#ffb08f", "#c92c0a")
            if pipe == playing
            else ("#2b2b2d", "#8d8b86", "#eceae4", "#4b4a4a")
        )
        body = horizontal(box, [(0, tones[0]), (0.32, tones[1]), (0.46, tones[2]), (0.62, tones[1]), (1, tones[3])])
        shape = Image.new("L", box, 0)
        draw = ImageDraw.Draw(shape)
        draw.rectangle((0, 0, box[0], height * 0.80 - top), fill=255)
        draw.polygon(
            [(0, height * 0.80 - top), (box[0], height * 0.80 - top), (box[0] * 0.64, box[1]), (box[0] * 0.36, box[1])],
            fill=255,
        )
        sheet.paste(body, (left, int(top)), shape)
        mouth, draw = height * 0.72, ImageDraw.Draw(sheet)
        draw.polygon(
            [(left + box[0] * 0.18, mouth + 90), (left + box[0] * 0.82, mouth + 90), (left + box[0] * 0.5, mouth - 40)],
            fill="#161617",
        )
    floor = ImageDraw.Draw(sheet)
    floor.rectangle((0, height * 0.955, width, height), fill="#1a1a1c")
    return sheet


def wing(angle: float) -> float:
    """Temple Fay's butterfly curve: the distance from the body at `angle`."""
    return math.exp(math.sin(angle)) - 2 * math.cos(4 * angle) + math.sin((2 * angle - math.pi) / 24) ** 5


def moths(dice: random.Random) -> Picture:
    """One moth over another, drawn by its own light."""
    size = width, height = large()
    field = Image.new("L", size, 0)
    for index in range(34):
        share, turn = 1.12 - index / 34, 0.02 * index
        points = []
        for step in range(721):
            angle = math.tau * step / 720
            reach = wing(angle) * share * width * 0.17
            points.append(
                (
                    width * 0.5 + reach * math.cos(angle - turn * math.cos(angle)),
                    height * 0.56 - reach * math.sin(angle + turn * 0.3),
                )
            )
        mask = polygon_mask(size, points).point(lambda value, tone=13 if index % 3 else 11: value and tone)
        field = ImageChops.add(field, mask) if index % 3 else ImageChops.subtract(field, mask)
    lit = ImageChops.add(
        softened(field, 30), glow(size, (width * 0.5, height * 0.5), width * 0.8).point(lambda v: v * 0.22)
    )
    fine = ImageChops.add(lit, field.point(lambda value: value * 0.35))
    stops = [(0, "#0f0518"), (0.16, "#3a1160"), (0.36, "#a92a97"), (0.56, "#ff6f9f"), (0.78, "#ffc49c"), (1, "#fff6e5")]
    return toned(fine, stops)


def brass(dice: random.Random) -> Picture:
    """Quarter circles on a grid: bells, valves and mouthpieces."""
    size = width, height = large()
    sheet = Image.new("RGB", size, "#f3ead7")
    draw, cell = ImageDraw.Draw(sheet), width // 8
    inks = ["#f2b31b", "#e4352b", "#1f4fd8", "#12324a", "#f2b31b", "#f7cfc4"]
    for column in range(8):
        for row in range(10):
            x, y = column * cell, row * cell
            ground, ink, other = dice.sample(inks + ["#f3ead7"], 3)
            draw.rectangle((x, y, x + cell, y + cell), fill=ground)
            corner = dice.choice([(0, 0), (1, 0), (0, 1), (1, 1)])
            kind = dice.random()
            if kind < 0.62:
                for share, tone in ((1, ink), (0.62, other), (0.3, ground)) if kind < 0.3 else ((1, ink),):
                    reach = cell * share
                    box = (
                        x + corner[0] * cell - reach,
                        y + corner[1] * cell - reach,
                        x + corner[0] * cell + reach,
                        y + corner[1] * cell + reach,
                    )
                    start = {(0, 0): 0, (1, 0): 90, (1, 1): 180, (0, 1): 270}[corner]
                    draw.pieslice(box, start, start + 90, fill=tone)
            elif kind < 0.82:
                draw.ellipse((x + cell * 0.14, y + cell * 0.14, x + cell * 0.86, y + cell * 0.86), fill=ink)
                draw.ellipse((x + cell * 0.34, y + cell * 0.34, x + cell * 0.66, y + cell * 0.66), fill=other)
            else:
                for bar in range(3):
                    draw.rectangle(
                        (x + cell * (0.08 + bar * 0.32), y, x + cell * (0.24 + bar * 0.32), y + cell), fill=ink
                    )
    return sheet


def gardens(dice: random.Random) -> Picture:
    """Contour lines of a garden that is only sound."""
    size = width, height = large()
    sheet = Image.new("RGB", size, "#052420")
    draw = ImageDraw.Draw(sheet)
    waves = [(count, dice.uniform(0, math.tau), dice.uniform(0.05, 0.16) / count**0.4) for count in (2, 3, 4, 5, 7)]
    tones = ramp([(0, "#073029"), (0.35, "#0f6a4d"), (0.65, "#7dbb62"), (0.86, "#f0e58f"), (1, "#ff8a4c")], 30)
    for ring, tone in enumerate(tones):
        share = (1 - ring / 30) ** 1.15
        middle_x = width * (0.60 - 0.16 * share)
        middle_y = height * (0.36 + 0.10 * share)
        points = []
        for step in range(540):
            angle = math.tau * step / 540
            swell = sum(size_of * math.sin(count * angle + shift + share * 2.4) for count, shift, size_of in waves)
            reach = height * 0.78 * share * (1 + swell)
            points.append((middle_x + reach * 0.86 * math.cos(angle), middle_y + reach * math.sin(angle)))
        draw.polygon(points, fill=tone)
        draw.line([*points, points[0]], fill=tuple(min(255, band + 38) for band in tone), width=6, joint="curve")
    return sheet


POSTERS: dict[str, Callable[[random.Random], Picture]] = {
    drawing.__name__: drawing
    for drawing in (glass_harbour, kadenz, lamps, arches, sunrise, ferry, organ, moths, brass, gardens)
}


def poster(name: str) -> Picture:
    """The poster `name`, 1200 x 1500 pixels."""
    seed = sum(map(ord, name))
    return finished(POSTERS[name](random.Random(seed)), seed=seed)
