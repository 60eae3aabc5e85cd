"""Unit sprites of Wesnoth, from Debian's package: by kind, and in team colours.

Wesnoth's team colours (data/core/team-colors.cfg): these magentas become shades of a team's,
between its darkest, middle and lightest, by their mean beside that of the first.
"""

import hashlib
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data.prepare.prepare import prepare

GREEN = (96, 128, 96)
WESNOTH = Path("/usr/share/games/wesnoth/1.16/data/core/images/units")
MAGENTAS = "F49AC1,3F0016,55002A,690039,7B0045,8C0051,9E005D,B10069,C30074,D6007F,EC008C,EE3D96"
MAGENTAS += ",EF5BA1,F172AC,F287B6,F6ADCD,F8C1D9,FAD5E5,FDE9F1"
TEAMS = {"red": ("000000", "FF0000", "FFFFFF"), "blue": ("0F0F0F", "2E419B", "FFFFFF")}


def sprites() -> list[Path]:
    """Return the files of all sprites. Raises FileNotFoundError where there are none."""
    found = sorted(WESNOTH.glob("*/**/*.png"))
    if not found:
        raise FileNotFoundError(f"{WESNOTH}: no sprites: apt-get install wesnoth-1.16-data")
    return found


def wesnoth(target: Path, size: int, cache: Path) -> dict:
    """Make the Wesnoth data set: sprites centred on 72 x 72 of a dull green."""
    folder = cache / "wesnoth"
    shutil.rmtree(folder, ignore_errors=True)
    for file in sprites():
        place = file.relative_to(WESNOTH)
        if place.parts[0] == "transport":  # 4 images: too few for a class
            continue
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        centred(Image.open(file).convert("RGBA")).save(folder / place)
    return prepare(folder, target, size=size, background=GREEN)


def wesnoth_teams(target: Path, size: int, cache: Path) -> dict:
    """Make two domains, and pairs of units of neither, of sprites with 5 % of team colour."""
    folder = cache / "wesnoth_teams"
    shutil.rmtree(folder, ignore_errors=True)
    magentas = [bytes.fromhex(code) for code in MAGENTAS.split(",")]
    for file in sprites():
        sprite = np.asarray(Image.open(file).convert("RGBA"))
        is_magenta = [(sprite[..., :3] == list(m)).all(-1) & (sprite[..., 3] > 0) for m in magentas]
        if np.any(is_magenta, 0).sum() < 0.05 * (sprite[..., 3] > 0).sum():
            continue
        place = file.relative_to(WESNOTH)
        unit = str(place.with_name(place.stem.split("-")[0].split("+")[0]))
        number = int(hashlib.sha256(unit.encode()).hexdigest(), 16) % 10
        for team in TEAMS:
            part = "pairs" if number == 0 else "red" if number % 2 else "blue"
            if part not in ("pairs", team):
                continue
            image = sprite.copy()
            for magenta, shade in zip(is_magenta, shades(team, magentas), strict=True):
                image[magenta, :3] = shade
            name = folder / part / (team if part == "pairs" else "") / "-".join(place.parts)
            name.parent.mkdir(parents=True, exist_ok=True)
            page = Image.new("RGBA", (72, 72), GREEN)
            page.alpha_composite(centred(Image.fromarray(image)))
            page.convert("RGB").save(name)
    pairs = target.with_name(f"{target.name}_pairs")
    prepare(folder / "pairs/red", pairs, size=size, pairs=str(folder / "pairs/blue"))
    return prepare(folder / "red", target, size=size, domains=str(folder / "blue"))


def shades(team: str, magentas: list[bytes]) -> list[list[int]]:
    """Return what each magenta becomes."""
    dark, middle, light = (np.array(list(bytes.fromhex(code)), float) for code in TEAMS[team])
    means = [sum(m) // 3 for m in magentas]
    found = []
    for mean in means:
        end, full = (dark, means[0]) if mean <= means[0] else (light, 255 - means[0])
        share = (mean if mean <= means[0] else 255 - mean) / full
        found.append((share * middle + (1 - share) * end).astype(int).tolist())
    return found


def centred(sprite: Image.Image) -> Image.Image:
    """Return a sprite in the middle of 72 x 72 transparent pixels."""
    sprite.thumbnail((72, 72))
    square = Image.new("RGBA", (72, 72))
    square.alpha_composite(sprite, ((72 - sprite.width) // 2, (72 - sprite.height) // 2))
    return square
