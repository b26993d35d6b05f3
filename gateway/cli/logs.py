# SPDX-License-Identifier: Apache-2.0
"""The log of a running gateway: as configured, times in +08:00, free text masked before it is written.

What libraries warn of (the job queue, the connection pool) goes the same way, one line each: left alone it would come
to standard error as tracebacks, unmasked, and where nobody reads that a full pipe would stop whoever writes.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TextIO

import structlog

from gateway.clock import SystemClock
from gateway.config.models import Log
from gateway.errors import ConfigurationError
from gateway.trust.masking import mask_text

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_OWN_WORDS: Final = frozenset({"event", "level", "time", "code", "source", "destination"})
"""Keys whose values are never free text."""
_MOST_OF_A_SENTENCE: Final = 500


@contextmanager
def logging_to(log: Log) -> Iterator[None]:
    """Send log lines where ``log`` says while the block runs: JSON or text, to standard error or a file (UTF-8).

    Raises ConfigurationError where the file can't be written.
    """
    with ExitStack() as opened:
        stream: TextIO = sys.stderr
        if log.file is not None:
            try:
                log.file.parent.mkdir(parents=True, exist_ok=True)
                stream = opened.enter_context(log.file.open("a", encoding="utf-8", buffering=1))
            except OSError as fault:
                raise ConfigurationError(f"gateway.yaml: log.file: {log.file}: {fault.strerror}") from fault
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                _stamp,
                _mask,
                structlog.processors.format_exc_info,
                _renderer(log),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log.level]),
            logger_factory=structlog.WriteLoggerFactory(file=stream),
            cache_logger_on_first_use=False,
        )
        libraries = _Libraries(logging.WARNING)
        logging.getLogger().addHandler(libraries)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(libraries)
            structlog.reset_defaults()


class _Libraries(logging.Handler):
    """Writes what libraries log into the log of the gateway: who, what, and the kind of the exception, no traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        said = " ".join(record.getMessage().split())[:_MOST_OF_A_SENTENCE]
        structlog.get_logger().log(
            record.levelno, "library", library=record.name, said=said, fault=kind.__name__ if kind else None
        )


def _renderer(log: Log) -> Any:
    if log.format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.KeyValueRenderer(key_order=["time", "level", "event"], repr_native_str=False)


def _stamp(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["time"] = SystemClock().now().isoformat(timespec="milliseconds")
    return event


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and key not in _OWN_WORDS:
            event[key] = mask_text(value)
    return event
