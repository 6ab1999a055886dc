"""NVS: values in flash under a namespace and a key, changed by set and commit, read by get; one caller at a time.

Setting, committing and erasing are steps on flash: the power may fail before and after each, and each takes a value of
the stream "nvs", code * 1000000 + cost in microseconds. The stream "nvs.durability" says once whether a set stores (1)
or only a commit (0). The same as targets/c/shim/nvs*.c, seen as targets/firmware/adapters/nvs.c sees it. It refuses to
be full, which two values never make it, and to erase, which nobody does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from p4verify.targets.model.environment import Environment
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.power import Moment, Power
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.rtos import Mutex, call
from p4verify.targets.model.steps import Step, Steps
from p4verify.verify.program import Value

OK, FAIL, NOT_FOUND, NO_SPACE = 0, -1, 0x1102, 0x1105
CODE: Final = 1_000_000
DEFAULT_COST_US: Final = 4000
_FAILURES: Final = {1: FAIL, 2: NO_SPACE}
OPEN, GET, SET, COMMIT, CLOSE, FLASH_INIT = 1, 2, 3, 4, 6, 7
"""Numbers of calls, as they are observed."""
_NAMES: Final = {
    OPEN: "nvs_open", GET: "nvs_get_blob", SET: "nvs_set_blob", COMMIT: "nvs_commit", CLOSE: "nvs_close",
    FLASH_INIT: "nvs_flash_init",
}  # fmt: skip
_STEPS: Final[dict[int, Step]] = {number: call(name) for number, name in _NAMES.items()}
_WORK: Final = call("flash")


@dataclass(frozen=True, slots=True)
class Blob:
    """A value as it is stored, and how many bytes it has."""

    value: Any
    length: int


Place = tuple[str, str]
"""Namespace and key."""


@dataclass
class Flash:
    """What lives through boots. `durability` is None until somebody asks."""

    values: dict[Place, Blob] = field(default_factory=dict)
    namespaces: set[str] = field(default_factory=set)
    writes: int = 0
    durability: int | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """An open namespace."""

    namespace: str


class Nvs:
    """One boot's NVS."""

    def __init__(
        self, kernel: Kernel, recorder: Recorder, environment: Environment, power: Power, flash: Flash
    ) -> None:
        self._kernel, self._recorder, self._environment = kernel, recorder, environment
        self._power, self._flash = power, flash
        self._lock = Mutex(kernel, "NVS")
        self._pending: dict[Place, Blob] = {}
        """Set and not committed: hides what flash holds."""

    # ---- around every call ----

    def _call(self, number: int, work: Steps[int], handle: Handle, key: str = "", length: int = 0) -> Steps[int]:
        fields: dict[str, Value] = {"call": number, "namespace": handle.namespace, "key": key, "length": length}
        self._recorder.observe("nvs.call", fields)
        yield _STEPS[number]
        yield from self._lock.obtain()
        result = yield from work
        yield from self._lock.release()
        self._recorder.observe("nvs.return", {"call": number, "result": result})
        return result

    def _step(self, work: Callable[[int], Steps[int]]) -> Steps[int]:
        """`work` is given what the program says of this step."""
        self._power.reached(Moment.STEP_BEGINS)
        result = yield from work(max(self._environment.next("nvs", DEFAULT_COST_US), 0))
        self._power.reached(Moment.STEP_ENDED)
        return result

    def _work_on_flash(self, said: int) -> Steps[int]:
        """Keeps the core busy."""
        yield from self._kernel.spend(said % CODE)
        yield _WORK
        return _failure(said)

    def _store(self, place: Place, blob: Blob) -> None:
        self._flash.values[place] = blob
        self._flash.writes += 1
        fields: dict[str, Value] = {"key": place[1], "length": blob.length, "writes": self._flash.writes}
        self._recorder.observe("nvs.stored", fields)

    def _held(self, place: Place) -> Blob | None:
        return self._pending.get(place) or self._flash.values.get(place)

    def _stores_at_once(self) -> bool:
        if self._flash.durability is None:
            self._flash.durability = self._environment.next("nvs.durability", 0)
        return self._flash.durability == 1

    # ---- what firmware calls ----

    def flash_init(self) -> Steps[int]:
        """nvs_flash_init."""
        return (yield from self._call(FLASH_INIT, _nothing(), Handle("")))

    def open(self, namespace: str, *, writes: bool) -> Steps[Handle | None]:
        """nvs_open; None when there is nothing to read. Opening for writing makes the namespace at once."""

        def work() -> Steps[int]:
            yield from ()
            if writes:
                self._flash.namespaces.add(namespace)
            return OK if namespace in self._flash.namespaces else NOT_FOUND

        result = yield from self._call(OPEN, work(), Handle(namespace))
        return Handle(namespace) if result == OK else None

    def close(self, handle: Handle) -> Steps[None]:
        """nvs_close."""
        yield from self._call(CLOSE, _nothing(), handle)

    def get(self, handle: Handle, key: str, length: int) -> Steps[Any]:
        """nvs_get_blob: the value; None when there is none of this length."""
        found: Blob | None = None

        def work() -> Steps[int]:
            nonlocal found
            yield from ()
            held = self._held((handle.namespace, key))
            found = held if held is not None and held.length == length else None
            return OK if found is not None else NOT_FOUND

        yield from self._call(GET, work(), handle, key, length)
        return None if found is None else found.value

    def set(self, handle: Handle, key: str, copy: Callable[[], Steps[Any]], length: int) -> Steps[int]:
        """nvs_set_blob. `copy` takes the value from the caller's memory, word by word and under no lock of theirs."""

        def work(said: int) -> Steps[int]:
            place, blob = (handle.namespace, key), Blob((yield from copy()), length)
            if blob == self._held(place):
                return _failure(said)
            if not self._stores_at_once():
                self._pending |= {place: blob} if _failure(said) == OK else {}
                return _failure(said)
            result = yield from self._work_on_flash(said)
            if result == OK:
                self._store(place, blob)
            return result

        return (yield from self._call(SET, self._step(work), handle, key, length))

    def commit(self, handle: Handle) -> Steps[int]:
        """nvs_commit: of everything that is pending."""

        def work(said: int) -> Steps[int]:
            if not self._pending:
                return _failure(said)
            result = yield from self._work_on_flash(said)
            if result == OK:
                for place, blob in self._pending.items():
                    self._store(place, blob)
                self._pending.clear()
            return result

        return (yield from self._call(COMMIT, self._step(work), handle))


def _failure(said: int) -> int:
    return _FAILURES.get(said // CODE, OK)


def _nothing() -> Steps[int]:
    """Succeeds at once."""
    yield from ()
    return OK


def write_blob(nvs: Nvs, namespace: str, key: str, copy: Callable[[], Steps[Any]], length: int) -> Steps[bool]:
    """Opens, sets, commits what was set, and closes: how both firmwares write."""
    handle = yield from nvs.open(namespace, writes=True)
    if handle is None:
        return False
    error = yield from nvs.set(handle, key, copy, length)
    if error == OK:
        error = yield from nvs.commit(handle)
    yield from nvs.close(handle)
    return error == OK


def read_blob(nvs: Nvs, namespace: str, key: str, length: int) -> Steps[Any]:
    """Opens, gets and closes: how both firmwares read. None when there is nothing."""
    handle = yield from nvs.open(namespace, writes=False)
    if handle is None:
        return None
    value = yield from nvs.get(handle, key, length)
    yield from nvs.close(handle)
    return value
