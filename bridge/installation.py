"""Files that are written into Wireshark's folders, and a record of them, by which they can be taken away again.

A file that somebody changed after we wrote it is theirs as well as ours: it is neither overwritten nor removed unless
that is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .failures import UsageFailure

RECORD = "labdissect-installed.json"
KEPT_SUFFIX = ".before-labdissect"


@dataclass
class Report:
    """What was done, for people."""

    written: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)
    """Left as they are: the user's, or changed by the user."""
    kept: list[Path] = field(default_factory=list)
    """Copies of files that were overwritten."""


class Installation:
    """What we have written.

    :param folder: the profile's, where the record is, too
    :param volatile: names of files that their program writes anew by itself, so that a change means nothing
    """

    def __init__(self, folder: Path, volatile: frozenset[str] = frozenset()) -> None:
        self.folder = folder
        self._volatile = volatile
        self._record = folder / RECORD
        self._written = self._read()

    @property
    def exists(self) -> bool:
        """Whether we have written anything."""
        return bool(self._written)

    def _read(self) -> dict[str, str]:
        """Path → digest of what was written there.

        :raises UsageFailure: when the record is damaged
        """
        try:
            found = json.loads(self._record.read_text(encoding="utf-8"))["files"]
            return {str(path): str(digest) for path, digest in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise UsageFailure(
                f"{self._record}, which says what was installed, cannot be read ({error}); remove by hand what is no "
                "longer wanted, and this file last"
            ) from error

    def install(self, files: Mapping[Path, bytes], *, force: bool, executable: frozenset[Path] = frozenset()) -> Report:
        """Writes files.

        :param force: overwrite what is not ours, or no longer as we wrote it; a copy is kept
        :param executable: which of them are programs
        :raises UsageFailure: when there are files that we did not write, or they cannot be written
        """
        report = Report()
        foreign = [path for path in files if path.exists() and str(path) not in self._written]
        if not self.exists and self.folder.is_dir():  # a profile of this name that somebody else made
            foreign += [path for path in sorted(self.folder.iterdir()) if path not in foreign]
        if foreign and not force:
            there = ", ".join(map(str, foreign))
            raise UsageFailure(f"not written by labdissect: {there}; --force overwrites (and keeps a copy)")
        for path, content in files.items():
            changed = path.exists() and self._changed(path) and path.read_bytes() != content
            if changed and not force:
                report.left.append(path)
                continue
            try:
                if changed and path.name not in self._volatile:
                    report.kept.append(path.replace(_free(path.with_name(path.name + KEPT_SUFFIX))))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                if path in executable:
                    path.chmod(0o755)
            except OSError as error:
                raise UsageFailure(f"cannot write {path}: {error.strerror}") from error
            self._written[str(path)] = _digest(content)
            report.written.append(path)
            self._write_record()
        return report

    def uninstall(self, *, force: bool) -> Report:
        """Removes what was written, and folders that are empty then.

        :param force: also what was changed since
        """
        report = Report()
        for name in list(self._written):
            path = Path(name)
            if not path.exists():
                pass
            elif self._changed(path) and path.name not in self._volatile and not force:
                report.left.append(path)
                continue
            else:
                path.unlink()
                report.removed.append(path)
            del self._written[name]
        self._write_record()
        if self.folder.is_dir():
            report.left += [path for path in sorted(self.folder.iterdir()) if path not in {*report.left, self._record}]
        for folder in {self.folder, *(path.parent for path in report.removed)}:
            with suppress(OSError):  # not empty
                folder.rmdir()
        return report

    def _changed(self, path: Path) -> bool:
        return self._written.get(str(path)) != _digest(path.read_bytes())

    def _write_record(self) -> None:
        if self._written:
            said = {"by": "labdissect wireshark install", "files": self._written}
            self._record.parent.mkdir(parents=True, exist_ok=True)
            self._record.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        else:
            self._record.unlink(missing_ok=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _free(path: Path) -> Path:
    """The path, or with a number where that name is taken."""
    number, found = 2, path
    while found.exists():
        found, number = path.with_name(f"{path.name}-{number}"), number + 1
    return found
