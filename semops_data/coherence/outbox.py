"""The outbox of alerts: written once, posted until the webhook took them, known by their id.

`<home>/alerts/alerts.ndjson` holds every alert; `outbox.db` (SQLite) remembers what is still to be posted.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from email.message import Message

    from pydantic import SecretStr

    from semops_data.settings import Settings

WEBHOOK_TIMEOUT_SECONDS = 3.0
MOST_FAILURES = 2
logger = logging.getLogger(__name__)
SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, is_written INTEGER NOT NULL DEFAULT 0, is_due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT);
CREATE TABLE IF NOT EXISTS cursor (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), version INTEGER NOT NULL);
"""


class WebhookError(Exception):
    """The webhook did not take an alert; the message never holds its URL, which is a secret."""


@dataclass(frozen=True)
class Outbox:
    """Alerts below one folder.

    Attributes:
        folder: `<home>/alerts`.
        webhook: URL that takes alerts by POST; none by default.
    """

    folder: Path
    webhook: SecretStr | None = None

    @classmethod
    def of(cls, settings: Settings) -> Outbox:
        """The outbox of a platform home."""
        return cls(settings.home / "alerts", settings.alert_webhook)

    @property
    def file(self) -> Path:
        """The file of all alerts, one JSON object a line."""
        return self.folder / "alerts.ndjson"

    def cursor(self) -> int | None:
        """Version of the scores up to which alerts were raised."""
        if not (self.folder / "outbox.db").exists():
            return None
        with self._database() as database:
            row = database.execute("SELECT version FROM cursor").fetchone()
        return int(row[0]) if row else None

    def move_cursor(self, version: int) -> None:
        """Remember the version up to which alerts were raised."""
        with self._database() as database:
            database.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?)", (version,))

    def write(self, alerts: Sequence[Mapping[str, Any]]) -> list[str]:
        """Take in alerts and append the new ones to the file.

        Returns:
            The ids that are new. A crash at any instant, then the same call, writes each once.
        """
        if not alerts and not self.folder.exists():
            return []
        with self._database() as database:
            known = {row[0] for row in database.execute("SELECT id FROM alerts")}
            rows = [(alert["id"], _json(alert), int(self.webhook is not None)) for alert in alerts]
            database.executemany("INSERT OR IGNORE INTO alerts (id, body, is_due) VALUES (?, ?, ?)", rows)
            self._append(database.execute("SELECT id, body FROM alerts WHERE NOT is_written ORDER BY rowid").fetchall())
            database.execute("UPDATE alerts SET is_written = 1 WHERE NOT is_written")
        return [identifier for identifier, _, _ in rows if identifier not in known]

    def post_due(self) -> int:
        """Post what the webhook has not taken yet, oldest first; give up early where it does not answer.

        Returns:
            How many are still due. Never raises: an alert that cannot be posted stays due, and the log says so.
        """
        if self.webhook is None or not (self.folder / "outbox.db").exists():
            return 0
        failures: list[str] = []
        # The transaction is held while posting: a second process waits, and then finds nothing due.
        with self._database() as database:
            due = database.execute("SELECT id, body FROM alerts WHERE is_due ORDER BY rowid").fetchall()
            for identifier, body in due:
                try:
                    post(self.webhook.get_secret_value(), identifier, body)
                except WebhookError as error:
                    failures.append(str(error))
                    change = "attempts = attempts + 1, last_error = ?"
                    database.execute(f"UPDATE alerts SET {change} WHERE id = ?", (str(error), identifier))  # noqa: S608
                    if len(failures) == MOST_FAILURES:
                        break
                else:
                    change = "attempts = attempts + 1, last_error = NULL, is_due = 0"
                    database.execute(f"UPDATE alerts SET {change} WHERE id = ?", (identifier,))  # noqa: S608
            left = int(database.execute("SELECT count(*) FROM alerts WHERE is_due").fetchone()[0])
        if failures:
            logger.warning("%d alerts wait for the webhook: %s; they are posted next time", left, failures[-1])
        return left

    def _append(self, rows: list[tuple[str, str]]) -> None:
        """Append lines that the file does not hold yet: a crash after this and before the commit repeats the call."""
        if not rows:
            return
        held = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        lines = "".join(f"{body}\n" for _, body in rows if f"{body}\n" not in held)
        torn = "\n" if held and not held.endswith("\n") else ""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(torn + lines)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The outbox in one write transaction, committed where the body does not raise."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.folder / "outbox.db", timeout=30, isolation_level=None)) as database:
            database.executescript(SCHEMA)
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that redirects is refused: the alert would go where nobody configured."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow nothing."""


def post(url: str, identifier: str, body: str) -> None:
    """Post one alert; the receiver can tell a repetition by the header `Idempotency-Key`.

    Raises:
        WebhookError: where it is not taken with a 2xx within `WEBHOOK_TIMEOUT_SECONDS`.
    """
    try:
        if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
            raise WebhookError("SEMOPS_ALERT_WEBHOOK is no http or https URL")
        headers = {"Content-Type": "application/json", "Idempotency-Key": identifier}
        request = urllib.request.Request(url, body.encode(), headers, method="POST")  # noqa: S310 - scheme is checked
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=WEBHOOK_TIMEOUT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise WebhookError(f"the webhook answered {error.code}") from None
    except urllib.error.URLError as error:
        reason = error.reason.strerror if isinstance(error.reason, OSError) else None
        raise WebhookError(f"the webhook is not reachable: {reason or type(error.reason).__name__}") from None
    except (OSError, ValueError) as error:
        # The text of these errors may hold the URL, and with it the secret.
        raise WebhookError(f"the webhook could not be used: {type(error).__name__}") from None


def _json(alert: Mapping[str, Any]) -> str:
    return json.dumps(alert, ensure_ascii=False, sort_keys=True)
