"""Structured logs: one line an event, with the request's id, and no secret in any of them."""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAME = re.compile(r"(authorization|cookie|passw|secret|token|api_?key|credential|signature)", re.IGNORECASE)
SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|hub_)[\w\-.~+/=]{6,}"
    r"|((?:token|secret|password|key|signature)=)[^\s&\"']+"
    r"|(://[^/\s:@]+:)[^@\s/]+(?=@)"
    r"|((?<=[\s/])(?:s|signed)/)[\w\-:.]{16,}"
)
HIDDEN = "[hidden]"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def scrub(_logger: WrappedLogger | None, _method: str, event: EventDict) -> EventDict:
    """Hide values under names that hold secrets, and secrets inside texts."""
    return {key: HIDDEN if SECRET_NAME.search(key) else _scrub_value(value) for key, value in event.items()}


def _scrub_value(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET_TEXT.sub(lambda m: (m[1] or m[2] or m[3] or m[4]) + HIDDEN, value)
    if isinstance(value, dict):
        return scrub(None, "", value)
    if isinstance(value, list | tuple):
        return [_scrub_value(item) for item in value]
    return value


def _escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Control characters could forge a line or drive a terminal."""
    text = event.get("event")
    if isinstance(text, str):
        event["event"] = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return event


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """A `LOGGING` value in which the standard library's records and structlog's take the same way out."""
    if level not in LEVELS:
        raise ValueError(f"LOG_LEVEL is {level!r}; it must be one of {', '.join(LEVELS)}")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        scrub,
        _escape_controls,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: Processor = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"level": logging.WARNING},
            # A refused request is an answer, told in full by the request's own line.
            "django.request": {"level": logging.ERROR},
            "django.security": {"level": logging.ERROR},
            "django.security.DisallowedHost": {"level": logging.CRITICAL},
            "botocore": {"level": logging.WARNING},
            "boto3": {"level": logging.WARNING},
            "matplotlib": {"level": logging.WARNING},
            "PIL": {"level": logging.WARNING},
        },
    }
