# SPDX-License-Identifier: Apache-2.0
"""Both services as other people's SOAP stacks see them: they load the WSDL from the pack's files and call."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from gateway.pack import load_pack
from tests.interop import department
from tests.interop.conftest import Call, Client, Plan, Running
from tests.reference.client import file_case

pytestmark = pytest.mark.service

PACK = load_pack()
ABOUT = PACK.toml("pack.toml")
EXCHANGE, DEPARTMENT = PACK.root / ABOUT["wsdl"], PACK.root / ABOUT["department_wsdl"]
VERSIONS = pytest.mark.parametrize("soap12", [False, True], ids=["soap11", "soap12"])
NOTICE = (PACK.root / "samples" / "valid" / "JC_YJ.xml").read_text(encoding="utf-8")


def _operations(wsdl: Path) -> list[str]:
    return sorted(set(re.findall(r'<wsdl:operation name="(\w+)"', wsdl.read_text(encoding="utf-8"))))


def _tls(platform: Running) -> dict[str, str]:
    me = platform.sender.me
    files = {"ca": platform.sender.city["ca"], "cert": me["client_certificate"], "key": me["client_key"]}
    return {name: str(path) for name, path in files.items()}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def system(platform: Running) -> Iterator[department.Department]:
    """A department system that gives a signed package."""
    schema = PACK.root / "xsd" / "department.xsd"
    with department.running(schema, platform.sender.package([file_case(1)]).decode()) as server:
        yield server


@VERSIONS
def test_scripts_call_power_exchange(client: Client, platform: Running, soap12: bool) -> None:
    package = platform.sender.package([file_case(1), file_case(2)]).decode()
    calls = [
        Call("Ping"),
        Call("GetVersion"),
        Call("SubmitPackage", content=package),
        Call("QueryReceipt", {"packageId": str(uuid.uuid4())}),
        Call("GetStatement", {"day": "2020-06-01"}),
        Call("GetKeys", {"size": 10}),
        Call("FetchNotices"),
        Call("AckNotices", {"recordId": [str(uuid.uuid4())]}),
        Call("GetKeys", {"cursor": "not ours"}),
    ]
    done = client(Plan(EXCHANGE, platform.server.url, PACK.namespace, soap12, calls, _tls(platform)))
    assert done["operations"] == _operations(EXCHANGE)
    ping, version, receipt, status, statement, keys, notices, acknowledged, refused = done["answers"]
    assert "+08:00" in _text(ping["result"])
    assert platform.sender.receiver in _text(version["result"])
    assert _text(receipt["result"]).count('"0000"') == 3
    assert "never-received" in _text(status["result"])
    assert '"day": "2020-06-01' in _text(statement["result"])
    assert [file_case(number).key in _text(keys["result"]) for number in (1, 2)] == [True, True]
    assert "fault" not in notices
    assert "0" in _text(acknowledged["result"])
    assert refused["fault"]["code"] == "1002"
    assert {row["key"] for row in platform.held()["records"]} == {file_case(1).key, file_case(2).key}


@VERSIONS
def test_scripts_call_department_data(
    client: Client, platform: Running, system: department.Department, soap12: bool
) -> None:
    receipt = etree.tostring(platform.sender.submit([file_case(1)]).receipt, with_tail=False).decode()
    notice = NOTICE[NOTICE.index("<alert") :]
    calls = [
        Call("Ping"),
        Call("GetVersion"),
        Call("GetRecords", {"types": ["CF_LA", "CF_JD"], "since": "2026-01-01T00:00:00+08:00", "size": 100}),
        Call("GetKeys", {"day": "2026-01-05"}),
        Call("GetCounts", {"day": "2026-01-05"}),
        Call("PutReceipt", content=receipt),
        Call("PutNotice", content=notice),
        Call("GetKeys", {"day": "next Monday"}),
    ]
    done = client(Plan(DEPARTMENT, system.url, department.NS, soap12, calls))
    assert done["operations"] == _operations(DEPARTMENT)
    ping, version, records, keys, counts, put, noticed, refused = done["answers"]
    assert department.NOW in _text(ping["result"])
    assert "示例系统 2.1" in _text(version["result"])
    assert "c2" in _text(records["result"])
    assert "bodyDigest" in _text(records["result"])
    assert "CF_LA:MA0000015-2022-CF-00000001:1" in _text(keys["result"])
    assert '"count": ' in _text(counts["result"])
    assert "true" in _text(put["result"])
    assert "true" in _text(noticed["result"])
    assert refused["fault"]["code"] == "1002"
    envelope = department.SOAP12 if soap12 else department.SOAP11
    assert [took[:2] for took in system.took] == [(call.operation, envelope) for call in calls]
    assert all(department.NS in action for _, _, action in system.took)


@VERSIONS
def test_zeep_calls_department_data(platform: Running, system: department.Department, soap12: bool) -> None:
    make: Any = zeep.Client  # zeep has no types
    client = make(str(DEPARTMENT))
    wanted = Soap12Binding if soap12 else Soap11Binding
    (service,) = client.wsdl.services.values()
    port = next(port for port in service.ports.values() if type(port.binding) is wanted)
    assert sorted(port.binding._operations) == _operations(DEPARTMENT)
    proxy = client.create_service(str(port.binding.name), system.url)
    assert proxy.Ping() is not None
    assert proxy.GetVersion()["system"] == "示例系统 2.1"
    records = proxy.GetRecords(types=["CF_LA"], size=100)
    assert (records["more"], records["nextCursor"]) == (True, "c2")
    assert records["Package"]["Head"]["recordCount"] == 1
    assert proxy.GetKeys(day=date(2026, 1, 5))["row"][0]["version"] == 1
    assert proxy.GetCounts(day=date(2026, 1, 5))[0]["count"] == 2
    with pytest.raises(zeep.exceptions.Fault) as caught:
        proxy.GetRecords(types=["not a type"])
    assert caught.value.detail.findtext(f".//{{{PACK.namespace}}}code") == "1002"


def test_a_package_that_a_script_sent_is_verified(client: Client, platform: Running) -> None:
    """The signature must have survived the client's own XML library: the platform checks it before anything is held."""
    tampered = platform.sender.package([file_case(1, fact="无照经营")]).decode().replace("无照经营", "证照齐全")
    calls = [Call("SubmitPackage", content=tampered)]
    done = client(Plan(EXCHANGE, platform.server.url, PACK.namespace, False, calls, _tls(platform)))
    assert '"1005"' in _text(done["answers"][0])
    assert platform.held()["records"] == []


def test_the_scripts_have_no_registry_address() -> None:
    lock = json.loads((Path(__file__).parent / "node" / "package-lock.json").read_text(encoding="utf-8"))
    assert all("resolved" not in entry for entry in lock["packages"].values())
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
