# SPDX-License-Identifier: Apache-2.0
"""Every finding code there is has its return code (standard.md §4)."""

import re

import pytest

from gateway.channels.database_findings import SOURCE_FINDINGS
from gateway.documents.faults import FAULTS, Doc, doc_finding
from gateway.documents.messages import KINDS
from gateway.errors import ConfigurationError
from gateway.grids.faults import FAULTS as TABLE_FAULTS
from gateway.mapping.findings import FINDINGS
from gateway.pack import load_pack
from gateway.rules import Rules
from gateway.rules.return_codes import ReturnCodes

PACK = load_pack()
CODES = ReturnCodes(PACK)


def test_every_code_has_one() -> None:
    every = [
        *Rules(PACK).catalogue,
        *SOURCE_FINDINGS,
        *FINDINGS,
        *FAULTS,
        *TABLE_FAULTS,
        *(kind.code for kind in KINDS),
    ]
    assert all(re.fullmatch(r"[1-3]\d{3}", CODES.of(str(code))) for code in every)


def test_a_package_over_8_mb_is_1006() -> None:
    assert CODES.answer([doc_finding(Doc.TOO_LARGE)]) == "1006"


def test_the_first_error_answers_and_warnings_do_not_refuse() -> None:
    warning = doc_finding(Doc.PRIVATE_USE)
    assert CODES.answer([warning]) == CODES.answer([]) == "0000"
    assert CODES.answer([warning, doc_finding(Doc.ENCODING_UNKNOWN), doc_finding(Doc.TOO_LARGE)]) == "1003"


def test_an_unknown_family_is_a_fault_of_the_pack() -> None:
    with pytest.raises(ConfigurationError):
        CODES.of("ZZZ-001")
