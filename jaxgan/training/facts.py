"""What only a data set knows; refused before training where a config reads something else."""

from typing import Any

from ml_collections import ConfigDict

from jaxgan.data.records import Records

OF_IMAGES = ("images", "pairs", "domains")
SAYS = {"waves": "--window={0}", "volumes": "--voxels={0}", "clips": "--frames={0}"}
SAYS |= {"events": "--notes={0}"}


def facts(config: ConfigDict, records: Records) -> dict[str, Any]:
    """Return the values of config.data that the data set decides (run.FACTS), but for the classes.

    Raises ValueError where it holds something else than the config reads.
    """
    refuse_other_medium(config, records)
    refuse_environment(config, records)
    return {
        "rate": rate(config, records),
        "channels": records.shape[-1],
        "source_channels": source_channels(config, records),
        "map_classes": map_classes(config, records),
        "text_dim": text_dim(config, records),
        "bits": 8 * records.dtype.itemsize,
    }


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


def source_channels(config: ConfigDict, records: Records) -> int | None:
    """Return how many channels of a pair are its source's, as the data set or the config says.

    Raises ValueError where the two differ, or where pairs are read as single images.
    """
    found, asked = (records.manifest() or {}).get("source_channels"), config.data.source_channels
    is_aligned = (records.manifest() or {}).get("aligned", True)
    if found and config.data.medium == "pairs" and not is_aligned:
        raise ValueError(
            f"data.medium = 'pairs', but the images of {records.directory} were joined by lot "
            "(--domains): write 'domains', with a model such as 'cyclegan'"
        )
    if found and config.data.medium in ("images", "low_resolution"):
        raise ValueError(
            f"data.medium = {config.data.medium!r}, but {records.directory} holds pairs: write "
            "'pairs' or 'domains', with a model that translates, such as --config=pix2pix"
        )
    if found and asked not in (None, found):
        raise ValueError(
            f"data.source_channels = {asked}, but the sources in {records.directory} have {found}: "
            "leave it out"
        )
    if config.data.medium in ("pairs", "domains") and not (found or asked):
        raise ValueError(
            f"data.name = {config.data.name!r} holds no pairs: make some with `jaxgan prepare A "
            "TARGET --pairs=B`, or write data.source_channels where its arrays hold both images"
        )
    return found or asked


def refuse_environment(config: ConfigDict, records: Records) -> None:
    """Refuse transitions as another medium, another medium as transitions, and an objective that
    acts in another environment than the expert's."""
    found = (records.manifest() or {}).get("environment")
    is_wanted = config.data.medium == "transitions"
    if found and not is_wanted:
        raise ValueError(
            f"data.medium = {config.data.medium!r}, but {records.directory} holds transitions: "
            f"write 'transitions', such as --config=gail_{found}"
        )
    if is_wanted and not found:
        raise ValueError(
            f"data.name = {config.data.name!r} holds no transitions: make some with `jaxgan "
            "prepare FILE TARGET --environment=NAME`"
        )
    acts = config.objective.get("environment")
    if found and acts not in (None, found):
        raise ValueError(
            f"objective.environment = {acts!r}, but {records.directory} is of {found!r}: write that"
        )


def map_classes(config: ConfigDict, records: Records) -> int | None:
    """Return how many classes label maps have, as the config or the data set says.

    Raises ValueError where the data have more, have none, or are read as another medium.
    """
    found, asked = (records.manifest() or {}).get("map_classes"), config.data.map_classes
    if found and config.data.medium != "maps":
        raise ValueError(
            f"data.medium = {config.data.medium!r}, but {records.directory} holds label maps: "
            "write 'maps', with a model such as 'spade'"
        )
    if found and asked and asked < found:
        raise ValueError(
            f"data.map_classes = {asked}, but the maps in {records.directory} have {found}: write "
            "that or more, or leave it out"
        )
    if config.data.medium == "maps" and not (found or asked):
        raise ValueError(
            f"data.name = {config.data.name!r} holds no label maps: make some with `jaxgan prepare "
            "A TARGET --maps=B`, or write data.map_classes where its arrays hold them"
        )
    return asked or found


def text_dim(config: ConfigDict, records: Records) -> int | None:
    """Return the length of the text vectors of a data set of captions, None where it has none.

    Raises ValueError where captions are wanted and there are none, or of another length.
    """
    found, asked = records.features.text_dim or None, config.data.text_dim
    if config.data.medium == "captions" and found is None:
        raise ValueError(
            f"data.name = {config.data.name!r} holds no captions: make some with `jaxgan prepare "
            "SOURCE TARGET --captions=FILE`"
        )
    if asked not in (None, found):
        raise ValueError(
            f"data.text_dim = {asked}, but the text vectors in {records.directory} have {found} "
            "numbers: leave it out"
        )
    return found
