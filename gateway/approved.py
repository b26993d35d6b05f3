# SPDX-License-Identifier: Apache-2.0
"""Approved mappings at work: the version in use is the one that was activated, and a running gateway takes it up between runs."""

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from gateway.config import Configuration, SourceSettings
from gateway.errors import ConfigurationError
from gateway.flow.collect import Handling
from gateway.ledger import mappings
from gateway.ledger.mappings import UnapprovedMapping, Version
from gateway.ledger.store import Ledger
from gateway.mapping.compile import compile_mapping
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Mapping as Model
from gateway.pack import Pack
from gateway.parts import load_source_mapping, mapping_of

log = structlog.get_logger(__name__)


def stored(version: Version, name: str, pack: Pack) -> Model:
    """Load a kept version; ``name`` is that of its file. Raises ConfigurationError where it fits the pack no more."""
    with tempfile.TemporaryDirectory() as folder:
        for file, text in version.files.items():
            (Path(folder) / file).write_bytes(text.encode())
        return load_mapping(Path(folder) / name, pack, shown=f"{version.source}@{version.digest[:12]}")


def files_of(model: Model) -> dict[str, str]:
    """Return a mapping's file and tables as they are kept."""
    return {name: content.decode("utf-8") for name, content in model.files}


def install(configuration: Configuration, settings: SourceSettings, version: Version) -> list[Path]:
    """Write a version's files where the source's mapping is looked for first, and return those that changed.

    What ships with the gateway is never written: the site's own folder covers it.
    """
    name = mapping_of(settings)
    overlays = [*configuration.site.mappings, configuration.root / "mappings"]
    found = [root for root in overlays if (root / name).is_file()]
    target = ((found or overlays)[0] / name).parent
    target.mkdir(parents=True, exist_ok=True)
    changed = []
    for file, text in version.files.items():
        path = target / file
        if not path.is_file() or path.read_bytes() != text.encode():
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(text.encode())
            part.replace(path)
            changed.append(path)
    return changed


def require_approved(configuration: Configuration, ledger: Ledger, pack: Pack) -> None:
    """Raise UnapprovedMapping for every source whose mapping is not the activated one, where the site wants that."""
    if configuration.site.mapping_approval != "required":
        return
    wrong = []
    with ledger.reading() as connection:
        for settings in configuration.sources:
            if settings.shadow or settings.standard_form:
                continue
            version = mappings.active(connection, settings.name)
            digest = load_source_mapping(configuration, settings, pack).version
            if version is None or version.digest != digest:
                wrong.append(f"{settings.name}: {digest[:12]} ≠ {'-' if version is None else version.digest[:12]}")
    if wrong:
        raise UnapprovedMapping("; ".join(wrong))


class Watch:
    """Follows which version of one source's mapping is in use; safe to ask from any thread."""

    def __init__(
        self, settings: SourceSettings, pack: Pack, handling: Handling, rewire: Callable[[str, Model], None], since: int
    ) -> None:
        """Begin with ``handling``, loaded at ``since``; ``rewire`` tells child processes of another mapping."""
        self._name, self._file, self._pack = settings.name, Path(mapping_of(settings)).name, pack
        self._handling, self._rewire = handling, rewire
        self._lock = threading.Lock()
        self._seen: tuple[int, int] = (0, since)

    def __call__(self, ledger: Ledger) -> Handling:
        """Return the handling by the version in use now; one that can't be loaded leaves the last one in use."""
        with ledger.reading() as connection:
            number = mappings.active_number(connection, self._name)
        with self._lock:
            if number is not None and number != self._seen and number[1] >= self._seen[1]:
                self._seen = number
                self._take_up(ledger)
            return self._handling

    def _take_up(self, ledger: Ledger) -> None:
        with ledger.reading() as connection:
            version = mappings.active(connection, self._name)
        if version is None or version.digest == self._handling.mapper.version:
            return
        try:
            model = stored(version, self._file, self._pack)
        except ConfigurationError as fault:
            log.warning("mapping-not-taken-up", source=self._name, digest=version.digest[:12], error=fault.spoken("zh"))
            return
        self._rewire(self._name, model)
        self._handling = replace(self._handling, mapper=compile_mapping(model, self._pack, self._name))
        log.info("mapping-taken-up", source=self._name, digest=version.digest[:12])
