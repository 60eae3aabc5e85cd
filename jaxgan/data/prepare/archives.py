"""Zip and tar files of images, read in place: nothing is unpacked, no name can leave a folder."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from jaxgan.data.prepare.folders import Payload, Source, label_files, not_an_image, printable
from jaxgan.files.errors import one_line
from jaxgan.media.image_files import MAX_FILE_BYTES, BadImageError

READ_ERRORS = (
    *(tarfile.TarError, zipfile.BadZipFile),
    *(zlib.error, lzma.LZMAError, EOFError, OSError),
)
# zipfile unpacks these piece by piece; of others a few bytes can become any number at once.
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_zip(path: Path, labels: Path | None = None) -> Source:
    """Open a zip of a folder of class sub-folders, or of any images with a labels file."""
    try:
        archive = zipfile.ZipFile(path)
    except READ_ERRORS as error:
        raise ValueError(f"{path}: not a zip file, or damaged ({one_line(error)})") from error
    members, ignored = {}, {}
    for member in archive.infolist():
        if not member.is_dir():
            _sort_in(member.filename, member, members, ignored)
    members = dict(sorted(members.items()))
    prefix = _common_folder(list(members)) if not labels else ""
    names, labels_, class_names = label_files(
        [name.removeprefix(prefix) for name in members], labels, str(path), ignored
    )

    def read(start: int) -> Iterator[Payload]:
        for name in names[start:]:
            member = members[prefix + name]
            if member.file_size > MAX_FILE_BYTES:
                yield BadImageError(f"{member.file_size} bytes, more than {MAX_FILE_BYTES}")
                continue
            if member.compress_type not in BOUNDED:
                yield BadImageError("compressed otherwise than by deflate")
                continue
            try:
                with archive.open(member) as file:
                    yield file.read(member.file_size)  # no more than promised: sizes may lie
            except Exception as error:  # damaged, encrypted, or an unknown compression
                yield BadImageError(one_line(error))

    return Source(names, labels_, class_names, read, _stamp(path), ignored=ignored)


def open_tar(path: Path, labels: Path | None = None) -> Source:
    """Open a tar, compressed or not, as open_zip does. It is read from front to back."""
    files, ignored = {}, {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if not member.isdir():
                    _sort_in(member.name, None, files, ignored)
                archive.members = []  # else every header stays in memory
    except READ_ERRORS as error:
        raise ValueError(f"{path}: not a tar file, or damaged ({one_line(error)})") from error
    prefix = _common_folder(list(files)) if not labels else ""
    names, labels_, class_names = label_files(
        [name.removeprefix(prefix) for name in files], labels, str(path), ignored
    )

    def read(start: int) -> Iterator[Payload]:
        wanted = {prefix + name for name in names[start:]}
        with tarfile.open(path) as archive:
            for member in archive:
                archive.members = []
                name = member.name.removeprefix("./")
                if name not in wanted or member.isdir():
                    continue
                wanted.discard(name)  # the first of two members of one name, as in the listing
                if not member.isfile() or member.issparse():
                    yield BadImageError("a link or a sparse file")
                elif member.size > MAX_FILE_BYTES:
                    yield BadImageError(f"{member.size} bytes, more than {MAX_FILE_BYTES}")
                else:
                    yield archive.extractfile(member).read()

    return Source(names, labels_, class_names, read, _stamp(path), ignored=ignored)


def _sort_in(name: str, member: object, members: dict, ignored: dict[str, str]) -> None:
    name = name.removeprefix("./")
    reason = not_an_image(name) or ("a second file of this name" if name in members else None)
    if reason:
        ignored[printable(name) if name not in members else f"{name} (again)"] = reason
    else:
        members[name] = member


def _common_folder(names: list[str]) -> str:
    """Return "top/" when all images lie in class folders inside one top folder, else ""."""
    tops = {name.split("/")[0] for name in names}
    nested = all(name.count("/") >= 2 for name in names)
    return f"{tops.pop()}/" if nested and len(tops) == 1 else ""


def _stamp(path: Path) -> str:
    return f"{path.stat().st_size} {path.stat().st_mtime_ns}"
