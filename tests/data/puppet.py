"""A puppet that dances, of which everything is known: key points, stick figures and true frames.

    python -m tests.data.puppet FOLDER --films=24 --frames=32

writes FOLDER/films/NUMBER.png, animated, whose left half shows the pose and whose right half the
puppet, for `jaxgan prepare FOLDER/films TARGET --frames=2`; and FOLDER/poses/NUMBER.png, the stick
figures of a dance that no film shows, with the puppet's frames in FOLDER/true. Every angle, and the
place on the stage, is a sum of sines of a drawn phase and speed. Another puppet (SOURCE) has other
limbs, and stands elsewhere.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from jaxgan.media.skeletons import Layout, figures

SIZE = (32, 32)
FINER = 4
ANGLES = ("lean", "nod", "arm_r", "fore_r", "arm_l", "fore_l", "leg_r", "shin_r", "leg_l", "shin_l")
MIDDLE = {"arm_r": 0.8, "arm_l": 0.8, "fore_r": 0.5, "fore_l": 0.5}
MIDDLE |= {"leg_r": 0.35, "leg_l": 0.35, "shin_r": -0.15, "shin_l": -0.15}
SWING = {"lean": 0.15, "nod": 0.2, "arm_r": 0.9, "arm_l": 0.9, "fore_r": 0.8, "fore_l": 0.8}
SWING |= {"leg_r": 0.4, "leg_l": 0.4, "shin_r": 0.2, "shin_l": 0.2}
JOINTS = ("head", "neck", "hip", "elbow_r", "hand_r", "elbow_l", "hand_l")
JOINTS += ("knee_r", "ankle_r", "knee_l", "ankle_l")
LIMBS = (("head", "neck"), ("neck", "hip"))
LIMBS += (("neck", "elbow_r"), ("elbow_r", "hand_r"), ("hip", "knee_r"), ("knee_r", "ankle_r"))
LIMBS += (("neck", "elbow_l"), ("elbow_l", "hand_l"), ("hip", "knee_l"), ("knee_l", "ankle_l"))
LAYOUT = Layout(JOINTS, LIMBS, "head", ("ankle_r", "ankle_l"))
SHOES = (230, 40, 60)
LOOKS = {"head": (240, 200, 170), "neck": (70, 120, 220), "hip": (50, 60, 90)}


class Body(NamedTuple):
    """Lengths of a puppet, in shares of its height, and its stage: pixels of SIZE.

    far, near: y of the floor. far_scale, near_scale: height there. x: of the middle.
    """

    head: float
    torso: float
    arm: float
    leg: float
    far: float
    near: float
    far_scale: float
    near_scale: float
    x: float


TARGET = Body(0.2, 0.34, 0.2, 0.23, 25.0, 29.5, 20.0, 24.0, 16.0)
SOURCE = Body(0.16, 0.28, 0.22, 0.28, 20.0, 24.0, 15.0, 18.0, 19.0)


def dance(seed: int, frames: int) -> dict[str, np.ndarray]:
    """Return the angles of a dance in radians, and its place: `x` in [-1, 1], `depth` in [0, 1]."""
    rng, t = np.random.default_rng((7, seed)), np.arange(frames)

    def wave() -> np.ndarray:
        speeds, phases = rng.uniform(0.08, 0.45, 2), rng.uniform(0, 2 * np.pi, 2)
        return (np.sin(np.outer(t, speeds) + phases) * [0.6, 0.4]).sum(1)

    found = {name: MIDDLE.get(name, 0.0) + SWING[name] * wave() for name in ANGLES}
    return found | {"x": wave(), "depth": 0.5 + 0.5 * wave()}


def key_points(moves: dict[str, np.ndarray], body: Body) -> np.ndarray:
    """Return the key points of a dance, [frames, joints, 3]; the lower ankle is on the floor."""
    down = lambda angle: np.stack([np.sin(angle), np.cos(angle)], -1)
    at = {"hip": np.zeros((len(moves["x"]), 2))}
    at["neck"] = at["hip"] - body.torso * down(moves["lean"])
    at["head"] = at["neck"] - body.head * down(moves["lean"] + moves["nod"])
    for side, sign in (("r", -1), ("l", 1)):
        arm, leg = moves[f"arm_{side}"], moves[f"leg_{side}"]
        at[f"elbow_{side}"] = at["neck"] + body.arm * down(sign * arm)
        bent = sign * (arm + moves[f"fore_{side}"])
        at[f"hand_{side}"] = at[f"elbow_{side}"] + body.arm * down(bent)
        at[f"knee_{side}"] = at["hip"] + body.leg * down(sign * leg)
        bent = sign * (leg + moves[f"shin_{side}"])
        at[f"ankle_{side}"] = at[f"knee_{side}"] + body.leg * down(bent)
    points = np.stack([at[name] for name in JOINTS], 1)
    depth = moves["depth"]
    scale = body.far_scale + depth * (body.near_scale - body.far_scale)
    floor = body.far + depth * (body.near - body.far)
    points *= scale[:, None, None]
    lowest = points[:, [JOINTS.index(name) for name in LAYOUT.ankles], 1].max(1)
    points[..., 1] += (floor - lowest)[:, None]
    points[..., 0] += (body.x + 0.18 * scale * moves["x"])[:, None]
    return np.concatenate([points, np.ones((*points.shape[:2], 1))], -1)


def poses(points: np.ndarray) -> np.ndarray:
    """Return the stick figures of key points, [frames, *SIZE, 3] uint8."""
    return figures(points, LAYOUT, SIZE, width=1.0)


def frames_of(points: np.ndarray) -> np.ndarray:
    """Return the puppet at key points, before its stage: [frames, *SIZE, 3] uint8."""
    return np.stack([_frame(frame) for frame in points])


def _frame(points: np.ndarray) -> np.ndarray:
    height, width = (FINER * side for side in SIZE)
    page = Image.new("RGB", (width, height), (196, 206, 190))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, FINER * 20, width, height), (150, 120, 90))
    for x in range(0, width, FINER * 8):
        draw.line((x, FINER * 20, x, height), (120, 92, 70), FINER // 2)
    at = {name: FINER * points[i, :2] for i, name in enumerate(JOINTS)}
    tall = np.ptp([place[1] for place in at.values()])

    def limb(a: str, b: str, colour: tuple[int, int, int], share: float) -> None:
        thick = max(round(share * tall), 1)
        draw.line([tuple(at[a]), tuple(at[b])], colour, thick)
        for name in (a, b):
            ball(name, colour, share / 2)

    def ball(name: str, colour: tuple[int, int, int], share: float) -> None:
        (x, y), r = at[name], share * tall
        draw.ellipse((x - r, y - r, x + r, y + r), colour)

    for side in "lr":
        limb("hip", f"knee_{side}", LOOKS["hip"], 0.1)
        limb(f"knee_{side}", f"ankle_{side}", LOOKS["hip"], 0.08)
        ball(f"ankle_{side}", SHOES, 0.07)
        limb("neck", f"elbow_{side}", LOOKS["neck"], 0.08)
        limb(f"elbow_{side}", f"hand_{side}", LOOKS["head"], 0.07)
    limb("neck", "hip", LOOKS["neck"], 0.18)
    ball("head", LOOKS["head"], 0.11)
    return np.asarray(page.resize(SIZE[::-1], Image.Resampling.BOX))


def write(folder: Path, films: int, frames: int) -> None:
    """Write films of the target's dances, and the poses and frames of another."""
    for name in ("films", "poses", "true"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for seed in range(films):
        points = key_points(dance(seed, frames), TARGET)
        joined = np.concatenate([poses(points), frames_of(points)], 2)
        first, *rest = map(Image.fromarray, joined)
        path = folder / "films" / f"{seed:03d}.png"
        first.save(path, save_all=True, append_images=rest, duration=100, loop=0)
    points = key_points(dance(films, frames), TARGET)
    for name, drawn in (("poses", poses(points)), ("true", frames_of(points))):
        for number, frame in enumerate(drawn):
            Image.fromarray(frame).save(folder / name / f"{number:03d}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=24)
    parser.add_argument("--frames", type=int, default=32)
    flags = parser.parse_args()
    write(flags.folder, flags.films, flags.frames)


if __name__ == "__main__":
    main()
