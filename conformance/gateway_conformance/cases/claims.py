# SPDX-License-Identifier: Apache-2.0
"""Which case answers for what the gateway's validator finds: each finding belongs to exactly one case."""

import html
import re
from typing import Final

from gateway_conformance.capture import PREFIX, Judge, Judged

_BY_CODE: Final = {
    "SCH-04": ("DOC-006", "FLD-001", "FLD-002", "FLD-003", "DOC-024"),
    "SCH-07": ("DAT-001",),
    "SCH-13": ("REC-023", "REC-024"),
    "COD-01": ("IDN-001", "IDN-002", "IDN-003"),
    "COD-02": ("IDN-007", "IDN-008", "IDN-009", "IDN-010", "IDN-011", "IDN-012", "IDN-013"),
    "COD-03": ("IDN-004", "IDN-005"),
    "COD-04": ("COD-003", "COD-004", "COD-005"),
    "COD-05": ("CAT-010", "CAT-011", "CAT-012", "CAT-013", "CAT-014", "CAT-015"),
    "COD-06": ("REC-005", "REC-006", "REC-016", "CAT-022"),
    "COD-07": ("SND-001", "SND-002"),
    "COD-08": ("CAT-018",),
    "COD-09": ("REC-008",),
    "COD-10": ("REC-011",),
    "COD-11": ("REC-007",),
    "CMP-02": ("REC-025",),
    "CMP-06": ("REC-009", "REC-010", "REC-012", "REC-020", "REC-021", "CAT-017"),
    "XRC-01": ("CAS-001", "CAS-008", "CAS-028", "CAS-029", "CAS-032", "CAS-035", "REC-014"),
    "XRC-02": ("CAS-007", "REC-002", "REC-003"),
    "XRC-03": ("CAT-019",),
    "XRC-04": ("CAS-003", "CAS-004"),
    "XRC-06": ("REC-004", "REC-026", "CAS-017", "CAS-018", "CAS-033", "CAS-034"),
    "FLW-03": ("CAS-005", "CAS-020", "CAS-030"),
    "FLW-05": ("CAS-006", "CAT-016"),
    "FLW-06": ("CAT-020", "CAT-021"),
    "FLW-10": ("CAS-002",),
    "FLW-12": ("CAS-025", "CAS-026", "CAS-027", "LAW-023"),
    "FLW-13": ("CAS-022",),
    "COR-01": ("REC-015",),
    "COR-02": ("REC-013",),
    "CLK-02": ("REC-001",),
    "PUB-02": ("PUB-001",),
    "PUB-03": ("PUB-002", "PUB-004", "LAW-017", "LAW-018", "SEC-001"),
}
_CASE_OF: Final = {code: case for case, codes in _BY_CODE.items() for code in codes}
_RESIDENT: Final = ("居民身份证", "港澳居民居住证", "台湾居民居住证", "外国人永久居留身份证")
_INDEX: Final = re.compile(r"\[\d+\]")


def claimed(judged: Judged, judge: Judge) -> str:
    """Return the id of the case that answers for a finding."""
    code, path = judged.finding.code, _INDEX.sub("", judged.finding.path)
    if code in _CASE_OF:
        return _CASE_OF[code]
    if code == "IDN-006":
        return "COD-02" if _kind_of(judged) in _RESIDENT else "COD-10"
    if code.startswith("XSD"):
        return _of_schema(judged, path, judge)
    if code.startswith("COD"):
        return "COD-09" if path.endswith("/result") and judged.record.type.endswith("_JD") else "SCH-02"
    if code.startswith("OBL"):
        return _of_obligation(judged, path)
    return "CMP-06" if code.startswith(("LAW", "CAS")) else "SCH-02"


def _of_schema(judged: Judged, path: str, judge: Judge) -> str:
    """Tell faults of times and amounts, and a withdrawal that lacks something, from other faults of the schema."""
    if path.startswith("withdrawal/"):
        return "COR-02"
    kind = judge.pack.by_element.get(path.partition("/")[0])
    element = judge.pack.shape(kind.code).find(path.partition("/")[2]) if kind else None
    if element is None:
        return "SCH-02"
    return {"date": "SCH-07", "dateTime": "SCH-07", "decimal": "SCH-08"}.get(element.kind, "SCH-02")


def _of_obligation(judged: Judged, path: str) -> str:
    last = path.rpartition("/")[2]
    if "disclosure" in path:
        return "PUB-01"
    if last in {"idNo", "idKind", "legalRepresentative"}:
        return "CMP-03"
    if last in {"reason", "remedy"} and judged.record.type in {"XK_SL", "XK_JD"}:
        return "FLW-02"
    return "CMP-01" if judged.finding.code == "OBL-001" else "CMP-06"


def _kind_of(judged: Judged) -> str:
    """Return the kind of document beside the number that a finding is about."""
    value = re.escape(html.escape(judged.finding.value or "", quote=False))
    kind, number = f"<{PREFIX}idKind>([^<]*)</{PREFIX}idKind>", f"<{PREFIX}idNo>{value}<"
    found = re.search(kind + number, judged.record.document.decode("utf-8", "replace"))
    return html.unescape(found.group(1)) if found else ""


def codes_of(id_: str) -> tuple[str, ...]:
    """Return the validator's codes that a case answers for by the code alone."""
    return _BY_CODE.get(id_, ())
