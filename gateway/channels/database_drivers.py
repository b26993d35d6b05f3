# SPDX-License-Identifier: Apache-2.0
"""Drivers of databases: which are opened, what of a URL may be said, and how a missing one is brought to a closed network.

A configuration file must not be able to run statements or read files through a driver's options: of a URL's parameters
only those stand here that choose a server or its TLS.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry

from gateway.errors import ConfigurationError
from gateway.model.words import Words


class Driver(NamedTuple):
    """One kind of database: the URL that opens it, its driver's package, and the URL parameters that are allowed.

    ``extra`` is the gateway's extra that brings the driver, ``wheel`` what pip is asked for without one; both are empty
    where the driver comes with the database itself (``source``).
    """

    url: str
    package: str
    parameters: frozenset[str] = frozenset()
    wheel: str = ""
    extra: str = ""
    source: Words | None = None


DRIVERS: Final[dict[str, Driver]] = {
    "sqlite": Driver("sqlite+pysqlite", "sqlite3"),
    "postgresql": Driver(
        "postgresql+psycopg", "psycopg", frozenset({"host", "port", "sslmode", "sslrootcert"}), "psycopg[binary]>=3.2.9,<4",
        "postgresql",
    ),
    "mysql": Driver("mysql+pymysql", "pymysql", frozenset({"unix_socket", "ssl_ca"}), "pymysql>=1.1.1,<2", "mariadb"),
    "mariadb": Driver("mariadb+pymysql", "pymysql", frozenset({"unix_socket", "ssl_ca"}), "pymysql>=1.1.1,<2", "mariadb"),
    "oracle": Driver("oracle+oracledb", "oracledb", frozenset({"service_name"}), "oracledb>=2.5,<5", "oracle"),
    "mssql": Driver("mssql+pymssql", "pymssql", frozenset(), "pymssql>=2.3,<3", "sqlserver"),
    "dm": Driver(
        "dm+dmPython", "dmPython", frozenset(), "", "", Words(
            "dmPython 的源码在达梦安装目录 drivers/python/dmPython:在装有同版本 Python 和达梦客户端(设好 DM_HOME)的机器上运行"
            " pip wheel . -w drivers,把 drivers 拷来后运行 pip install --no-index --find-links drivers dmPython",
            "the source of dmPython lies in drivers/python/dmPython of a DM installation: run pip wheel . -w drivers on a machine"
            " with the same Python and DM client (DM_HOME set), copy drivers here and run"
            " pip install --no-index --find-links drivers dmPython",
        ),
    ),
    "kingbase": Driver(
        "kingbase+ksycopg2", "ksycopg2", frozenset({"host", "port", "sslmode", "sslrootcert"}), "", "", Words(
            "ksycopg2 由人大金仓提供:按本机的 Python 版本和处理器下载其 Python 驱动包,把其中的 ksycopg2 目录拷到 site-packages",
            "ksycopg2 is supplied by Kingbase: take its Python driver for this Python and processor and copy the folder ksycopg2"
            " into site-packages",
        ),
    ),
}  # fmt: skip
"""What is opened, by the name that a URL begins with."""

UNVERIFIED: Final = frozenset({"oracle", "mssql", "dm", "kingbase"})
"""Databases of which no real server has been at hand: their statements are compiled and checked, not run."""

registry.register("dm.dmPython", "gateway.channels.database_domestic", "DmDialect")
registry.register("kingbase.ksycopg2", "gateway.channels.database_domestic", "KingbaseDialect")


def make_engine(url: Any, place: str, **more: Any) -> Engine:
    """Make an engine without connecting; raises ConfigurationError that says how to install a driver that is missing."""
    driver = DRIVERS[url.get_backend_name()]
    try:
        return create_engine(url, pool_pre_ping=True, hide_parameters=True, **more)
    except ImportError as missing:
        raise ConfigurationError(
            f"{place}: options.url: 缺少数据库驱动 {driver.package} / the driver {driver.package} is not installed",
            how_to_install(driver),
        ) from missing


def how_to_install(driver: Driver) -> Words:
    """Return the sentence that says how a driver gets onto this machine, with a network and without."""
    if driver.source is not None:
        return driver.source
    bring = f'pip download "{driver.wheel}" -d drivers'
    take = f'pip install --no-index --find-links drivers "{driver.wheel}"'
    whole = f"pip install 'power-exchange-gateway[{driver.extra}]'"
    return Words(
        f"能上网时运行 {whole};不能上网时在能上网、系统和 Python 版本相同的机器上运行 {bring},把 drivers 目录拷到本机后运行 {take}",
        f"with internet run {whole}; without, run {bring} on a machine with internet and the same system and Python,"
        f" copy drivers here and run {take}",
    )
