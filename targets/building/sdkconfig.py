"""CONFIG values: out of an sdkconfig file, and into the header that firmware includes. Knows no manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ConfigValue = bool | int | str
CONFIG_NAME = re.compile(r"CONFIG_[A-Za-z0-9_]+")


class SdkconfigError(ValueError):
    """A line that is none of an sdkconfig; the text names it."""


def parse_sdkconfig(text: str, path: Path) -> dict[str, ConfigValue]:
    """The CONFIG values of an sdkconfig file (ESP-IDF: `tools/kconfig_new`): y, n, numbers, quoted texts.

    `# CONFIG_X is not set` is False; SdkconfigError names the line that is something else.
    """
    values: dict[str, ConfigValue] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        unset = re.fullmatch(r"#\s*(CONFIG_\w+) is not set", line)
        if unset:
            values[unset[1]] = False
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            parsed = _sdkconfig_value(value)
            if not equals or parsed is None or not CONFIG_NAME.fullmatch(name):
                raise SdkconfigError(f"{path}:{number}: not a line of an sdkconfig: it must read CONFIG_NAME=value")
            values[name] = parsed
    return values


def _sdkconfig_value(text: str) -> ConfigValue | None:
    if text in ("y", "n", ""):
        return text == "y"
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if re.fullmatch(r"-?([0-9]{1,19}|0[xX][0-9a-fA-F]{1,16})", text):
        return int(text, 0) if "x" in text.lower() else int(text)
    return None


def sdkconfig_header(config: Mapping[str, ConfigValue]) -> str:
    """The text of sdkconfig.h: true is 1, false is absent, texts are C strings."""
    lines = [f"#define {name} {_c_literal(value)}" for name, value in sorted(config.items()) if value is not False]
    return "\n".join(["#pragma once", *lines, ""])


def _c_literal(value: ConfigValue) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
        return f'"{escaped}"'
    return str(int(value))
