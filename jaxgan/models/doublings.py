"""How many times a network doubles its first map until it has an image's size."""

MOST = 8


def doublings(height: int, width: int) -> int:
    """Return how often both sides can be halved to 4 or more: 5 for 128 x 128, 2 for 28 x 28.

    Raises ValueError if that is less than once or more than MOST times.
    """
    n = 0
    while min(height, width) >> (n + 1) >= 4 and (height >> n) % 2 == (width >> n) % 2 == 0:
        n += 1
    if not 1 <= n <= MOST:
        raise ValueError(
            f"data.size = {height} x {width}: this network doubles a base map of at least 4 x 4 "
            f"one to eight times; write a multiple of a power of two, such as 32, 96 or 64 x 128"
        )
    return n
