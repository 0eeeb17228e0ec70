"""`dst ui`: the web page and the daemon, on loopback."""

from __future__ import annotations

import os
import signal
import socket
import sys

import click

from semops_data.cli.errors import ConfigurationError
from semops_data.cli.home import prepare
from semops_data.settings import load_settings


@click.command("ui")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind; the page has no login.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
def command(host: str, port: int) -> None:
    """Serve the asset graph and start the daemon (schedules and sensors)."""
    prepare(load_settings())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(f"{host}:{port}: {error.strerror}; choose another port with --port") from error
    click.echo(f"http://{host}:{port} (Ctrl-C ends it)", err=True)
    # A shell that starts this in the background has SIGINT ignored, and `dagster dev` could then not be ended.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = ["-m", "semops_data.definitions", "-h", host, "-p", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", "dagster", "dev", *arguments])  # noqa: S606
