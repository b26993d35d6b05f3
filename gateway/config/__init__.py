# SPDX-License-Identifier: Apache-2.0
"""Configuration: YAML files into closed models, every fault at once with its place, secrets by reference only."""

from gateway.config.faults import ConfigurationFaults, Fault
from gateway.config.ledger_url import LedgerUrl
from gateway.config.loading import examine, find_mapping, load, mapping_places
from gateway.config.models import Configuration, DestinationSettings, Site, SourceSettings
from gateway.config.schema import json_schema
from gateway.trust.secrets import Secret

__all__ = [
    "Configuration",
    "ConfigurationFaults",
    "DestinationSettings",
    "Fault",
    "LedgerUrl",
    "Secret",
    "Site",
    "SourceSettings",
    "examine",
    "find_mapping",
    "json_schema",
    "load",
    "mapping_places",
]
