# SPDX-License-Identifier: Apache-2.0
"""What VOL-04 reckons from two measurements: linear cost passes however noisy, growth does not."""

from gateway_conformance.cases.increments import VOLUME_SECONDS, _reckoned


def test_linear_cost_passes_and_noise_is_no_growth() -> None:
    assert _reckoned(0.02, 0.08) <= VOLUME_SECONDS
    assert _reckoned(0.2, 1.5) <= VOLUME_SECONDS, "seven times the time of a quarter is still noise"


def test_growth_with_the_square_fails() -> None:
    a = 2e-5
    assert _reckoned(a * 100**2, a * 400**2) > VOLUME_SECONDS


def test_slow_but_even_fails_where_it_is_too_slow() -> None:
    assert _reckoned(4.0, 16.0) > VOLUME_SECONDS
    assert _reckoned(2.0, 8.0) <= VOLUME_SECONDS
