"""Meshes and voxels: files of three formats, closed surfaces, volumes against formulas."""

import struct

import numpy as np
import pytest

from jaxgan.data.prepare.volumes import volume_of
from jaxgan.media.meshes import STL, obj_text, open_edges, read_mesh
from jaxgan.media.voxels import FACES, filled, fitted, outside_faces

CUBE = np.array(list(FACES.values()), float)  # squares [6, 4, 3]


def triangles_of(squares):
    return np.concatenate([squares[:, [0, 1, 2]], squares[:, [0, 2, 3]]])


def sphere(n=40, radii=(1.0, 1.0, 1.0)):
    """Return a closed ellipsoid of latitudes and longitudes, [m, 3, 3]."""
    latitude, longitude = np.linspace(0, np.pi, n + 1), np.arange(2 * n) * np.pi / n
    sine = np.sin(latitude)
    sine[[0, -1]] = 0.0
    points = np.stack(
        [
            sine[:, None] * np.cos(longitude),
            sine[:, None] * np.sin(longitude),
            np.repeat(np.cos(latitude)[:, None], 2 * n, 1),
        ],
        -1,
    ) * np.array(radii)
    a, b = points[:-1], points[1:]
    a2, b2 = np.roll(a, -1, 1), np.roll(b, -1, 1)
    corners = np.concatenate([np.stack([a, b, b2], 2), np.stack([a, b2, a2], 2)])
    corners = corners.reshape(-1, 3, 3)
    return corners[
        np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        > 0
    ]


def signed_volume(triangles):
    """Return the volume inside of an outward surface: the divergence theorem."""
    return (
        np.einsum("ni,ni->n", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])).sum() / 6
    )


def as_text_stl(triangles):
    corners = "\n".join(
        "facet normal 0 0 0\nouter loop\n"
        + "\n".join(f"vertex {x!r} {y!r} {z!r}" for x, y, z in t.tolist())
        + "\nendloop\nendfacet"
        for t in triangles
    )
    return f"solid a\n{corners}\nendsolid a\n".encode()


def as_stl(triangles):
    body = np.zeros(len(triangles), STL)
    body["corners"] = triangles
    return b"solid but binary".ljust(80) + struct.pack("<I", len(triangles)) + body.tobytes()


def as_off(squares, head="OFF\n"):
    places = squares.reshape(-1, 3)
    lines = [f"{len(places)} {len(squares)} 0"]
    lines += [f"{x} {y} {z}" for x, y, z in places.tolist()]
    # A colour behind the corners.
    lines += [f"4 {4 * i} {4 * i + 1} {4 * i + 2} {4 * i + 3} 9 9 9" for i in range(len(squares))]
    return (head + "\n".join(lines)).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.obj", obj_text(CUBE).encode()),
        ("b.obj", b"# cube\n" + obj_text(CUBE).replace("f ", "vn 0 0 1\nf ").encode()),
        ("c.stl", as_stl(triangles_of(CUBE))),
        ("d.STL", as_text_stl(triangles_of(CUBE))),
        ("e.off", as_off(CUBE)),
        ("f.off", as_off(CUBE, head="OFF")),  # "OFF24 6 0", as ModelNet has them
    ],
)
def test_formats_agree(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    found = read_mesh(path)
    assert found.shape == (12, 3, 3) and open_edges(found) == 0
    assert signed_volume(found) == pytest.approx(1.0)
    assert filled(fitted(found, 5), 5).all()


def test_faces_may_count_from_the_end_and_name_textures(tmp_path):
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3/1/2 -2//1 3\n")
    np.testing.assert_array_equal(
        read_mesh(tmp_path / "a.obj"), [[[0, 0, 0], [1, 0, 0], [0, 1, 0]]]
    )


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.obj", b"v 0 0 0\n", "no faces"),
        ("a.obj", b"v 0 0\nf 1 1 1\n", "a vertex without three"),
        ("a.obj", b"v 0 0 0\nf 1 2 3\n", "beyond the 1 that there are"),
        ("a.obj", b"v 0 0 nan\nf 1 1 1\n", "not finite"),
        ("a.obj", b"\xff\xfe\x00v", "damaged"),
        ("a.off", b"3 1 0\n", "not an OFF file"),
        ("a.off", b"OFF\n1000000000 1 0\n0 0 0\n", "it promises 1000000000 vertices"),
        ("a.off", b"OFF\n1 1 0\n0 0 0\n3 0 0 9\n", "beyond"),
        ("a.stl", b"solid\nvertex 0 0 0\nvertex 0 0 1\n", "2 corners of triangles"),
        ("a.obj", obj_text(CUBE[1:]).encode(), "not closed: 4 of its edges"),
        ("a.obj", b"v 1 1 1\nf 1 1 1\n", "at the same place"),
        ("a.obj", obj_text(CUBE * [1, 1, 0.01]).encode(), "no voxel is full"),
    ],
)
def test_bad_meshes_are_named(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(data)
    found = volume_of(tmp_path / name, 8)
    assert isinstance(found, Exception) and reason in str(found)


@pytest.mark.parametrize("size", [16, 31])
def test_a_sphere_fills_its_volume(size):
    """Voxels whose centre is inside: those nearer to the middle than the radius."""
    full = filled(fitted(sphere(60), size), size)
    centres = np.indices((size,) * 3) + 0.5 - size / 2
    distance = np.sqrt((centres**2).sum(0)) / (size / 2)
    assert full[distance < 0.99].all() and not full[distance > 1.0].any()
    assert full.mean() == pytest.approx(np.pi / 6, rel=0.04)


def test_a_triangle_without_an_area_changes_nothing():
    solid = fitted(triangles_of(CUBE), 6)
    point, line = solid[:1, :1].repeat(3, 1), solid[:1, [0, 1, 1]]
    np.testing.assert_array_equal(filled(np.concatenate([solid, point, line]), 6), filled(solid, 6))
    assert filled(solid, 6).all()


def test_axes_are_not_mixed_up_and_holes_stay_empty():
    shell = np.concatenate([sphere(), sphere(radii=(0.5, 0.5, 0.5))])
    full = filled(fitted(shell, 24), 24)
    assert not full[12, 12, 12] and full[12, 12, 3]
    assert full.mean() == pytest.approx(np.pi / 6 * (1 - 1 / 8), rel=0.05)
    flat = filled(fitted(sphere(radii=(1.0, 0.5, 0.25)), 24), 24)
    sides = [np.ptp(np.nonzero(flat)[i]) + 1 for i in range(3)]
    assert sides == [24, 12, 6]
    middle = [np.nonzero(flat)[i].mean() for i in range(3)]
    np.testing.assert_allclose(middle, 11.5, atol=1e-9)


def test_voxels_become_a_closed_outward_surface_and_come_back(tmp_path):
    """The surface has the voxels' volume, each face once, and fills to the same voxels."""
    full = np.random.default_rng(0).random((6, 6, 6)) < 0.4
    full[0, 0, 0] = full[5, 5, 5] = True
    squares = outside_faces(full)
    padded = np.pad(full, 1)
    changes = sum(np.count_nonzero(np.diff(padded.astype(int), axis=i)) for i in range(3))
    assert len(squares) == changes
    triangles = triangles_of(squares.astype(float))
    assert open_edges(triangles) == 0
    assert signed_volume(triangles) == pytest.approx(full.sum())
    (tmp_path / "a.obj").write_text(obj_text(squares))
    np.testing.assert_array_equal(volume_of(tmp_path / "a.obj", 6)[..., 0] > 0, full)
