# SPDX-License-Identifier: Apache-2.0
"""Identity and versions: B1-B8, B16, B22 and every row of T1, over both databases."""

import pytest


def test_t1_new_key_is_version_1(desk, make):
    feed = desk.feed()
    assert feed.row("r1", "raw", make.draft("LA", "c1", "A")).accepted == 1
    assert desk.versions("LA:c1:1") == [(1, "accepted", "A")]
    assert desk.queued() == ["LA:c1:1 v1"]
