# SPDX-License-Identifier: Apache-2.0
"""GB 18030-2022: every two-byte code against an independent table, both ways, and nothing ever guessed or replaced."""

import shutil
import subprocess

import pytest

from gateway.documents.gb18030 import NAMES, ROWS, decode, encode, private_use
from gateway.documents.safexml import RefusedDocument, parse

TRAILS = [*range(0x40, 0x7F), *range(0x80, 0xFF)]
CODES = [bytes((lead, trail)) for lead in range(0x81, 0xFF) for trail in TRAILS]
# The six that glibc (2005 edition) reads as characters of plane 2 and the 2022 edition leaves private.
LEFT_PRIVATE = {"FE51", "FE52", "FE53", "FE6C", "FE76", "FE91"}
MOVED = {code: real for code, _given, real in ROWS}


def user_defined(code: bytes) -> bool:
    """Tell whether a code lies in one of the three user-defined zones of the standard."""
    lead, trail = code
    return (
        (0xAA <= lead <= 0xAF and trail >= 0xA1)
        or (lead >= 0xF8 and trail >= 0xA1)
        or (0xA1 <= lead <= 0xA7 and trail <= 0xA0)
    )


def test_every_two_byte_code_reads_as_python_does_but_for_the_table() -> None:
    assert len(CODES) == 23_940
    for code in CODES:
        name = code.hex().upper()
        assert decode(code) == MOVED.get(name, code.decode("gb18030")), name
    assert len(MOVED) == len(ROWS) == 20


@pytest.mark.parametrize(("code", "given", "real"), ROWS)
def test_each_row_of_the_table(code: str, given: str, real: str) -> None:
    data = bytes.fromhex(code)
    assert data.decode("gb18030") == given  # Python may mend its codec one day: the row then goes
    assert (private_use(given), private_use(real)) == (given, None)
    assert decode(b"A" + data + b"B") == f"A{real}B"
    assert encode(real) == (b"\xa1\xa1" if code == "A3A0" else data)


def test_every_code_is_written_as_it_was_read() -> None:
    wrong = [code.hex() for code in CODES if encode(decode(code)) != code]
    assert wrong == ["a3a0"]  # a blank is written as the blank that it is


def test_the_table_against_the_c_library() -> None:
    if shutil.which("iconv") is None:
        pytest.skip("iconv: the C library's converter is not there")
    asked = subprocess.run(
        ["iconv", "-f", "GB18030", "-t", "UTF-8"], input=b"\n".join(CODES), capture_output=True, check=True
    )
    told = asked.stdout.decode().split("\n")
    other = {code.hex().upper() for code, text in zip(CODES, told, strict=True) if decode(code) != text}
    assert other <= LEFT_PRIVATE | {"A3A0"} | set(MOVED)  # the C library may be of another edition
    assert all(private_use(decode(bytes.fromhex(code))) for code in LEFT_PRIVATE)


def test_private_use_is_left_to_the_zones_that_the_standard_leaves_open() -> None:
    private = [code for code in CODES if private_use(decode(code)) and not user_defined(code)]
    unassigned = {code.hex().upper() for code in private} - LEFT_PRIVATE
    assert all("A2AB" <= code <= "A9FE" or "D7FA" <= code <= "D7FE" for code in unassigned), sorted(unassigned)
    assert {private_use(text) for text in ("王示例", "", "ascii")} == {None}
    assert [private_use(f"王{letter}") for letter in ("\ue000", "\uf8ff", "\U000f0000", "\U0010fffd")] == [
        "\ue000", "\uf8ff", "\U000f0000", "\U0010fffd",
    ]  # fmt: skip


def test_every_character_of_unicode_survives() -> None:
    letters = [chr(number) for number in range(0x110000) if not 0xD800 <= number < 0xE000]
    plain = [letter for letter in letters if decode(encode(letter)) != letter]
    given = {given for _code, given, _real in ROWS}
    assert set(plain) <= given | {"\ue5e5"}  # private characters of the 2000 edition come back as what they mean


@pytest.mark.parametrize("rare", ["䶮", "㙍", "𬭊", "镕", "喆", "㛃", "𠮷", "€", "ḿ", "龴", "龻", "︐"])
def test_rare_characters_of_names(rare: str) -> None:
    assert decode(encode(rare)) == rare


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_document_of_each_name(name: str) -> None:
    text = f'<?xml version="1.0" encoding="{name.upper()}"?><a>龴{"﹀"}䶮</a>'
    assert parse(encode(text)).text == "龴﹀䶮"


@pytest.mark.parametrize("wrong", [b"\xff", b"\x80", b"\xc4", b"\x81\x30\x81", b"\xfe\x7f"])
def test_a_wrong_byte_is_never_replaced(wrong: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decode(b"A" + wrong)
    with pytest.raises(RefusedDocument) as refused:
        parse(b'<?xml version="1.0" encoding="GB18030"?>\n<a>\xc4\xcf' + wrong + b"</a>")
    assert refused.value.finding.code == "DOC-003"
    assert refused.value.finding.line == 2


@pytest.mark.parametrize(
    ("declared", "mark", "codec", "code"),
    [
        ("UTF-16", b"\xff\xfe", "utf-16-le", None),
        ("UTF-16", b"\xfe\xff", "utf-16-be", None),
        ("UTF-16LE", b"\xff\xfe", "utf-16-le", None),
        ("UTF-16BE", b"\xff\xfe", "utf-16-le", "DOC-005"),
        ("UTF-16LE", b"\xfe\xff", "utf-16-be", "DOC-005"),
        ("UTF-8", b"\xff\xfe", "utf-16-le", "DOC-005"),
        ("UTF-8", b"\xef\xbb\xbf", "utf-8", None),
        ("GB18030", b"\xef\xbb\xbf", "utf-8", "DOC-005"),
        ("UTF-16", b"\xef\xbb\xbf", "utf-8", "DOC-005"),
        ("UTF-16", b"", "utf-8", "DOC-005"),
    ],
)
def test_a_mark_and_its_declaration(declared: str, mark: bytes, codec: str, code: str | None) -> None:
    data = mark + f'<?xml version="1.0" encoding="{declared}"?><a>䶮</a>'.encode(codec)
    if code is None:
        assert parse(data).text == "䶮"
        return
    with pytest.raises(RefusedDocument) as refused:
        parse(data)
    assert refused.value.finding.code == code
