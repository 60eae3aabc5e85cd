"""How many times the sides of an image halve, and so how often a network halves or doubles."""

LEAST, MOST = 4, 8  # of BigGAN's pyramid: the side of its first map, and its doublings


def halvings(height: int, width: int, least: int = 1) -> int:
    """Return how often both sides can be halved to `least` pixels or more."""
    n = 0
    while not (height | width) >> n & 1 and min(height, width) >> n + 1 >= least:
        n += 1
    return n


def refuse_widths(field: str, count: int, height: int, width: int) -> None:
    """Raise ValueError for a field of `count` widths whose maps would have half pixels."""
    most = halvings(height, width) + 1
    if count > most:
        raise ValueError(
            f"model.{field} has {count} widths: {height} x {width} halves {most - 1} times; write "
            f"{most} or less"
        )


def refuse_downsamples(downsamples: int, widths: int) -> None:
    """Raise ValueError for more blocks that halve the map than a discriminator has blocks."""
    if downsamples > widths - 1:
        raise ValueError(
            f"model.discriminator_downsamples = {downsamples}: there are {widths - 1} blocks; "
            "write that or less"
        )


def doublings(height: int, width: int) -> int:
    """Return how often both sides can be halved to 4 or more: 5 for 128 x 128, 2 for 28 x 28.

    Raises ValueError if that is less than once or more than MOST times.
    """
    n = halvings(height, width, LEAST)
    if not 1 <= n <= MOST:
        raise ValueError(
            f"data.size = {height} x {width}: this network doubles a base map of at least 4 x 4 "
            f"one to eight times; write a multiple of a power of two, such as 32, 96 or 64 x 128"
        )
    return n
