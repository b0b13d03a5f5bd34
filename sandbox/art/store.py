"""Drawings as files: each drawn once into a folder and found there afterwards."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from sandbox.art import icons
from sandbox.art.posters import POSTERS, poster
from sandbox.art.prints import PRINTS, riso


# Flat colours stay sharp in PNG; everything else is smaller as JPEG.
DRAWINGS: dict[str, Callable[[], Image.Image]] = {
    **{f"poster-{name}.jpg": partial(poster, name) for name in POSTERS},
    **{f"print-{name}.jpg": partial(riso, name) for name in PRINTS},
    "icon-halle.png": icons.halle,
    "icon-atelier.png": icons.atelier,
}


def drawn(name: str, folder: Path) -> Path:
    """The file of one drawing; several processes may ask at once and each sees whole files only."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{os.getpid()}-{name}"
        DRAWINGS[name]().save(unfinished, quality=90)
        unfinished.replace(path)
    return path
