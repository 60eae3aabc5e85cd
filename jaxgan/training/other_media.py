"""What a data set holds, against what a config reads: refused before training, in one line."""

from ml_collections import ConfigDict

from jaxgan.data.records import Records

OF_IMAGES = ("images", "pairs", "domains")
SAYS = {"waves": "--window={0}", "volumes": "--voxels={0}", "clips": "--frames={0}"}


def refuse_other_medium(config: ConfigDict, records: Records) -> None:
    """Raise ValueError where the data set holds another medium, or samples of another size.

    Images are brought to data.size as they are read; samples of other media are not.
    """
    held = (records.manifest() or {}).get("medium", "images" if len(records.shape) == 3 else "")
    wanted, directory = config.data.medium, records.directory
    if "." in wanted or not held:  # somebody's own medium, or records of which nothing is known
        return
    has_own = wanted in (*OF_IMAGES, *SAYS)  # others are views of one of these
    if held not in OF_IMAGES and has_own and wanted != held:
        raise ValueError(
            f"data.medium = {wanted!r}, but {directory} holds {held}: write {held!r}, with a model "
            "that makes them"
        )
    if held in OF_IMAGES and wanted in SAYS:
        flag = SAYS[wanted].format(config.data.size[0])
        raise ValueError(
            f"data.medium = {wanted!r}, but {directory} holds images: make {wanted} with `jaxgan "
            f"prepare FOLDER TARGET {flag}`"
        )
    size = tuple(records.shape[:-1])
    if held not in OF_IMAGES and config.data.size != size:
        flag = SAYS[held].format(config.data.size[0])
        raise ValueError(
            f"data.size = {config.data.size}, but the {held} of {directory} have {size}: write "
            f"that, or prepare them with {flag}"
        )


def rate(config: ConfigDict, records: Records) -> int | None:
    """Return how many samples a second the waves of a data set have, as it or the config says."""
    found, asked = (records.manifest() or {}).get("rate"), config.data.rate
    if found and asked not in (None, found):
        raise ValueError(
            f"data.rate = {asked}, but {records.directory} has {found} samples a second: prepare "
            f"it with --rate={asked}, or write data.rate = {found}"
        )
    if config.data.medium == "waves" and not (found or asked):
        raise ValueError(
            f"data.rate = None, and {records.directory} does not say it: write how many samples a "
            "second has, such as 16000"
        )
    return found or asked
