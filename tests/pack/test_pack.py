# SPDX-License-Identifier: Apache-2.0
"""The pack as a whole: what it says of itself, its record types, messages and manifest."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.documents import safexml
from gateway.errors import ConfigurationError
from gateway.model.record_type import LaneKind, Role
from gateway.pack import Pack, load_pack
from gateway.pack.files import MANIFEST
from gateway.pack.manifest import differences, main, render

CASE_HEAD = (
    "caseNo", "itemCode", "itemVersion", "orgCode", "regionCode", "sequence", "version", "operation", "occurredAt",
    "operatorName", "operatorPost", "operatorId", "remark", "secrecy", "tradeSecret", "minor", "entrustedOrgCode",
)  # fmt: skip


def test_the_pack_says_that_it_is_not_the_official_text(pack: Pack) -> None:
    assert "并非官方文本" in pack.edition
    assert "not the official text" in pack.edition


def test_a_pack_is_loaded_once(pack: Pack) -> None:
    assert load_pack() is pack


def test_every_record_type_of_the_standard_is_there(pack: Pack) -> None:
    assert set(pack.types) == {
        "QL_SX", "QL_LC", "QL_JG", "QL_GW",
        "XK_SQ", "XK_SL", "XK_BZ", "XK_HJ", "XK_TB", "XK_YQ", "XK_JD", "XK_SD", "XK_SF", "XK_BG",
        "CF_LA", "CF_DC", "CF_GZ", "CF_TZ", "CF_JD", "CF_ZX", "CF_JA", "CF_YQ", "CF_ZZ", "CF_ZG", "CF_YS",
        "ZS_HD", "ZS_JD", "ZS_JN", "ZS_JM", "ZS_CJ", "ZS_TF", "ZS_JA",
        "QZ_SP", "QZ_CG", "QZ_JD", "QZ_SS", "QZ_YQ", "QZ_JC", "QZ_CL", "QZ_ZZ", "QZ_JA",
        "ZY_JD", "ZY_FH", "ZY_BC", "ZY_JA",
        "GG_CH", "GG_FY", "GG_BG", "GG_FJ", "GK_XX", "JC_YJ", "JC_DB", "JC_FK", "TS_XX", "DZ_RB", "HZ_XX",
    }  # fmt: skip
    assert {kind.element for kind in pack.types.values()} == set(pack.by_element)


def test_every_role_points_at_an_element(pack: Pack) -> None:
    for kind in pack.types.values():
        for role, path in kind.roles.items():
            assert pack.shape(kind.code).find(path) is not None, (kind.code, role)
        assert {Role.ORGANISATION, Role.VERSION, Role.OPERATION, Role.OCCURRED_AT} <= kind.roles.keys()


def test_case_records_begin_with_the_common_head(pack: Pack) -> None:
    for kind in pack.types.values():
        names = tuple(element.name for element in pack.shape(kind.code).children)
        assert (names[: len(CASE_HEAD)] == CASE_HEAD) == (kind.lane is LaneKind.CASE), kind.code


def test_lanes_and_roles_fit(pack: Pack) -> None:
    needed = {
        LaneKind.CASE: {Role.CASE, Role.SEQUENCE, Role.ITEM},
        LaneKind.OWN: {Role.OWN_CODE},
        LaneKind.NAMED: {Role.TARGET_KEY},
    }
    for kind in pack.types.values():
        assert needed[kind.lane] <= kind.roles.keys(), kind.code
        if kind.lane is LaneKind.NAMED:
            needed_too = {Role.TARGET_TYPE, Role.TARGET_VERSION} if kind.withdraws else {Role.OWN_CODE}
            assert needed_too <= kind.roles.keys(), kind.code
    assert [kind.code for kind in pack.types.values() if kind.withdraws] == ["GG_CH"]


def test_an_own_code_is_the_first_element(pack: Pack) -> None:
    """Receivers that know nothing of roles find the key of a record without a case in its first element."""
    for kind in pack.types.values():
        if Role.OWN_CODE in kind.roles:
            assert pack.shape(kind.code).children[0].name == kind.roles[Role.OWN_CODE], kind.code


def test_predecessors_come_earlier_in_the_case(pack: Pack) -> None:
    for kind in pack.types.values():
        for code in kind.predecessors:
            assert pack.types[code].rank < kind.rank, (code, kind.code)


def test_a_case_begins_with_application_or_filing(pack: Pack) -> None:
    beginners = {code for code, kind in pack.types.items() if kind.category in ("XK", "CF") and not kind.predecessors}
    assert beginners == {"XK_SQ", "CF_LA", "CF_ZG"}


def test_the_wrapper_takes_every_record_type(pack: Pack) -> None:
    schema = safexml.parse((pack.schema_path).read_bytes())
    listed = {node.get("ref") for node in schema.iter("{http://www.w3.org/2001/XMLSchema}element") if node.get("ref")}
    assert listed == set(pack.by_element)


@pytest.mark.parametrize(
    ("wsdl", "name", "operations"),
    [
        (
            "wsdl",
            "PowerExchange",
            "Ping GetVersion SubmitPackage QueryReceipt GetStatement GetKeys FetchNotices AckNotices",
        ),
        ("department_wsdl", "DepartmentData", "Ping GetVersion GetRecords GetKeys GetCounts PutReceipt PutNotice"),
    ],
)
def test_zeep_loads_the_wsdls_without_network(pack: Pack, wsdl: str, name: str, operations: str) -> None:
    import zeep

    class Closed(zeep.Transport):
        def load(self, url: str) -> bytes:
            assert "://" not in url, url
            return Path(url).read_bytes()

    make: Any = zeep.Client  # zeep has no types
    closed: Any = Closed
    path = pack.root / pack.toml("pack.toml")[wsdl]
    client = make(str(path), transport=closed())
    (service,) = client.wsdl.services.values()
    assert {port: set(held.binding._operations) for port, held in service.ports.items()} == {
        f"{name}Soap11": set(operations.split()),
        f"{name}Soap12": set(operations.split()),
    }
    action = service.ports[f"{name}Soap11"].binding.get("GetKeys").soapaction
    assert action == f"{safexml.parse(path.read_bytes()).get('targetNamespace')}/GetKeys"
    assert safexml.check_schema_files(path, pack.root)


def test_the_manifest_is_true(pack: Pack) -> None:
    assert differences(pack.root) == (), "run python -m gateway.pack.manifest"
    assert main(["--check"]) == 0


def test_the_manifest_sees_changed_new_and_lost_files(pack: Pack, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(pack.root, root)
    (root / "roles.toml").write_text("# changed", encoding="utf-8")
    (root / "codes" / "New.csv").write_text("# new", encoding="utf-8")
    (root / "xsd" / "gg.xsd").unlink()
    assert differences(root) == ("codes/New.csv", "roles.toml", "xsd/gg.xsd")
    (root / MANIFEST).write_text(render(root), encoding="utf-8")
    assert differences(root) == ()


def test_the_digest_follows_the_content(pack: Pack, tmp_path: Path) -> None:
    shutil.copytree(pack.root, tmp_path / pack.name)
    copy = load_pack(pack.name, tmp_path)
    assert copy.digest == pack.digest
    shutil.copytree(pack.root, tmp_path / "other" / pack.name)
    with (tmp_path / "other" / pack.name / "codes" / "PayKind.csv").open("a", encoding="utf-8") as file:
        file.write("支票,支票,cheque,,,\n")
    assert load_pack(pack.name, tmp_path / "other").digest != pack.digest


def test_an_absent_pack_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such folder"):
        load_pack("nowhere", tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [('case = "caseNo"', 'case = "caseNumber"'), ('predecessors = ["XK_SQ"]', 'predecessors = ["XK_XX"]')],
)
def test_roles_that_name_what_is_not_there_are_refused(pack: Pack, tmp_path: Path, before: str, after: str) -> None:
    shutil.copytree(pack.root, tmp_path / "copy")
    roles = tmp_path / "copy" / "roles.toml"
    text = roles.read_text(encoding="utf-8")
    assert before in text
    roles.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not in schema"):
        load_pack("copy", tmp_path)
