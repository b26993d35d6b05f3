# SPDX-License-Identifier: Apache-2.0
"""The local page: a run started, watched and read in a browser, and who may not."""

import html
import http.client
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gateway_conformance.case import BUILT
from gateway_conformance.serving.server import listen
from gateway_conformance.serving.workshop import Request, Workshop

pytestmark = pytest.mark.service


class Browser:
    """What a browser does, without a browser."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder

    def ask(self, method: str, path: str, host: str = "", **form: str) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Host": host or f"127.0.0.1:{self.port}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(form) if method == "POST" else None, headers)
        reply = connection.getresponse()
        body = reply.read().decode("utf-8", "replace")
        connection.close()
        return reply.status, body, {name.lower(): value for name, value in reply.getheaders()}

    def see(self, path: str = "/") -> str:
        status, body, _headers = self.ask("GET", path)
        assert status == 200, body
        return body

    def send(self, path: str, **form: str) -> str:
        token = html.unescape(re.findall(r'name="token" value="([^"]+)"', self.see())[0])
        status, body, headers = self.ask("POST", path, token=token, **form)
        assert status == 303, body
        return headers["location"]

    def wait(self, path: str, sign: str, seconds: float = 120) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            body = self.see(path)
            if sign in body:
                return body
            time.sleep(0.3)
        raise AssertionError(f"{sign} never came: {body}")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with listen(tmp_path, 0) as port:
        yield Browser(port, tmp_path)


def test_from_the_reference_system_to_a_report(browser: Browser) -> None:
    assert "还没有 sut.toml" in browser.see()
    assert browser.send("/reference", profile="S") == "/"
    browser.wait("/", "已启动")
    where = browser.send("/runs", sut="reference-s/sut.toml", only="CON", seed="3", scale="600")
    assert where == "/runs/0001"
    done = browser.wait(where, "已完成")
    assert 'class="PASS"' in done
    assert "门禁" in done
    status, report, headers = browser.ask("GET", f"{where}/report.html")
    assert (status, "一致性测试报告" in report) == (200, True)
    assert "script" not in headers["content-security-policy"]
    assert browser.ask("GET", f"{where}/result.json")[2]["content-disposition"].startswith("attachment")
    assert "0001" in browser.see()
    assert browser.ask("GET", f"{where}/request.json")[0] == 404
    assert browser.ask("GET", f"{where}/..%2f..%2fsut.toml")[0] == 404
    cut = browser.send("/runs", sut="reference-s/sut.toml", scale="600")
    browser.wait(cut, "正在运行")
    browser.wait(cut, "PASS")
    browser.send(f"{cut}/stop")
    assert "从中断处继续" in browser.see(cut)
    before = len(re.findall(r"/explain\?code=", browser.see(cut)))
    browser.send(f"{cut}/again")
    finished = browser.wait(cut, "已完成")
    assert "门禁打开" in finished
    assert len(re.findall(r"/explain\?code=", finished)) > before > 0


@pytest.mark.parametrize("profile", [each for each in BUILT if each != "S"])
def test_a_reference_system_of_each_profile(browser: Browser, profile: str) -> None:
    assert browser.send("/reference", profile=profile) == "/"
    page = browser.wait("/", "已启动")
    assert f"reference-{profile.lower()}/sut.toml" in page
    where = browser.send("/runs", sut=f"reference-{profile.lower()}/sut.toml", only="CON-01", scale="600")
    assert 'class="PASS"' in browser.wait(where, "已完成")
    token = re.findall(r'name="token" value="([^"]+)"', browser.see())[0]
    assert browser.ask("POST", "/reference", token=token, profile="Z")[0] == 400


def test_who_may_not(browser: Browser) -> None:
    (browser.folder / "sut.toml").write_text("", "utf-8")
    assert browser.ask("GET", "/", host="evil.example")[0] == 400
    assert browser.ask("POST", "/runs", sut="sut.toml", token="guess")[0] == 403
    assert browser.ask("POST", "/reference")[0] == 403
    assert browser.ask("POST", "/runs/0001/stop", token="x")[0] == 403
    assert not (browser.folder / "runs" / "0001").exists()
    headers = browser.ask("GET", "/")[2]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "<script" not in browser.see()


@pytest.mark.parametrize(
    "form",
    [{"sut": "../sut.toml"}, {"sut": "sut.toml", "scale": "0"}, {"sut": "sut.toml", "seed": "x"}, {"sut": "sut.toml", "profile": "Z"},
     {"sut": "sut.toml", "only": "--out=/tmp"}],
)  # fmt: skip
def test_what_a_form_may_not_ask_for(browser: Browser, form: dict[str, str]) -> None:
    (browser.folder / "sut.toml").write_text("", "utf-8")
    token = re.findall(r'name="token" value="([^"]+)"', browser.see())[0]
    status, body, _headers = browser.ask("POST", "/runs", token=token, **form)
    assert (status, "不能运行" in body) == (400, True)


def test_a_run_that_cannot_begin_says_why(browser: Browser) -> None:
    (browser.folder / "sut.toml").write_text("[system]\nid='<b>'\n", "utf-8")
    where = browser.send("/runs", sut="sut.toml")
    body = browser.wait(where, "已中断")
    assert "[standard]" in body
    assert "<b>" not in body.replace("<body>", "")
    assert browser.ask("GET", "/runs/9999")[0] == 404
    assert browser.ask("POST", "/runs/0001/fly", token="x")[0] in (403, 404)


def test_the_handbook_is_a_page(browser: Browser) -> None:
    assert "Oracle" in browser.see("/explain?code=E-INC-03a")
    status, body, _headers = browser.ask("GET", "/explain?code=%3Cscript%3E")
    assert (status, "<script>" in body) == (404, False)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    import click

    with listen(tmp_path, 0) as port, pytest.raises(click.ClickException, match="--port 0"), listen(tmp_path, port):
        pass


def test_processes_end_with_the_page(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    (tmp_path / "sut.toml").write_text("", "utf-8")
    number = shop.begin(Request("sut.toml"))
    shop.begin_reference("S")
    shop.close()
    assert shop.run(number).state == "cut"
    assert shop.reference("S") == "off"
    with pytest.raises(KeyError):
        shop.run("x")
