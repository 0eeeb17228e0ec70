"""An S3 server on this machine: `python -m semops_data_tests.fakes.s3_server PORT`.

It is moto's, which looks whether an object is there and then writes it: of two that ask at the same moment both are
told that they were first. One request at a time makes its conditional puts what those of S3 are.
"""

from __future__ import annotations

import sys
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

if TYPE_CHECKING:
    from collections.abc import Iterable


def main() -> None:
    """Serve until the process is ended."""
    moto, one = DomainDispatcherApplication(create_backend_app), Lock()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with one:
            return moto(environ, start_response)

    run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True)


if __name__ == "__main__":
    main()
