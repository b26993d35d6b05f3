# SPDX-License-Identifier: Apache-2.0
"""Every sentence of standard and law is held by rules, or says why a machine can't; every rule holds a sentence."""

from gateway.pack import load_pack
from gateway.rules import Rules

PACK = load_pack()
SENTENCES = PACK.toml("rules/sentences.toml")["sentence"]


def test_every_sentence_has_rules_or_a_reason() -> None:
    for each in SENTENCES:
        assert each["rules"] or len(each["because"]) == 2, each["zh"]
        assert each["en"].isascii(), each["en"]


def test_every_rule_holds_a_sentence() -> None:
    named = {code for each in SENTENCES for code in each["rules"]}
    assert named == set(Rules(PACK).catalogue)


def test_no_sentence_stands_twice() -> None:
    said = [(each["source"], each["zh"]) for each in SENTENCES]
    assert len(said) == len(set(said))
