# SPDX-License-Identifier: Apache-2.0
"""The drop: manifests, claims, receipts, refusals and deaths, on this disk and over SFTP (standard.md §4, promises.md S7)."""

import hashlib
import json
import os
import random
from contextlib import suppress

import pytest

from gateway.channels.files import manifest
from gateway.channels.files.source import FileSource
from gateway.errors import SourceError
from gateway.model.record import SourceKind
from gateway.trust import detached
from tests.files.conftest import Office
from tests.sources.keeping import identity_of

CSV = "ID,MC\n1,甲\n2,乙\n3,丙\n4,丁\n"


class Died(BaseException):
    """The process is gone: nobody catches this."""


def receipt(office: Office, name: str) -> dict:  # type: ignore[type-arg]
    return json.loads((office.drop / "receipts" / f"{name}.receipt.json").read_text())  # type: ignore[no-any-return]


def test_a_complete_file_is_taken_put_away_and_answered(office: Office) -> None:
    office.put("a.csv", CSV, 1)
    figures = office.pull()
    assert (figures.accepted, figures.rows) == (4, 4)
    assert set(office.keeping.heads()) == {"SX:1", "SX:2", "SX:3", "SX:4"}
    assert office.names("done") == ["a.csv", "a.csv.ok"]
    assert office.names("claimed") == []
    told = receipt(office, "a.csv")
    assert (told["result"], told["accepted"], told["rows"], told["sequence"], told["findings"]) == (
        "taken",
        4,
        4,
        1,
        [],
    )
    assert office.keeping.open_notices() == 0


def test_every_bad_row_is_a_finding_with_its_place_and_the_rest_goes_through(office: Office) -> None:
    office.put("a.csv", 'ID,MC\n1,甲\n2,乙,多\n,丙\n4,坏\n1,又\n6,"己\n'.encode() + b"7,\xff\n")
    figures = office.pull()
    assert figures.accepted == 1
    told = receipt(office, "a.csv")
    places = {(each["row"], each["code"]) for each in told["findings"]}
    assert places == {(3, "TAB-007"), (4, "FIL-011"), (5, "MAP-001"), (6, "FIL-012"), (7, "TAB-008")}
    mapped = next(each for each in told["findings"] if each["code"] == "MAP-001")
    assert (mapped["column"], mapped["cell"], mapped["hint"]) == (2, "R5C2", "改名称")
    shown = (office.drop / "receipts" / "a.csv.receipt.csv").read_bytes()
    assert shown.startswith(b"\xef\xbb\xbf")
    assert "改名称" in shown.decode("utf-8-sig")


def test_a_file_without_manifest_waits_and_a_wrong_one_is_refused(office: Office) -> None:
    office.put("half.csv", CSV, ok=False)
    office.put("short.csv", CSV, size=3)
    office.put("other.csv", CSV, sha256="0" * 64)
    (office.drop / "odd.csv").write_text(CSV)
    (office.drop / "odd.csv.ok").write_text("what?")
    office.pull()
    assert "half.csv" in office.names("")
    assert receipt(office, "short.csv")["findings"][0]["code"] == "FIL-004"
    assert receipt(office, "other.csv")["findings"][0]["code"] == "FIL-004"
    assert receipt(office, "odd.csv")["findings"][0]["code"] == "FIL-003"
    assert {"short.csv", "other.csv", "odd.csv"} <= set(office.names("refused"))
    assert office.keeping.heads() == {}


def test_sequences_order_files_gaps_are_said_and_old_ones_refused(office: Office) -> None:
    office.put("z.csv", "ID,MC\n1,first\n", 1)
    office.put("a.csv", "ID,MC\n1,second\n", 2)
    office.pull()
    assert office.keeping.heads()["SX:1"][1] == identity_of({"ID": "1", "MC": "second"})
    office.put("b.csv", "ID,MC\n1,fifth\n", 5)
    office.pull()
    assert [each["code"] for each in receipt(office, "b.csv")["findings"]] == ["LDG-021"]
    office.put("late.csv", "ID,MC\n1,third\n", 3)
    office.pull()
    assert receipt(office, "late.csv")["findings"][0]["code"] == "FIL-008"
    assert office.keeping.heads()["SX:1"] == (3, identity_of({"ID": "1", "MC": "fifth"}))


def test_signed_manifests_are_held_to_the_certificate(here: Office) -> None:
    certificate, private = _pair(here)
    (here.directory / "dept.pem").write_bytes(certificate)
    here.put("bad.csv", CSV, 1, signature="QUJD")
    here.put("none.csv", CSV, 2)
    raw = CSV.encode()
    unsigned = manifest.Manifest("good.csv", len(raw), hashlib.sha256(raw).hexdigest(), 3)
    here.put("good.csv", CSV, 3, signature=detached.sign(private, unsigned.signed()))
    here.pull(certificate="dept.pem")
    assert receipt(here, "bad.csv")["findings"][0]["code"] == "FIL-005"
    assert receipt(here, "none.csv")["findings"][0]["code"] == "FIL-005"
    assert receipt(here, "good.csv")["accepted"] == 4


def _pair(office: Office) -> tuple[bytes, bytes]:
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dept")])
    now = office.clock.now()
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM), pem


def test_a_stable_file_is_taken_when_it_has_settled(office: Office) -> None:
    office.put("new.csv", CSV, ok=False)
    office.age("new.csv", 5)
    office.pull(ready="stable")
    assert office.keeping.heads() == {}
    office.age("new.csv", 120)
    office.pull(ready="stable")
    assert len(office.keeping.heads()) == 4


def test_the_same_rows_again_are_rereads_and_a_changed_row_is_the_next_version(office: Office) -> None:
    office.put("a.csv", CSV)
    office.pull()
    office.put("a.csv", CSV.replace("乙", "乙改"))
    figures = office.pull()
    assert (figures.accepted, figures.rereads) == (1, 3)
    assert office.keeping.heads()["SX:2"] == (2, identity_of({"ID": "2", "MC": "乙改"}))
    assert len([name for name in office.names("done") if name.startswith("a.csv") and ".ok" not in name]) == 2


def test_links_pipes_and_folders_are_named_and_never_read(here: Office) -> None:
    outside = here.directory / "secret.csv"
    outside.write_text("ID,MC\n9,外\n")
    (here.drop / "link.csv").symlink_to(outside)
    os.link(outside, here.drop / "hard.csv")
    os.mkfifo(here.drop / "pipe.csv")
    (here.drop / "sub.csv").mkdir()
    (here.drop / ("长" * 60 + ".csv")).write_text(CSV)
    for name in ("link.csv", "hard.csv", "pipe.csv", "sub.csv", "长" * 60 + ".csv"):
        if len(name.encode()) < 200:
            (here.drop / f"{name}.ok").write_text("name=x\nsize=1\nsha256=" + "0" * 64)
    here.pull()
    codes = sorted(code for _outcome, code, _row, _findings in here.keeping.refusals())
    assert codes == ["FIL-001"] * 4 + ["FIL-002"] * 2
    assert here.keeping.heads() == {}
    again = here.pull()
    assert again.refused == 0, "what lies there unchanged is a re-read"


def test_s7_a_link_renamed_in_while_files_are_claimed_never_leads_outside(here: Office) -> None:
    """A sender swaps a link in for a file again and again: nothing outside the drop is ever read (promises.md S7)."""
    outside = here.directory / "secret.csv"
    outside.write_text("ID,MC\n9,外\n")
    for turn in range(60):
        name = f"f{turn}.csv"
        here.put(name, f"ID,MC\n{turn + 100},好\n")
        source = here.source()
        move = source._drop.move

        def swapped(folder: str, what: str, to: str, to_name: str, move=move, name=name) -> None:  # type: ignore[no-untyped-def]
            if what == name and to == "claimed":
                (here.drop / name).unlink()
                (here.drop / name).symlink_to(outside)
            move(folder, what, to, to_name)

        if turn % 2:
            source._drop.move = swapped  # type: ignore[method-assign]
        here.keeping.pull(source)
    assert "SX:9" not in here.keeping.heads()
    assert len(here.keeping.heads()) == 30


@pytest.mark.parametrize("seed", range(6))
def test_b16_b17_nothing_is_read_twice_or_lost_wherever_the_process_dies(office: Office, seed: int) -> None:
    """Die before or after any call to the drop or to the ledger, again and again; the end is as if nothing had happened."""
    print("seed", seed)
    chance = random.Random(seed)
    expected: dict[str, str] = {}
    for number in range(1, 5):
        rows = {str(chance.randrange(12)): f"{number}-{chance.randrange(3)}" for _ in range(7)}
        expected |= rows
        office.put(f"{number}.csv", "ID,MC\n" + "".join(f"{i},{text}\n" for i, text in rows.items()), number)
    deaths = 0
    while True:
        source = office.source()
        budget = [chance.randrange(1, 40) if deaths < 12 else 10**9]
        _mortal(source, budget)
        try:
            with suppress(SourceError):
                office.keeping.pull(source, 3)
            break
        except Died:
            deaths += 1
            office.keeping.ledger.close()
            office.keeping.ledger = office.keeping.open()
    assert deaths >= 3
    assert {key: identity for key, (_v, identity) in office.keeping.heads().items()} == {
        f"SX:{i}": identity_of({"ID": i, "MC": text}) for i, text in expected.items()
    }
    assert office.names("claimed") == []
    assert [name for name in office.names("done") if name.endswith(".csv")] == ["1.csv", "2.csv", "3.csv", "4.csv"]
    for number in range(1, 5):
        assert receipt(office, f"{number}.csv")["rows"] <= 7
    assert sum(receipt(office, f"{n}.csv")["refused"] for n in range(1, 5)) == 0
    assert office.keeping.open_notices() == 0


def _mortal(source: FileSource, budget: list[int]) -> None:
    """Count every call to the drop; the process dies before or after the one that spends the budget."""
    drop = source._drop
    for name in ("prepare", "entries", "fetch", "move", "write", "remove"):
        real = getattr(drop, name)

        def call(*args: object, real=real, **more: object) -> object:  # type: ignore[no-untyped-def]
            budget[0] -= 1
            if budget[0] == 0:
                raise Died
            done = real(*args, **more)
            budget[0] -= 1
            if budget[0] == 0:
                raise Died
            return done

        setattr(drop, name, call)


def test_two_pullers_of_one_drop_lose_and_double_nothing(office: Office) -> None:
    for number in range(1, 4):
        office.put(f"{number}.csv", f"ID,MC\n{number},a\n{number + 10},b\n", number)
    first, second = office.source(), office.source()
    window = first.window(None)
    first.read(window, None, 1)  # the first one has claimed and begun, and is overtaken
    figures = office.keeping.pull(second, 1).figures
    assert figures.accepted == 6
    first.close()
    assert office.names("claimed") == []


def test_event_files_without_row_id_keep_every_row(here: Office) -> None:
    here.put("a.csv", "ID,MC\n1,甲\n1,甲\n")
    figures = here.pull(row_id=None, kind=SourceKind.EVENT)
    assert (figures.accepted, figures.duplicates) == (1, 1)


def test_a_lost_sftp_server_is_a_source_error_and_nothing_is_lost(tmp_path, request) -> None:  # type: ignore[no-untyped-def]
    office = request.getfixturevalue("here")
    office.put("a.csv", CSV)
    source = office.source(directory=str(tmp_path / "nowhere"))
    with pytest.raises(SourceError):
        office.keeping.pull(source)
    assert [each.code for each in office.source(directory=str(tmp_path / "nowhere")).check()] == ["FIL-016"]


def test_a_bad_file_sent_again_unchanged_gets_the_same_receipt_again(office: Office) -> None:
    """What is wrong with a re-read is said again, at the line where it stands now; nobody takes silence for consent (B17)."""
    for lead in ("", "9,好\n"):
        office.clock.advance(60)
        office.put("rows.csv", f"ID,MC\n{lead}1,坏\n,空\n2,好\n")
        office.put("size.csv", CSV, size=3)
        office.pull()
        line = 2 + bool(lead)
        found = [(each["row"], each["code"]) for each in receipt(office, "rows.csv")["findings"]]
        assert sorted(found) == [(line, "MAP-001"), (line + 1, "FIL-011")]
        assert [each["code"] for each in receipt(office, "size.csv")["findings"]] == ["FIL-004"]
    office.clock.advance(60)
    office.put("size.csv", CSV)
    office.pull()
    assert "FIL-004" not in {code for _outcome, code, _row, _findings in office.keeping.refusals()}
    office.clock.advance(60)
    office.put("size.csv", CSV, size=3)
    office.pull()
    assert "FIL-004" in {code for _outcome, code, _row, _findings in office.keeping.refusals()}


def test_a_workbook_too_large_for_memory_is_taken_from_a_drop_as_any_other(
    here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read row by row is read from a copy that bears no suffix."""
    import io

    import openpyxl

    from gateway.grids import excel

    monkeypatch.setattr(excel, "IN_MEMORY_ROWS", 2)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    for row in (("ID", "MC"), ("1", "甲"), ("2", "乙"), ("3", "丙")):
        sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    here.put("a.xlsx", made.getvalue())
    assert here.pull().accepted == 3
