"""Pictures of curves: what is drawn is where it should be."""

import numpy as np

from jaxgan.evaluate.plot import COLORS, HEIGHT, LEFT, WIDTH, Line, Panel, picture


def places(image, color):
    """Return rows and columns of the pixels of a colour, smoothed edges included.

    The colours differ in hue: a pixel is of one if it is a mixture of it and of white.
    """
    white = 255.0 - np.asarray(image, float)
    ink = 255.0 - np.array(color)
    share = white @ ink / (ink @ ink)
    off = np.abs(white - share[..., None] * ink).sum(-1)
    return np.nonzero((share > 0.4) & (off < 30))


def test_a_rising_line_rises_and_stays_inside_its_axes():
    image = picture([Panel("rise", "x", "y", [Line("one", [(0, 0), (1, 5), (2, 10)])])])
    rows, columns = places(image, COLORS[0])
    assert image.size == (WIDTH, HEIGHT)
    assert columns.min() >= LEFT and rows.max() < HEIGHT - 20
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_a_missing_line_has_no_colour():
    image = picture([Panel("t", "x", "y", [Line("one", [(0, 1), (1, 1)])])])
    assert len(places(image, COLORS[0])[0]) > 100 and len(places(image, COLORS[1])[0]) == 0
    two = [Line("one", [(0, 1), (1, 1)]), Line("two", [(0, 2), (1, 0)])]
    assert len(places(picture([Panel("t", "x", "y", two)]), COLORS[1])[0]) > 100


def test_error_bars_reach_as_far_as_they_say():
    line = Line("one", [(0.0, 5.0), (1.0, 5.0)], [5.0, 5.0])
    rows, columns = places(picture([Panel("t", "x", "y", [line])]), COLORS[0])
    heights = [np.ptp(rows[columns == c]) for c in np.unique(columns)]
    assert max(heights) > 0.9 * (HEIGHT - 78) and np.median(heights) < 6
    assert 0 < sum(h > 100 for h in heights) <= 6  # at both ends alone


def test_panels_in_a_grid():
    panel = Panel("t", "x", "y", [Line("one", [(0, 1), (1, 2)])])
    assert picture([panel] * 3).size == (2 * WIDTH, 2 * HEIGHT)
    assert picture([panel], 2).size == (WIDTH, HEIGHT)
