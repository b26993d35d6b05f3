# SPDX-License-Identifier: Apache-2.0
"""The gateway's own intake as other people's SOAP stacks see it: zeep over the WSDL it serves, npm's soap, PHP."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
import zeep
from zeep.transports import Transport
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from tests.exchange.town import RECEIVER, Town
from tests.interop.conftest import Call, Client, Plan
from tests.interop.test_interop import EXCHANGE, PACK, VERSIONS, _operations, _text
from tests.reference.client import Sender, file_case

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("intake"))
    town.start()
    yield town
    town.stop()


def _tls(sender: Sender) -> dict[str, str]:
    me = sender.me
    return {"ca": sender.city["ca"], "cert": me["client_certificate"], "key": me["client_key"]}


@VERSIONS
def test_scripts_push_to_the_gateway(client: Client, intake: Town, soap12: bool) -> None:
    sender = intake.sender()
    first = uuid.uuid4().int % 10_000_000
    package = sender.package([file_case(first), file_case(first + 1)]).decode()
    tampered = sender.package([file_case(first + 2)]).decode().replace("无照经营", "证照齐全")
    calls = [
        Call("Ping"),
        Call("GetVersion"),
        Call("SubmitPackage", content=package),
        Call("SubmitPackage", content=tampered),
        Call("QueryReceipt", {"packageId": str(uuid.uuid4())}),
        Call("GetStatement", {"day": "2020-06-01"}),
        Call("GetKeys", {"size": 1000}),
        Call("FetchNotices"),
        Call("AckNotices", {"recordId": [str(uuid.uuid4())]}),
        Call("GetKeys", {"cursor": "not ours"}),
    ]
    done = client(Plan(EXCHANGE, intake.url, PACK.namespace, soap12, calls, _tls(sender)))
    assert done["operations"] == _operations(EXCHANGE)
    ping, version, receipt, altered, status, statement, keys, notices, acknowledged, refused = done["answers"]
    assert "+08:00" in _text(ping["result"])
    assert RECEIVER in _text(version["result"])
    assert _text(receipt["result"]).count('"0000"') == 3
    assert '"1005"' in _text(altered["result"])
    assert "never-received" in _text(status["result"])
    assert '"day": "2020-06-01' in _text(statement["result"])
    assert file_case(first).key in _text(keys["result"])
    assert "fault" not in notices
    assert "0" in _text(acknowledged["result"])
    assert refused["fault"]["code"] == "1002"


@VERSIONS
def test_zeep_reads_the_wsdl_that_the_gateway_serves(intake: Town, soap12: bool) -> None:
    sender = intake.sender()
    session = requests.Session()
    session.trust_env = False
    session.verify = sender.city["ca"]
    session.cert = (sender.me["client_certificate"], sender.me["client_key"])
    make: Any = zeep.Client
    client = make(f"{intake.url}?wsdl", transport=Transport(session=session))
    wanted = Soap12Binding if soap12 else Soap11Binding
    (service,) = client.wsdl.services.values()
    port = next(port for port in service.ports.values() if type(port.binding) is wanted)
    assert port.binding_options["address"] == intake.url
    proxy = client.create_service(str(port.binding.name), intake.url)
    assert proxy.Ping() is not None
    assert proxy.GetVersion()["receiver"] == RECEIVER
    number = uuid.uuid4().int % 10_000_000
    assert sender.submit([file_case(number)]).codes == ["0000"]
    found = proxy.QueryReceipt(recordId=file_case(number).record_id)
    assert found["Receipt"]["Results"]["Result"][0]["code"] == "0000"
    assert proxy.GetStatement(day=date(2020, 6, 1))["line"][0]["count"] >= 1
    with pytest.raises(zeep.exceptions.Fault) as caught:
        proxy.GetKeys(cursor="not ours")
    assert caught.value.detail.findtext(f".//{{{PACK.namespace}}}code") == "1002"
