# SPDX-License-Identifier: Apache-2.0
"""The interface of a department's service: suite and gateway read the same one, and what changes in it is named."""

from collections.abc import Callable
from contextlib import closing

import pytest

from gateway.clock import SystemClock
from gateway.config import load
from gateway.errors import SourceError
from gateway.flow.golive import interface_of
from gateway.parts import open_source
from gateway.semantics.interface import Interface
from gateway_conformance import sut
from gateway_conformance.capture import Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.subjects.soap import SoapSubject
from tests.services.site import Place

Build = Callable[..., Place]


def seen(place: Place) -> Interface:
    configuration = load(place.folder)
    with closing(open_source(configuration, configuration.sources[0], SystemClock())) as source:
        shown = interface_of(source)
    assert shown is not None
    return shown


def test_suite_and_gateway_bind_the_same_interface_and_a_change_is_named(build: Build) -> None:
    place = build()
    description = sut.load(place.folder.parent / "department" / "sut.toml")
    with closing(SoapSubject(description, ScaledClock(), Judge(None))) as subject:
        attested = subject.interface()
    assert attested is not None
    shown = seen(place)
    assert shown.as_json() == attested.as_json()
    assert shown.digest == attested.digest

    department = place.department
    given = department.wsdl
    department.wsdl = lambda url: given(url).replace(b"GetCounts", b"GetCount")
    assert [each.part.partition(":")[0] for each in attested.changes(seen(place))] == ["wsdl"]
    department.wsdl = given
    assert attested.changes(seen(place)) == ()


def test_a_service_that_is_gone_is_a_source_error(build: Build) -> None:
    place = build()
    place.running.close()
    with pytest.raises(SourceError):
        seen(place)
