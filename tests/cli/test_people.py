# SPDX-License-Identifier: Apache-2.0
"""People who act: sign-in, roles, two people for what needs two, and the audit of it all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.model.person import ALLOWED, Duty, Role
from tests.cli.people import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def test_the_first_two_found_the_site_and_later_ones_are_admitted_by_a_second_person(site: Site) -> None:
    site.found()
    assert [(each["name"], each["role"], each["approved_by"]) for each in site.json("users", "list")] == [
        ("li", "operator", "sec"),
        ("sec", "security-admin", None),
        ("sys", "system-admin", None),
        ("wang", "operator", "sec"),
    ]
    assert all("secret" not in each for each in site.json("users", "list"))


def test_who_proposed_may_not_approve_and_the_refusal_is_audited(site: Site) -> None:
    site.found()
    number = site.json("users", "add", "zhao", "--role", "reader", "--reason", "监察", by="sys")["proposal"]
    refused = site.run("approvals", "approve", str(number), "--reason", "同意", by="sys")
    assert refused.exit_code == 5
    assert "GW-712" in refused.output  # a system administrator admits nobody
    assert [each["state"] for each in site.json("approvals", "list")] == ["open"]
    last = site.json("audit", "list", "--limit", "1")[0]
    assert (last["actor"], last["action"], last["outcome"]) == ("sys", "approvals.approve", "refused")
    assert site.run("approvals", "reject", str(number), "--reason", "不需要", by="sec").exit_code == 0
    assert [each["name"] for each in site.json("users", "list")] == ["li", "sec", "sys", "wang"]
    again = site.run("approvals", "approve", str(number), "--reason", "同意", by="sec")
    assert (again.exit_code, "GW-715" in again.output) == (5, True)


def test_no_role_may_configure_and_admit_and_only_the_auditor_does_nothing_else() -> None:
    assert ALLOWED[Duty.ADD_PEOPLE] & ALLOWED[Duty.ADMIT_PEOPLE] == set()
    assert all(Role.AUDIT not in roles and Role.READER not in roles for roles in ALLOWED.values())


def test_wrong_password_unknown_name_and_nobody_named_end_with_5(site: Site) -> None:
    site.found()
    for by, password in (("sys", "wrong"), ("nobody", "wrong"), (None, "wrong")):
        refused = site.run("users", "add", "x1", "--role", "reader", "--reason", "试", by=by, password=password)
        assert (refused.exit_code, "GW-711" in refused.output) == (5, True), refused.output
    assert sum(each["action"] == "sign-in" for each in site.json("audit", "list")) == 3


def test_five_wrong_passwords_lock_a_name_for_a_while(site: Site) -> None:
    site.found()
    add = ("users", "add", "x1", "--role", "reader", "--reason", "试")
    for _ in range(5):
        site.run(*add, by="sys", password="wrong")
    assert "15" in site.run(*add, by="sys").output
    assert site.run(*add, by="sys").exit_code == 5


def test_short_passwords_bad_names_and_blank_reasons_are_usage_errors(site: Site) -> None:
    short = site.run("users", "add", "sys", "--role", "system-admin", "--reason", "建站", password="short")
    assert short.exit_code == 2
    assert site.run("users", "add", "Sys!", "--role", "system-admin", "--reason", "建站").exit_code == 2
    assert site.run("users", "add", "sys", "--role", "system-admin", "--reason", " ").exit_code == 2
    assert not site.json("users", "list")


def test_dry_run_writes_nothing(site: Site) -> None:
    assert site.run("users", "add", "sys", "--role", "system-admin", "--reason", "建站", "--dry-run").exit_code == 0
    assert site.json("users", "list") == []


def test_a_key_signs_every_act_and_the_audit_proves_it(site: Site, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "sec.key", tmp_path / "sec.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    site.run("users", "add", "sys", "--role", "system-admin", "--reason", "建站")
    site.run("users", "add", "sec", "--role", "security-admin", "--reason", "建站", "--key-file", str(public), by="sys")
    number = site.json("users", "add", "wang", "--role", "operator", "--reason", "值班", by="sys")["proposal"]
    done = site.run("approvals", "approve", str(number), "--reason", "同意", "--key", str(private), by="sec")
    assert done.exit_code == 0, done.output
    last = site.json("audit", "list", "--limit", "1")[0]
    assert (last["actor"], last["proof"], last["signature"]) == ("sec", "key", True)
    assert site.json("audit", "verify")["forged"] == []


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE act SET reason = '别的' WHERE id = 2",
        "UPDATE act SET actor = 'li' WHERE id = 1",
        "DELETE FROM act WHERE id = 2",
        "DELETE FROM act WHERE id = (SELECT max(id) FROM act)",
        "UPDATE act SET id = -1 WHERE id = 3",
    ],
)
def test_audit_verify_finds_what_was_changed_removed_or_reordered(site: Site, tamper: str) -> None:
    site.found()
    assert site.run("audit", "verify").exit_code == 0
    with closing(sqlite3.connect(site.folder / "var" / "ledger.db")) as connection, connection:
        connection.execute(tamper)
    assert site.run("audit", "verify").exit_code == 1


def test_a_head_exported_before_a_rewrite_shows_it(site: Site) -> None:
    site.found()
    head = site.json("audit", "verify")["head"]
    assert site.run("audit", "verify", "--head", head).exit_code == 0
    assert site.run("audit", "verify", "--head", "00" * 32).exit_code == 1
