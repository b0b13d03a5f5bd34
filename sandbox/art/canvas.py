"""What every picture is drawn with: colours, gradients, light, grain. Sizes in pixels, colours as "#rrggbb"."""

import math
import random
from collections.abc import Iterable, Sequence

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter


Size = tuple[int, int]
Stops = Sequence[tuple[float, str]]
POSTER: Size = (1200, 1500)
# Drawn twice as large and scaled down, because ImageDraw does not smooth edges.
SCALE = 2
# Pillow's radial gradient reaches 255 in the corners of its square; a light has to end at its sides.
CORNER = math.sqrt(2)


def large(size: Size = POSTER) -> Size:
    return size[0] * SCALE, size[1] * SCALE


def rgb(colour: str) -> tuple[int, int, int]:
    return ImageColor.getrgb(colour)[:3]


def ramp(stops: Stops, steps: int) -> list[tuple[int, int, int]]:
    """`steps` colours along `stops`, each a position from 0 to 1 and a colour."""
    colours, index = [], 0
    for step in range(steps):
        position = step / max(steps - 1, 1)
        while index < len(stops) - 2 and position > stops[index + 1][0]:
            index += 1
        (start, first), (end, last) = stops[index], stops[index + 1]
        share = min(max((position - start) / (end - start), 0), 1)
        colours.append(tuple(round(a + (b - a) * share) for a, b in zip(rgb(first), rgb(last), strict=True)))
    return colours


def vertical(size: Size, stops: Stops) -> Image.Image:
    """A gradient from top to bottom."""
    strip = Image.new("RGB", (1, size[1]))
    strip.putdata(ramp(stops, size[1]))
    return strip.resize(size)


def horizontal(size: Size, stops: Stops) -> Image.Image:
    strip = Image.new("RGB", (size[0], 1))
    strip.putdata(ramp(stops, size[0]))
    return strip.resize(size)


def toned(field: Image.Image, stops: Stops) -> Image.Image:
    """A grey picture in colours: black becomes the first stop, white the last."""
    colours = ramp(stops, 256)
    return Image.merge("RGB", [field.point([colour[band] for colour in colours]) for band in range(3)])


def glow(size: Size, centre: tuple[float, float], radius: float) -> Image.Image:
    """A soft white light on black, falling off to nothing at `radius`."""
    fall = [round(127.5 * (1 + math.cos(math.pi * min(value * CORNER / 255, 1)))) for value in range(256)]
    light = Image.radial_gradient("L").point(fall).resize((int(radius * 2),) * 2, Image.Resampling.BICUBIC)
    field = Image.new("L", size, 0)
    field.paste(light, (int(centre[0] - radius), int(centre[1] - radius)))
    return field


def polygon_mask(size: Size, points: Iterable[tuple[float, float]]) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).polygon(list(points), fill=255)
    return mask


def softened(image: Image.Image, radius: float) -> Image.Image:
    """Blurred, at an eighth of the size, because a wide blur needs no detail."""
    small = image.resize((max(image.width // 8, 1), max(image.height // 8, 1)), Image.Resampling.BOX)
    blurred = small.filter(ImageFilter.GaussianBlur(radius / 8))
    return blurred.resize(image.size, Image.Resampling.BICUBIC)


def grained(image: Image.Image, seed: int, strength: float = 0.10) -> Image.Image:
    """Paper: even noise laid over the picture, the same for the same seed."""
    tile = Image.frombytes("L", (512, 512), random.Random(seed).randbytes(512 * 512))
    noise = Image.new("L", image.size)
    for x in range(0, image.width, 512):
        for y in range(0, image.height, 512):
            noise.paste(tile, (x, y))
    return Image.blend(image, ImageChops.overlay(image, Image.merge("RGB", [noise] * 3)), strength)


def finished(image: Image.Image, size: Size = POSTER, *, seed: int, grain: float = 0.10) -> Image.Image:
    return grained(image.resize(size, Image.Resampling.LANCZOS), seed, grain)
