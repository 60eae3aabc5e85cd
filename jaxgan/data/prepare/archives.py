"""Zip and tar files of images, read in place: nothing is unpacked, no name can leave a folder."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from jaxgan.data.prepare.folders import Payload, Source, stamp
from jaxgan.data.prepare.listing import Listing, label_files, not_an_image, printable
from jaxgan.files import limits
from jaxgan.files.errors import one_line
from jaxgan.media.image_files import MAX_FILE_BYTES, BadImageError

READ_ERRORS = (
    *(tarfile.TarError, zipfile.BadZipFile),
    *(zlib.error, lzma.LZMAError, EOFError, OSError),
)
# zipfile unpacks these piece by piece; with others, a few bytes can expand to any size at once.
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_zip(path: Path, labels: Path | None = None) -> Source:
    """Open a zip of a folder of class sub-folders, or of any images with a labels file.

    Raises ValueError for a file that is not a zip, or is damaged.
    """
    try:
        archive = zipfile.ZipFile(path)
    except READ_ERRORS as error:
        limits.pass_on(error)
        raise ValueError(f"{path}: not a zip file, or damaged ({one_line(error)})") from error
    members, ignored, folders = {}, {}, set()
    for member in archive.infolist():
        name = _cleaned(member.filename)
        folders.update(_folders(name, member.is_dir()))
        if not member.is_dir() and _is_image(name, members, ignored):
            members[name] = member
    listing = label_files(sorted(members), folders, labels, str(path), ignored)

    def read(start: int) -> Iterator[Payload]:
        for name in listing.paths[start:]:
            member = members[name]
            if member.file_size > MAX_FILE_BYTES:
                yield BadImageError(f"{member.file_size} bytes, more than {MAX_FILE_BYTES}")
                continue
            if member.compress_type not in BOUNDED:
                yield BadImageError("not compressed by deflate")
                continue
            try:
                with archive.open(member) as file:
                    yield file.read(member.file_size)  # no more than declared: sizes may lie
            except Exception as error:  # damaged, encrypted, or an unknown compression
                limits.pass_on(error)
                yield BadImageError(one_line(error))

    return _source(path, listing, read, ignored)


class _Tar(tarfile.TarFile):
    members: list[tarfile.TarInfo]  # the headers read so far; missing in typeshed


def open_tar(path: Path, labels: Path | None = None) -> Source:
    """Open a tar, compressed or not, like open_zip. It is read from front to back."""
    files, ignored, folders = {}, {}, set()
    try:
        with _Tar.open(path) as archive:
            for member in archive:
                name = _cleaned(member.name)
                folders.update(_folders(name, member.isdir()))
                if not member.isdir() and _is_image(name, files, ignored):
                    files[name] = None
                archive.members = []  # otherwise every header stays in memory
    except READ_ERRORS as error:
        limits.pass_on(error)
        raise ValueError(f"{path}: not a tar file, or damaged ({one_line(error)})") from error
    listing = label_files(list(files), folders, labels, str(path), ignored)

    def read(start: int) -> Iterator[Payload]:
        wanted = set(listing.paths[start:])
        try:
            with _Tar.open(path) as archive:
                for member in archive:
                    archive.members = []
                    name = _cleaned(member.name)
                    if name not in wanted or member.isdir():
                        continue
                    wanted.discard(name)  # of two members of one name, the first, as listed
                    if not member.isfile() or member.issparse():
                        yield BadImageError("a link or a sparse file")
                    elif member.size > MAX_FILE_BYTES:
                        yield BadImageError(f"{member.size} bytes, more than {MAX_FILE_BYTES}")
                    else:
                        file = archive.extractfile(member)
                        assert file is not None  # a regular file
                        yield file.read()
        except READ_ERRORS as error:
            limits.pass_on(error)
            raise ValueError(f"{path}: damaged ({one_line(error)})") from error

    return _source(path, listing, read, ignored)


def _source(path: Path, listing: Listing, read: Callable, ignored: dict[str, str]) -> Source:
    return Source(
        listing.names,
        listing.labels,
        listing.class_names,
        read,
        stamp(path),
        ignored=ignored,
        notes=listing.notes,
        empty=listing.empty,
    )


def _cleaned(name: str) -> str:
    return name.removeprefix("./")


def _folders(name: str, is_folder: bool) -> Iterator[str]:
    """Yield the folders that a member's name implies."""
    parts = [part for part in name.split("/") if part]
    for count in range(1, len(parts) + is_folder):
        yield "/".join(parts[:count])


def _is_image(name: str, members: Collection[str], ignored: dict[str, str]) -> bool:
    """Return whether a member is a new image; if not, record why in `ignored`."""
    reason = not_an_image(name) or ("a second file of this name" if name in members else None)
    if reason:
        ignored[printable(name) if name not in members else f"{name} (again)"] = reason
    return reason is None
