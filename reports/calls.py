"""RTOS calls in words, by what they answered: takes s_lock, finds s_queue empty, waits for s_lock."""

from __future__ import annotations

from typing import Final

from p4verify.verify.schedule import Step, StepKind

TAKES: Final = ("xSemaphoreTake", "pthread_mutex_lock", "pthread_mutex_timedlock", "pthread_mutex_trylock", "sem_wait",
                "sem_timedwait", "sem_trywait", "portENTER_CRITICAL")  # fmt: skip
GIVES: Final = ("xSemaphoreGive", "pthread_mutex_unlock", "sem_post", "portEXIT_CRITICAL")
_WORDS: Final = (
    (TAKES, "takes", "does not get"),
    (GIVES, "gives", "cannot give"),
    (("xQueueSend", "xQueueOverwrite"), "sends to", "finds no room in"),
    (("xQueueReceive", "xQueuePeek"), "receives from", "finds nothing in"),
    (("ulTaskNotifyTake", "xTaskNotifyWait"), "gets a notification", "gets no notification"),
    (("xTaskNotifyStateClear",), "clears a pending notification of", "finds no notification pending for"),
    (("xTaskNotify", "vTaskNotify"), "notifies", "cannot notify"),
)
_WAITS_FOR_ITSELF: Final = ("ulTaskNotifyTake", "xTaskNotifyWait")


def words_of(step: Step, *, waited: bool = False) -> tuple[str, str]:
    """Verb and object of a call or a wait; `waited`: whether the task had to wait in the call."""
    if step.kind is StepKind.BOOT:
        return "boots again", f"after {step.name}"
    if step.kind is StepKind.BLOCK:
        return "waits", _awaited(step)
    if step.kind is not StepKind.CALL:
        return step.kind.value, step.name
    words = next(((yes, no) for names, yes, no in _WORDS if step.name.startswith(names)), None)
    if words is None or not step.size:
        return "calls", f"{step.name}({step.about})"
    verb = words[0] if _succeeded(step) else words[1]
    what = "" if step.name.startswith(_WAITS_FOR_ITSELF) else object_of(step)
    return verb, f"{what} after a wait".lstrip() if waited else what


def _awaited(step: Step) -> str:
    if step.name.startswith(_WAITS_FOR_ITSELF):
        return "for a notification"
    if not step.address:
        return f"in {step.name}"
    return f"for {object_of(step)}" + (f", held by {step.holder}" if step.holder else "")


def _succeeded(step: Step) -> bool:
    """POSIX answers 0 when all is well, FreeRTOS pdTRUE."""
    return (step.value == 0) is step.name.startswith("pthread_mutex")


def object_of(step: Step) -> str:
    """The object by name, else by address; the calling task where there is none."""
    return step.about or (f"0x{step.address:x}" if step.address else "itself")
