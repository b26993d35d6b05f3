# SPDX-License-Identifier: Apache-2.0
"""Large record files: every record is read, a broken one sinks alone, and memory stays flat however long the file."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.documents.gb18030 import encode
from gateway.documents.record_file import Part
from gateway.documents.record_stream import read_records
from gateway.documents.safexml import DEFAULT, canonical, parse
from gateway.pack import load_pack

PACK = load_pack()
NS = PACK.namespace
RECORD = re.sub(r">\s+<", "><", canonical(parse((PACK.root / "samples" / "valid" / "CF_LA.xml").read_bytes())).decode())
BARE = RECORD.replace(f' xmlns="{NS}"', "")
ONE = RECORD.encode()


def read(path: Path, data: bytes) -> list[tuple[int, str | bytes]]:
    path.write_bytes(data)
    return [
        (each.line, each.document) if isinstance(each, Part) else (each.line or 0, each.code)
        for each in read_records(path, PACK.by_element)
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.xml"


def test_one_record_a_line(file: Path) -> None:
    assert read(file, ONE + b"\n\n" + ONE + b"\n") == [(1, ONE), (3, ONE)]
    assert read(file, b"\xef\xbb\xbf" + ONE + b"\r\n" + ONE) == [(1, ONE), (2, ONE)]


@pytest.mark.parametrize(
    "opening",
    [f'<Records xmlns="{NS}">\n', f'<?xml version="1.0"?>\n<!-- two\nlines -->\n<Records xmlns="{NS}">',
     f'<?xml version="1.0"?><Records\n xmlns="{NS}">\n'],
)  # fmt: skip
@pytest.mark.parametrize("closing", ["\n</Records>\n", "</Records>"])
def test_a_wrapper_gives_its_namespace(file: Path, opening: str, closing: str) -> None:
    before = opening.count("\n") + 1
    found = read(file, (opening + BARE + "\n" + BARE + closing).encode())
    assert found == [(before, ONE), (before + 1, ONE)]


def test_records_over_several_lines(file: Path) -> None:
    pretty = re.sub(r"><(?!/)", ">\n  <", BARE)
    lines = pretty.count("\n") + 1
    found = read(file, f'<Records xmlns="{NS}">\n{pretty}\n{pretty}\n</Records>'.encode())
    assert [line for line, _ in found] == [2, 2 + lines]
    assert all(canonical(parse(bytes(document))) for _, document in found if isinstance(document, bytes))


def test_a_record_that_is_not_closed_ends_where_the_next_one_begins(file: Path) -> None:
    broken = ONE.replace(b"</penaltyFiling>", b"")
    assert read(file, b"\n".join([ONE, broken, ONE])) == [(1, ONE), (2, broken), (3, ONE)]


def test_a_file_that_breaks_off(file: Path) -> None:
    found = read(file, f'<Records xmlns="{NS}">\n{BARE}\n{BARE[:100]}'.encode())
    assert [line for line, _ in found] == [2, 3, 3]
    assert found[-1][1] == "DOC-001"


def test_encodings_are_declared_and_never_guessed(file: Path) -> None:
    text = '<?xml version="1.0" encoding="GBK"?>\n' + RECORD + "\n" + RECORD.replace("示", "龴")
    found = read(file, encode(text))
    assert [line for line, _ in found] == [2, 3]
    assert found[1][1] == RECORD.replace("示", "龴").encode()
    head = b'<?xml version="1.0" encoding="GB18030"?>\n'
    assert read(file, head + ONE.replace(b"<caseNo>", b"<caseNo>\xff") + b"\n" + encode(RECORD)) == [
        (2, "DOC-003"),
        (3, ONE),
    ]
    marked = '<?xml version="1.0" encoding="UTF-16"?>\n' + RECORD + "\n" + RECORD
    assert read(file, marked.encode("utf-16")) == [(2, ONE), (3, ONE)]
    assert read(file, b"\xef\xbb\xbf" + head + ONE) == [(1, "DOC-005")]
    assert read(file, b'<?xml version="1.0" encoding="Big5"?>' + ONE) == [(1, "DOC-004")]
    assert read(file, ("\ufeff" + RECORD).encode("utf-16-le")[:-1]) in ([(1, "DOC-003")], [(1, ONE), (1, "DOC-003")])


def test_what_is_not_a_record_file(file: Path) -> None:
    assert read(file, b"<!DOCTYPE a>\n" + ONE) == [(1, "DOC-002")]
    assert read(file, f'<Package xmlns="{NS}">\n{BARE}'.encode()) == [(0, "DOC-009")]
    assert read(file, f'<Records xmlns="{NS}">\n\n</Records>'.encode()) == [(0, "DOC-020")]
    assert read(file, ONE + b"\n" + b"x" * (3 * 1024 * 1024) + b"\n" + ONE) == [(1, ONE), (2, "DOC-009"), (3, ONE)]


def test_a_record_over_many_lines_has_its_cap(file: Path) -> None:
    line = b"  <remark>" + b"x" * 60_000 + b"</remark>\n"
    long = ONE.replace(b"</penaltyFiling>", b"\n" + line * 30 + b"</penaltyFiling>")
    found = read(file, ONE + b"\n" + long + b"\n" + ONE + b"\n")
    assert [(number, what) for number, what in found if isinstance(what, str)] == [(2, "DOC-009")]
    assert found[-1][1] == ONE


def large(path: Path, size: int) -> int:
    """Write records to ``path`` until it has ``size`` bytes, the last one wrong; return how many."""
    count = 0
    with path.open("wb") as out:
        out.write(f'<Records xmlns="{NS}">\n'.encode())
        for number in lines():
            if out.tell() > size:
                break
            count = number
            out.write(re.sub(r"(<caseNo>[^<]*-)\d+", rf"\g<1>{number:08}", BARE).encode() + b"\n")
        out.write(BARE.replace("<sequence>", "<sequence>x").encode() + b"\n</Records>\n")
    return count + 1


def lines() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


# The high-water mark of the process itself: Linux hands ru_maxrss of the parent on to a child.
MEASURED = """
import pathlib, re, sys
from gateway.cli import shell
try:
    shell.main(["validate", sys.argv[1], "--json"])
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def test_memory_is_flat(tmp_path: Path) -> None:
    peaks: list[int] = []
    assert DEFAULT.size < 9 * 1024 * 1024
    for megabytes in (9, 27):
        path = tmp_path / f"{megabytes}.xml"
        count = large(path, megabytes * 1024 * 1024)
        ended = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=False)
        assert ended.returncode == 1, ended.stderr
        assert [(row["line"], row["rule"]) for row in json.loads(ended.stdout)] == [(count + 1, "XSD-005")]
        peaks.append(int(ended.stderr.split()[-1]) // 1024)
    assert peaks[1] < 256, peaks
    assert peaks[1] - peaks[0] < 24, peaks
