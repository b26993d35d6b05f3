# SPDX-License-Identifier: Apache-2.0
"""A configuration directory as a ``Configuration``, or every fault of every file at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gateway import resources
from gateway.config.faults import Absent, ConfigurationFaults, Fault, sentence
from gateway.config.ledger_url import LedgerUrl, existing
from gateway.config.models import Configuration, DestinationSettings, Settings, Site, SourceSettings
from gateway.config.reading import Document, plain, read
from gateway.model.words import Words
from gateway.trust.secrets import Secret, is_reference

M = TypeVar("M", bound=Settings)

SITE_FILE = "gateway.yaml"
SOURCES, DESTINATIONS = "sources.d", "destinations.d"


@dataclass(slots=True)
class _Reader:
    """Collects faults while it reads."""

    root: Path
    options: Mapping[str, type[BaseModel]]
    faults: list[Fault] = field(default_factory=list)

    def site(self) -> Site | None:
        document = self._document(self.root / SITE_FILE)
        site = self._built(document, Site) if document else None
        if document and site and not (resources.find("schemas") / site.pack / "pack.toml").is_file():
            shipped = sorted(place.parent.name for place in resources.find("schemas").glob("*/pack.toml"))
            unknown = Words(f"没有这个标准包;现有:{'、'.join(shipped)}", f"is no pack; there are: {', '.join(shipped)}")
            self.faults.append(document.fault(("pack",), unknown))
        return site

    def documents(self, folder: str) -> list[Document]:
        """Read every file of a folder, in the order of their names."""
        read_ones = [self._document(path) for path in sorted((self.root / folder).glob("*.yaml"))]
        return [document for document in read_ones if document is not None]

    def many(self, documents: list[Document], model: type[M]) -> tuple[M, ...]:
        """Build a model of every document; a name given twice is a fault."""
        found: list[M] = []
        names: dict[str, str] = {}
        for document in documents:
            built = self._built(document, model, name=Path(document.file).stem)
            if built is None:
                continue
            name = str(getattr(built, "name", ""))
            if name in names:
                clash = Words(f"名称 {name} 已在 {names[name]} 使用", f"the name {name} is taken by {names[name]}")
                self.faults.append(document.fault(("name",), clash))
            names.setdefault(name, document.file)
            found.append(built)
        return tuple(found)

    def _document(self, path: Path) -> Document | None:
        document = read(path, self.root)
        if isinstance(document, Fault):
            self.faults.append(document)
            return None
        return document

    def _built(self, document: Document, model: type[M], name: str | None = None) -> M | None:
        values = plain(document.values)
        if name is not None:
            values.setdefault("name", name)
        try:
            built = model.model_validate(values, context={"root": self.root})
        except ValidationError as invalid:
            self._refuse(document, model, invalid)
            return None
        self.faults.extend(_absences(document, built))
        return built

    def _refuse(
        self, document: Document, model: type[BaseModel], invalid: ValidationError, below: tuple[str, ...] = ()
    ) -> None:
        for error in invalid.errors(include_url=False):
            path = below + tuple(step for step in error["loc"] if not str(step).startswith("function-"))
            known = _keys(model, path[len(below) : -1]) - set(_node(document, path[:-1]))
            message = sentence(error, known)
            waiting = isinstance(error.get("ctx", {}).get("error"), Absent)
            of_key = error["type"] == "extra_forbidden"
            self.faults.append(document.fault(path, message, of_key=of_key, waiting=waiting))

    def check_source(self, document: Document, site: Site | None) -> None:
        """Check what the model of a source can't see: options by their adapter, the mapping's place."""
        values = plain(document.values)
        options, mapping = values.get("options", {}), values.get("mapping")
        model = self.options.get(values.get("adapter", "database"))
        if model is not None and isinstance(options, dict):
            try:
                model.model_validate(options, context={"root": self.root})
            except ValidationError as invalid:
                self._refuse(document, model, invalid, ("options",))
        if isinstance(options, dict):
            self.faults.extend(_option_absences(document, options, self.root))
        if site is not None and isinstance(mapping, str) and find_mapping(mapping, site, self.root) is None:
            places = [str(place) for place in mapping_places(site, self.root)]
            missing = Words(
                f"找不到映射文件;找过:{'、'.join(places)}", f"there is no such mapping in {', '.join(places)}"
            )
            self.faults.append(document.fault(("mapping",), missing))


def mapping_places(site: Site, root: Path) -> tuple[Path, ...]:
    """Return the directories that mappings are looked for in: the site's own first, then those shipped."""
    return (*site.mappings, root / "mappings", resources.find("mappings"))


def find_mapping(name: str, site: Site, root: Path) -> Path | None:
    """Return the mapping file that ``name`` means for this site; never one outside the mapping directories."""
    for place in mapping_places(site, root):
        path = (place / name).resolve()
        if path.is_relative_to(place.resolve()) and path.is_file():
            return path
    return None


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> set[str]:
    """Return the keys that the model at ``path`` below ``model`` knows."""
    for step in path:
        inner = model.model_fields.get(str(step))
        if inner is None or not isinstance(inner.annotation, type) or not issubclass(inner.annotation, BaseModel):
            return set()
        model = inner.annotation
    return set(model.model_fields)


def _node(document: Document, path: tuple[str | int, ...]) -> Mapping[str, Any]:
    node: Any = document.values
    for step in path:
        node = node.get(step, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, Mapping) else {}


def _absences(document: Document, built: Settings, below: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Find files and secrets that are named but not there yet."""
    for key in type(built).model_fields:
        value, path = getattr(built, key), (*below, key)
        if isinstance(value, Settings):
            yield from _absences(document, value, path)
            continue
        if isinstance(value, LedgerUrl):
            value = value.secret()
        try:
            if isinstance(value, Path) and _must_exist(built, key):
                existing(value, value.name)
            elif isinstance(value, Secret):
                _present(value)
        except Absent as absent:
            yield document.fault(path, absent.words, waiting=True)


def _must_exist(built: Settings, key: str) -> bool:
    return key in {"ca", "certificate", "key", "receipt_certificate"} and "certificate" in type(built).model_fields


def _present(secret: Secret) -> None:
    if not secret.there():
        raise Absent(f"{secret.reference} 还没有;请准备好", f"{secret.reference} is not there yet; provide it")


def _option_absences(document: Document, options: Mapping[str, object], root: Path) -> Iterator[Fault]:
    for key, value in options.items():
        if isinstance(value, str) and is_reference(value):
            try:
                _present(Secret(value, root))
            except Absent as absent:
                yield document.fault(("options", key), absent.words, waiting=True)


def examine(
    directory: Path, options: Mapping[str, type[BaseModel]] | None = None
) -> tuple[Configuration | None, tuple[Fault, ...]]:
    """Read a configuration directory; return what could be built and every fault found.

    ``options`` are the models that check a source's ``options``, by adapter. The configuration is None when any file
    is at fault; faults that are only ``waiting`` leave it whole.
    """
    root = directory.resolve()
    reader = _Reader(root, options or {})
    site = reader.site()
    source_files = reader.documents(SOURCES)
    sources = reader.many(source_files, SourceSettings)
    destinations = reader.many(reader.documents(DESTINATIONS), DestinationSettings)
    for document in source_files:
        reader.check_source(document, site)
    faults = tuple(sorted(reader.faults))
    if site is None or any(not fault.waiting for fault in faults):
        return None, faults
    return Configuration(root=root, site=site, sources=sources, destinations=destinations), faults


def load(directory: Path, options: Mapping[str, type[BaseModel]] | None = None) -> Configuration:
    """Return the configuration of ``directory``, ready to run.

    Raises:
        ConfigurationFaults: with every fault as ``file:line:column: key: what``, things not there yet included.
    """
    configuration, faults = examine(directory, options)
    if configuration is None or faults:
        raise ConfigurationFaults(faults)
    return configuration
