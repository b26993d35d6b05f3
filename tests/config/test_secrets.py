# SPDX-License-Identifier: Apache-2.0
"""References to secrets: resolved when asked for, never shown."""

from pathlib import Path

import pytest

from gateway.config import LedgerUrl, Secret
from gateway.errors import ConfigurationError


def test_each_kind_of_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "word").write_text("made-up\n", encoding="utf-8")
    monkeypatch.setenv("TEST_WORD", "made-up")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for reference in ("file:word", "env:TEST_WORD", "credential:word"):
        secret = Secret(reference, tmp_path)
        assert secret.there()
        assert secret.reveal() == "made-up"
        assert "made-up" not in repr(secret)


def test_a_secret_that_is_gone_names_its_reference(tmp_path: Path) -> None:
    secret = Secret("file:nowhere", tmp_path)
    assert not secret.there()
    with pytest.raises(ConfigurationError, match="file:nowhere"):
        secret.reveal()


def test_the_address_of_a_ledger_may_be_a_secret(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://gateway:made-up@127.0.0.1/gateway\n", encoding="utf-8")
    url = LedgerUrl("file:url", tmp_path)
    assert url.reveal() == "postgresql+psycopg://gateway:made-up@127.0.0.1/gateway"
    assert "made-up" not in repr(url)


def test_a_wrong_address_behind_a_reference_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("oracle://x/y", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"ledger\.url"):
        LedgerUrl("file:url", tmp_path).reveal()


def test_an_absolute_sqlite_path_stays(tmp_path: Path) -> None:
    url = LedgerUrl(f"sqlite:///{tmp_path / 'ledger.db'}", Path("/somewhere"))
    assert url.reveal() == f"sqlite:///{tmp_path / 'ledger.db'}"
