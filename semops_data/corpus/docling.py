"""Docling's service: PDF and office files to Markdown, each content once, kept below the platform's home.

The service is somebody else's: short limits of ours, a broken answer is an error with a reason, and what it gives is
text like any other. Without a service such files are listed as not read.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semops_data.settings import Settings

MOST_BYTES = 50_000_000
MOST_MARKDOWN = 20_000_000
CONNECT_SECONDS = 3.0


class ConversionError(ValueError):
    """A file could not be converted: why, and what to do."""


@dataclass
class Docling:
    """A conversion service and what it gave so far.

    Attributes:
        url: address of docling-serve; None where there is none.
        kept: folder of the conversions, one file by sha256 of what was converted.
        timeout: seconds that one conversion may take.
        api_key: key of the service.
    """

    url: str | None
    kept: Path
    timeout: float = 60.0
    api_key: str | None = None
    _is_away: str | None = None

    def convert(self, name: str, raw: bytes) -> str:
        """The Markdown of a file.

        Raises:
            ConversionError: where there is no service, it cannot be reached, or it cannot convert the file.
        """
        file = self.kept / f"{hashlib.sha256(raw).hexdigest()}.md"
        if file.is_file():
            return file.read_text(encoding="utf-8")
        if self.url is None:
            kind = PurePosixPath(name).suffix.lstrip(".").upper()
            raise ConversionError(
                f"{kind} files are read through Docling's service: set SEMOPS_DOCLING_URL to its address, "
                "or leave them out with SEMOPS_CORPUS_INCLUDE"
            )
        if self._is_away is not None:
            # One timeout a reading is enough: a folder of a thousand files must not wait a thousand times.
            raise ConversionError(self._is_away)
        text = self._asked(name, raw)
        self.kept.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}.new")
        partial.write_text(text, encoding="utf-8", errors="replace")
        partial.replace(file)
        return file.read_text(encoding="utf-8")

    def _asked(self, name: str, raw: bytes) -> str:
        import httpx

        address = f"{(self.url or '').rstrip('/')}/v1/convert/file"
        # The name is the document's own; the service needs its ending alone.
        upload = {"files": (f"document{PurePosixPath(name).suffix.lower()}", raw, "application/octet-stream")}
        try:
            answer = httpx.post(
                address,
                files=upload,
                data={"to_formats": "md", "image_export_mode": "placeholder", "abort_on_error": "false"},
                headers={"X-Api-Key": self.api_key} if self.api_key else {},
                timeout=httpx.Timeout(self.timeout, connect=CONNECT_SECONDS),
            )
        except httpx.TimeoutException:
            raise ConversionError(
                f"Docling took more than {self.timeout:g} s: raise SEMOPS_DOCLING_TIMEOUT_SECONDS"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._is_away = f"Docling at {self.url} cannot be reached: {type(error).__name__}; start it, then run again"
            raise ConversionError(self._is_away) from None
        return _markdown(answer)


def _markdown(answer: object) -> str:
    import httpx

    assert isinstance(answer, httpx.Response)  # noqa: S101
    if answer.status_code != httpx.codes.OK:
        raise ConversionError(f"Docling answered {answer.status_code}: the file was not converted")
    try:
        told = answer.json()
        text = told["document"]["md_content"]
        status = told.get("status")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConversionError("Docling's answer holds no Markdown: the file was not converted") from None
    if status not in {"success", "partial_success"} or not isinstance(text, str):
        raise ConversionError(f"Docling could not convert the file: status {str(status)[:40]}")
    if len(text) > MOST_MARKDOWN:
        raise ConversionError(f"Docling gave {len(text):,} characters, too many to read: split the file up")
    return text.replace("\0", "")


def open_docling(settings: Settings) -> Docling:
    """The service that the settings name."""
    key = settings.docling_api_key
    return Docling(
        settings.docling_url,
        settings.home / "corpora" / "converted",
        settings.docling_timeout_seconds,
        key.get_secret_value() if key else None,
    )
