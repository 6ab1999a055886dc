"""Which names say that something is secret, and that what was given under them is found again, whole and in parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from p4verify.verify.confidential import HIDDEN, KNOWN, Secrets, is_secret, is_secret_text
from p4verify.verify.criteria import INVARIANTS, InvariantResult, Offers, as_json, summarise
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.record import Counterexample, Found, Verdicts, line_of, save_counterexample
from p4verify.verify.schedule import Schedule
from p4verify.verify.verdict import Verdict, violated

FLOWERS = "tulip-garden-7"
SAID = f"assert(!'{FLOWERS}') failed"


@pytest.fixture
def _known() -> Iterator[None]:
    KNOWN.learn({"CONFIG_WIFI_PASSWORD": FLOWERS})
    yield
    KNOWN.forget()


def test_names_that_say_so() -> None:
    for name in ("wifi_password", "s_cfg.passwd", "CONFIG_AP_PASSPHRASE", "client_secret", "s_ap_psk"):
        assert is_secret(name), name
    for name in ("s_pw", "s_pw[3]", "ap.psk_text", "authToken", "token"):
        assert is_secret_text(name), name
    assert not is_secret("token"), "a number of that name is none"
    for name in ("s_pwm", "s_power", "tokens_seen", "CONFIG_WIFI_SSID", "spwd0"):
        assert not is_secret_text(name), name


def test_a_secret_is_hidden_wherever_it_stands_and_nothing_else_is() -> None:
    secrets = Secrets()
    secrets.learn({"CONFIG_AP_PASSWORD": FLOWERS, "CONFIG_SSID": "home", "CONFIG_PASSWORD_LENGTH": 4711})
    assert secrets.masked(f"x{FLOWERS}y at home, 4711") == f"x{HIDDEN}y at home, 4711"


def test_the_longest_one_goes_first_and_short_ones_stay() -> None:
    secrets = Secrets()
    secrets.learn({"A_PASSWORD": "abcd", "B_PASSWORD": "abcdefgh", "C_PASSWORD": "abc", "D_PASSWORD": ""})
    assert secrets.masked("abcdefgh abcd abc") == f"{HIDDEN} {HIDDEN} abc"


def test_quotes_of_a_define_and_escapes_do_not_keep_it_from_being_found() -> None:
    secrets = Secrets()
    secrets.learn({"API_SECRET": '"tulips"', "API_TOKEN": 'he"said\\so'})
    assert secrets.masked("tulips") == HIDDEN
    assert secrets.masked('s = "he\\"said\\\\so"') == f's = "{HIDDEN}"'


def test_parts_of_a_secret_are_known_from_three_letters_on() -> None:
    secrets = Secrets()
    secrets.learn({"CONFIG_PSK": FLOWERS})
    for part in ("tul", "lip-", FLOWERS, "pw=tuli"):
        assert secrets.partly_in(part), part
    for other in ("", "-7", "rose"):
        assert not secrets.partly_in(other), other


@pytest.mark.usefixtures("_known")
def test_no_sentence_that_is_written_holds_it(tmp_path: Path) -> None:
    result = InvariantResult("sys.settles", Verdict.VIOLATION, summary=SAID, places=(f"a.c:1: {SAID}",))
    lines = line_of(Found("sys.settles", 0, 1, violated(SAID))) + line_of(Verdicts((result,)))
    program = Program((Task("a", (Invocation("dev.put", (1,)),)),))
    case = Counterexample("sys.settles", SAID, program, Schedule(), "b", "f", "m", "v")
    save_counterexample(tmp_path / "c.json", case)
    offers = Offers(frozenset(INVARIANTS["sys.settles"].needs))
    told = as_json(summarise([result], offers, "sim"), firmware=".", target="sim", seed=0, executions=1, seconds=1.0)
    for text in (lines.decode(), (tmp_path / "c.json").read_text(encoding="utf-8"), json.dumps(told)):
        assert FLOWERS not in text
        assert f"assert(!'{HIDDEN}') failed" in text
