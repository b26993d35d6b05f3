# SPDX-License-Identifier: Apache-2.0
"""Signed packages fetched from a department's service: once each, whatever happens on the way (B3, B5, B17)."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gateway.channels.department import DepartmentSource
from gateway.channels.department_options import DepartmentOptions
from gateway.errors import GatewayError
from gateway_reference.department import life
from gateway_reference.wire import Refusal
from tests.services.site import Place, killed

Build = Callable[..., Place]


def test_everything_the_department_shows_is_held_once_with_its_own_versions(build: Build) -> None:
    """B3: the sender's versions stand; B2: what is shown again counts nowhere."""
    place = build("page: 20")
    first = place.sync()
    assert first.failures == {}
    assert (first.figures.collected, first.figures.accepted) == (len(place.shown()), len(place.shown()))
    assert place.held() == place.shown()

    again = place.sync(whole=True)
    assert again.figures.collected == 0
    assert again.figures.rereads == len(place.shown())

    place.running.driver.drive("record.touch", {"part": "main"})
    third = place.sync()
    assert (third.figures.accepted, third.figures.collected) == (1, 1)
    assert place.held() >= place.shown()
    assert place.one("SELECT max(version) FROM record WHERE type = 'XK_SQ'") == 2


def test_a_page_comes_in_one_commit_with_its_cursor(build: Build) -> None:
    """B5: the cursor moves with the records of its page and never without them."""
    place = build("page: 50")
    pages: list[tuple[int, str]] = []
    seen = place.department.taken

    def taken(rows: Any) -> None:
        held = place.ask("SELECT count(*) FROM record")[0][0] if (place.folder / "var" / "ledger.db").exists() else 0
        pages.append((held, place.cursor))
        seen(rows)

    place.department.taken = taken
    place.sync()
    assert [held for held, _cursor in pages] == [0, 50, 100, 150]
    assert '"run"' not in place.cursor
    assert len({cursor for _held, cursor in pages}) == 4


@pytest.mark.parametrize("at", ["GetRecords", "commit", "PutReceipt"])
def test_killed_anywhere_nothing_is_lost_and_nothing_comes_twice(build: Build, at: str) -> None:
    """B5, B17: killed between page and commit, and between commit and receipt, it goes on where it was."""
    place = build("page: 25")
    department = place.department
    pulling: list[Any] = []
    count = [0]
    lock = threading.Lock()

    def strike(wanted: int) -> None:
        with lock:
            count[0] += 1
            if count[0] == wanted and pulling:
                killed(pulling[-1])

    taken, keep = department.taken, department.keep_receipt
    strikes = {"GetRecords": (2, 5), "commit": (1, 3), "PutReceipt": (1, 4)}[at]

    def on_page(rows: Any) -> None:
        taken(rows)
        if at != "PutReceipt":
            strike(wanted[0])

    def on_receipt(package: str, answers: Any) -> None:
        keep(package, answers)
        if at == "PutReceipt":
            strike(wanted[0])

    department.taken, department.keep_receipt = on_page, on_receipt
    wanted = [0]
    for number in strikes:
        count[0], wanted[0] = 0, number
        pulling.append(place.gateway("sync", "bureau", "--patience", "0"))
        pulling[-1].communicate(timeout=60)
        assert pulling[-1].returncode == -9, at
    wanted[0] = -1
    summary = place.sync()
    assert summary.failures == {}
    assert place.held() == place.shown()
    assert place.one("SELECT count(*) FROM record") == len(place.shown())
    assert place.one("SELECT count(*) FROM refusal") == 0
    told = department.receipts
    assert len(told) == len(place.shown())
    assert {code for codes in told.values() for code in codes} == {"0000"}
    assert place.one("SELECT count(*) FROM owed_receipt") == 0


def test_receipts_are_put_again_until_heard_and_when_waiting_ends(build: Build) -> None:
    """B17: a receipt that the department does not take stays owed; what was read stays read."""
    place = build("page: 100")
    department = place.department
    check = department.check_receipt

    def refuse(*_parts: Any) -> None:
        raise Refusal("5000", "库满 / full")

    department.check_receipt = refuse
    place.configure("page: 100", "tries: 1")
    broken = place.sync()
    assert "SVC-004" in broken.failures["bureau"]
    assert "PutReceipt: 5000" in broken.failures["bureau"]
    assert place.held() == place.shown()
    assert place.one("SELECT count(*) FROM owed_receipt WHERE attempts = 1") == 2

    department.check_receipt = check
    assert place.sync().failures == {}
    assert len(department.receipts) == len(place.shown())
    assert place.one("SELECT count(*) FROM owed_receipt") == 0


def test_a_record_that_waited_is_told_of_twice(build: Build) -> None:
    """0002 is not final: the receipt comes again once the record before it has arrived."""
    place = build()
    department = place.department
    rows = dict(department.rows)
    case = next(row.case for row in rows.values() if row.type == "XK_SQ")
    kept = [row for row in rows.values() if row.case == case]
    first = next(row for row in kept if row.type == "XK_SQ")
    department.rows = {row.key: row for row in kept if row is not first}
    place.sync()
    codes = {code for codes in department.receipts.values() for code in codes}
    assert "0002" in codes
    assert place.one("SELECT count(*) FROM owed_receipt") == 1
    place.sync()
    assert all(len(each) == 1 for each in department.receipts.values()), "nothing has changed"

    department.write(first)
    place.sync()
    assert place.one("SELECT count(*) FROM owed_receipt") == 0
    assert {codes[-1] for codes in department.receipts.values()} == {"0000"}


# -- faults ------------------------------------------------------------------------------------------------------


def fault_of(place: Place) -> str:
    summary = place.sync()
    assert summary.figures.accepted in (0, 5)
    return summary.failures["bureau"]


HTML = "<html><body>请登录</body></html>"


@pytest.mark.parametrize(
    ("seam", "code"),
    [
        (lambda d: setattr(d, "headers", lambda: {"Content-Type": "text/html"}), "SVC-003"),
        (lambda d: setattr(d, "encode", lambda _text: HTML.encode()), "SVC-005"),
        (lambda d: setattr(d, "encode", lambda text: text.encode()[: len(text) // 2]), "SVC-005"),
        (lambda d: setattr(d, "encode", lambda text: text.encode("gb18030")), "SVC-005"),
        (lambda d: setattr(d, "encode", lambda text: text.replace("?>", "?><!DOCTYPE x>", 1).encode()), "SVC-005"),
        (lambda d: setattr(d, "encode", lambda text: b" " * 9_000_000 + text.encode()), "SVC-003"),
        (lambda d: setattr(d, "standard_version", lambda: "0.9"), "SVC-007"),
        (lambda d: setattr(d, "cursor", lambda _row: "2026-03-02T09:00:00.000000+08:00|1"), "SVC-008"),
        (lambda d: setattr(d, "digest", lambda _document: "0" * 64), "SVC-006"),
    ],
    ids=["html", "html-as-xml", "half", "encoding", "doctype", "oversize", "version", "standstill", "digest"],
)  # fmt: skip
def test_a_service_at_fault_is_named(build: Build, seam: Callable[[Any], None], code: str) -> None:
    """A fault of the whole service ends the run with its name, moves nothing, and the next run goes on."""
    place = build("page: 5", "tries: 1")
    department = place.department
    before = set(vars(department))
    seam(department)
    if code == "SVC-006":  # records at fault by themselves are refused, one by one
        summary = place.sync()
        assert summary.failures == {}
        assert (summary.figures.accepted, summary.figures.refused) == (0, len(place.department.rows) - blocked(place))
        return
    told = fault_of(place)
    assert code in told
    for name in set(vars(department)) - before:
        delattr(department, name)
    assert place.sync().failures == {}
    assert place.held() == place.shown()


def blocked(place: Place) -> int:
    """Return the records that were not looked at, being behind a refused one of their case in a package."""
    codes = [code for codes in place.department.receipts.values() for code in codes]
    assert set(codes) == {"1005", "2003"}
    return codes.count("2003")


def test_the_wrong_server_is_not_asked(build: Build) -> None:
    place = build("tries: 1")
    place.configure("tries: 1", **{"127.0.0.1": "localhost.localdomain"})
    assert "SVC-001" in fault_of(place)


def test_a_server_whose_certificate_names_another_is_not_asked(build: Build) -> None:
    place = build("tries: 1")
    place.configure("tries: 1", **{"127.0.0.1": "127.0.0.2"})
    listening = place.running.service
    assert listening.server_address[0] == "127.0.0.1"
    assert "SVC-001" in fault_of(place)


def test_a_package_signed_by_another_is_not_taken(build: Build) -> None:
    place = build("page: 5", "tries: 1")
    place.configure("page: 5", "tries: 1", **{"system.pem": "receipts.pem"})
    assert "SVC-006" in fault_of(place)
    place.configure("page: 5")
    assert place.sync().failures == {}
    assert place.held() == place.shown()


def test_a_package_number_used_twice_is_named(build: Build) -> None:
    """A system that began to number its packages anew can't be told from one that swaps contents: a person looks."""
    place = build()
    place.sync()
    place.department.sequence = 0
    place.running.driver.drive("record.touch", {"part": "main"})
    assert "packageId" in place.sync().failures["bureau"]


def test_an_unregistered_client_hears_so(build: Build) -> None:
    place = build("tries: 1")
    place.configure("tries: 1", **{"bench.": "other-unit."})
    assert "GetVersion: 3001" in fault_of(place)


def test_another_body_is_not_asked_for(build: Build) -> None:
    place = build("tries: 1")
    place.configure("tries: 1", **{"11360100MA0000015H": "11360100990000017D"})
    assert "SVC-009" in fault_of(place)


@pytest.mark.parametrize("spoil", ["control", "doctype", "bytes"])
def test_one_bad_record_never_blocks(build: Build, spoil: str) -> None:
    """The page is asked for in smaller pieces until the culprit is alone; it is noted by its place, all others flow."""
    place = build("page: 50", "tries: 1")
    department = place.department
    bad = sorted(department.rows.values(), key=department.position)[70]
    document = department.document

    def shown(row: Any) -> str:
        if row.key != bad.key:
            return str(document(row))
        return document(row).replace("<itemCode>", "<itemCode>\u0001", 1) if spoil == "control" else "<坏>"

    encode = department.encode
    if spoil == "bytes":
        department.encode = lambda text: encode(text).replace("坏".encode(), b"\xff\xfe")
    department.document = shown
    summary = place.sync()
    assert summary.failures == {}
    held = {key for key, _version, _digest in place.held()}
    refused = place.ask("SELECT row_id, findings FROM refusal WHERE key IS NULL")
    assert [json.loads(each[1])[0]["code"] for each in refused] == ["SVC-005"]
    assert re.fullmatch(r"page .*\|71", refused[0][0])
    missing = {row.key for row in department.visible()} - held
    assert bad.key in missing
    assert all(department.rows[key].case == bad.case for key in missing), "only its own case may wait"

    department.document = document
    department.write(department.rows[bad.key].copy())
    assert place.sync().failures == {}
    assert {key for key, _version, _digest in place.held()} == {row.key for row in department.visible()}


def test_a_refused_record_is_a_finding_and_the_rest_goes_through(build: Build) -> None:
    place = build()
    department = place.department
    row = next(each for each in department.rows.values() if each.type == "XK_SQ")
    broken = re.sub("<projectName>[^<]*</projectName>", f"<projectName>{'长' * 300}</projectName>", row.document)
    assert broken != row.document
    department.write(row.copy(document=broken))
    summary = place.sync()
    assert summary.failures == {}
    assert summary.figures.refused >= 1
    codes = {code for codes in department.receipts.values() for code in codes}
    assert "1002" in codes or "1004" in codes
    assert summary.figures.accepted > 100


def test_a_busy_department_is_asked_again(build: Build) -> None:
    """A fault 4001 and its retryAfter are waited for, within the tries of a call."""
    place = build()
    department = place.department
    begin, waited = department.begin, list[float]()

    def busy(operation: str) -> None:
        begin(operation)
        if len(waited) < 2:
            raise Refusal("4001", "忙 / busy", retry_after=7 if not waited else None)

    department.begin = busy
    options = DepartmentOptions(
        url=place.running.service.url, ca="ca.pem", certificate="bench.pem", key="bench.key",
        signing_certificates=("system.pem",),
    )  # fmt: skip
    source = DepartmentSource("bureau", "11360100MA0000015H", options, place.keys.directory, "1.0", waited.append)
    assert source.version().organisations == ("11360100MA0000015H",)
    assert waited == [7.0, 2.0]
    source.close()


def test_the_key_list_finds_what_no_pull_has_read(build: Build) -> None:
    """B14, B26: GetCounts and GetKeys are compared with the ledger; what came with an old stamp is then collected."""
    place = build()
    place.sync()
    department = place.department
    today = department.now().date().isoformat()
    late = place.running.driver.drive("records.add", {"count": 2})["keys"]
    for key in late:
        row = department.rows[key]
        document = re.sub(r"<occurredAt>\d{4}-\d\d-\d\d", f"<occurredAt>{today}", row.document)
        department.rows[key] = row.copy(document=document, changed="2026-01-01T00:00:00.000000+08:00")
    assert place.sync().figures.collected == 0

    process = place.gateway("reconcile", "--json")
    out, err = process.communicate(timeout=60)
    differences = json.loads(out)["differences"]
    assert sorted(each["key"] for each in differences) == sorted(late), err
    assert {each["kind"] for each in differences} == {"missing"}

    assert place.sync(whole=True).figures.collected == 2
    out, _err = place.gateway("reconcile", "--json").communicate(timeout=60)
    assert json.loads(out)["differences"] == []


def test_open_alerts_are_put_to_the_department(build: Build) -> None:
    """PutNotice: an alert that another system has sent reaches the department once, and again until it takes it."""
    place, supervision = build("tries: 1"), build()
    department = place.department
    flow, document = next(
        (flow, document)
        for flow in life.FLOWS.values()
        for name, document in life._sample(department.pack.root, flow)
        if name == "alert"
    )
    category = next(each for each, named in life.FLOWS.items() if named == flow)
    case = next(row.case for row in department.rows.values() if f"-{category}-" in row.case)
    alert = supervision.department.lives.row("alert", life.put(document, "caseNo", case))
    supervision.department.rows = {}
    supervision.department.write(alert)
    told = (supervision.folder / "sources.d" / "bureau.yaml").read_text("utf-8")
    (place.folder / "sources.d" / "supervision.yaml").write_text(f"acts_for: all\n{told}", "utf-8")
    keep = department.keep_notice
    department.keep_notice = lambda *_parts: 1 / 0
    place.sync()
    assert place.one("SELECT count(*) FROM notice") == 1
    assert department.tasks == {}

    department.keep_notice = keep
    place.sync()
    assert [each["case"] for each in department.tasks.values()] == [case]
    department.keep_notice = lambda *_parts: 1 / 0
    assert place.sync().failures == {}, "it is not put a second time"
    assert place.one("SELECT count(*) FROM notice_read") == 1


def test_dry_run_check_and_shadow_change_nothing(build: Build) -> None:
    place = build("page: 30")
    dry = place.gateway("sync", "bureau", "--dry-run", "--json")
    out, _err = dry.communicate(timeout=60)
    assert json.loads(out) == {"rows": 156, "records": 156, "refused": 0, "codes": {}}
    check = place.gateway("config", "check", "--json")
    assert json.loads(check.communicate(timeout=60)[0])["ok"] is True
    place.configure("page: 30")
    source = place.folder / "sources.d" / "bureau.yaml"
    source.write_text("shadow: true\n" + source.read_text("utf-8"), "utf-8")
    shadow = place.gateway("source", "shadow", "bureau", "--json")
    assert json.loads(shadow.communicate(timeout=60)[0])["run"]["accepted"] == 156
    assert place.department.receipts == {}
    assert not (place.folder / "var" / "ledger.db").exists()


def test_a_source_of_packages_has_no_mapping(build: Build) -> None:
    place = build()
    source = place.folder / "sources.d" / "bureau.yaml"
    source.write_text("mapping: x.yaml\n" + source.read_text("utf-8").replace("kind: event", "kind: state"), "utf-8")
    with pytest.raises(GatewayError, match="mapping"):
        place.sync()
