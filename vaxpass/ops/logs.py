"""Logs without personal data: one JSON object a line, to standard error.

Two things of Django's would leak: paths and query strings (tokens, searched names) and the texts
of exceptions (a database error quotes the row). Here a request is named by its route, and an
exception by its type and the places in the code that it went through.
"""

import json
import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any

# Loggers whose own text is made of the request.
FROM_REQUESTS = ("django.request", "django.security", "django.server")


class JsonFormatter(logging.Formatter):
    """Write a record as JSON, leaving out what may name a person."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if record.name.startswith(FROM_REQUESTS):
            line |= _request(record)
        else:
            line["message"] = record.getMessage()
        if request_id := _request_id():
            line["request"] = request_id
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _exception(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _request_id() -> str:
    # The settings import this module before there are applications.
    from records.domain import context

    return context.request_id.get()


def _request(record: logging.LogRecord) -> dict[str, Any]:
    request = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    return {
        "message": "request",
        "status": getattr(record, "status_code", None),
        "method": getattr(request, "method", None),
        "route": match.route if match else None,
    }


def _exception(error: BaseException | None) -> list[dict[str, Any]]:
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    while error and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__)
        chain.append(
            {
                "type": f"{type(error).__module__}.{type(error).__qualname__}",
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def configure(level: str, *, development: bool) -> None:
    """Set logging up; development keeps readable texts, since its data are made up."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {"()": JsonFormatter},
                "text": {"format": "{levelname} {name}: {message}", "style": "{"},
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "text" if development else "json",
                }
            },
            "root": {"handlers": ["stderr"], "level": level},
            # SQL statements hold personal data whatever the level.
            "loggers": {
                "django.db.backends": {"level": "WARNING"},
                # These write codes and tokens into their texts.
                "oauthlib": {"level": "INFO"},
                "oauth2_provider": {"level": "INFO"},
                # Says of every certificate how its font was cut down.
                "fontTools": {"level": "WARNING"},
                # Scanners on the net cause these all day long.
                "django.security.DisallowedHost": {"level": "CRITICAL"},
            },
        }
    )
