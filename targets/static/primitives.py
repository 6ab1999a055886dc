"""What is known of functions whose source is not at hand: which lock, which start tasks, which only look.

FreeRTOS: semphr.h, task.h and portmacro.h of ESP-IDF; POSIX; C++'s <mutex>. Suspending the scheduler and disabling
interrupts are no locks here: on two cores they stop only the calling core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

LockKind = Literal["enter", "timed", "try", "leave"]
WAIT_FOREVER = (0xFFFFFFFF, 2**64 - 1, -1)
"""portMAX_DELAY as it may be written: the attempt cannot fail (portmacro.h, configUSE_16_BIT_TICKS 0)."""


@dataclass(frozen=True, slots=True)
class LockCall:
    """How a function locks: its argument that names the lock, what it returns on success, whether readers share.

    `timed` may fail unless the argument `ticks` is portMAX_DELAY; `try` may always fail.
    """

    kind: LockKind
    success: int = 1
    ticks: int | None = None
    shared: bool = False


_ENTER = LockCall("enter")
_LEAVE = LockCall("leave")
_TAKE = LockCall("timed", ticks=1)
_POSIX = LockCall("enter", success=0)
_CRITICAL = ("portENTER_CRITICAL", "portENTER_CRITICAL_ISR", "portENTER_CRITICAL_SAFE", "taskENTER_CRITICAL",
             "taskENTER_CRITICAL_ISR", "vPortEnterCritical", "esp_os_enter_critical")  # fmt: skip

LOCK_CALLS: dict[str, LockCall] = {
    **dict.fromkeys(_CRITICAL, _ENTER),
    **{re.sub("enter", "exit", re.sub("Enter", "Exit", re.sub("ENTER", "EXIT", name))): _LEAVE for name in _CRITICAL},
    **dict.fromkeys(("xPortEnterCriticalTimeout", "portTRY_ENTER_CRITICAL", "spinlock_acquire"), _TAKE),
    "spinlock_release": _LEAVE,
    **dict.fromkeys(("xSemaphoreTake", "xSemaphoreTakeRecursive", "xQueueSemaphoreTake", "xQueueTakeMutexRecursive"),
                    _TAKE),
    **dict.fromkeys(("xSemaphoreGive", "xSemaphoreGiveRecursive", "xQueueGiveMutexRecursive"), _LEAVE),
    "xSemaphoreTakeFromISR": LockCall("try"),
    "xSemaphoreGiveFromISR": _LEAVE,
    **dict.fromkeys(("pthread_mutex_lock", "pthread_spin_lock", "pthread_rwlock_wrlock", "mtx_lock"), _POSIX),
    **dict.fromkeys(("pthread_mutex_trylock", "pthread_mutex_timedlock", "pthread_spin_trylock", "mtx_trylock",
                     "mtx_timedlock", "pthread_rwlock_trywrlock"), LockCall("try", success=0)),
    "pthread_rwlock_rdlock": LockCall("enter", success=0, shared=True),
    **dict.fromkeys(("pthread_mutex_unlock", "pthread_spin_unlock", "pthread_rwlock_unlock", "mtx_unlock",
                     "_lock_release", "_lock_release_recursive"), LockCall("leave", success=0)),
    **dict.fromkeys(("_lock_acquire", "_lock_acquire_recursive"), _ENTER),
}  # fmt: skip

LOCK_METHODS: dict[str, LockCall] = {
    "lock": _ENTER,
    "unlock": _LEAVE,
    **dict.fromkeys(("try_lock", "try_lock_for", "try_lock_until"), LockCall("try")),
    "lock_shared": LockCall("enter", shared=True),
    "unlock_shared": _LEAVE,
    **dict.fromkeys(("try_lock_shared", "try_lock_shared_for"), LockCall("try", shared=True)),
}
"""Of std::mutex and its kin, and of std::unique_lock."""

GUARDS = re.compile(r"(?:std::)?(lock_guard|scoped_lock|unique_lock|shared_lock)\b")
LOCK_TYPES = re.compile(
    r"portMUX_TYPE|spinlock_t|Semaphore(Handle|_)?_?t\b|StaticSemaphore_t|(std::)?(recursive_|timed_|shared_)*mutex\b|"
    r"pthread_(mutex|spinlock|rwlock|cond|once)_t|mtx_t|_lock_t|(std::)?condition_variable(_any)?|(std::)?once_flag"
)
ATOMIC_TYPES = re.compile(r"\b_Atomic\b|(std::)?\batomic(<|_flag\b|_[a-z0-9_]+\b)")
HANDLE_TYPES = re.compile(
    r"\b(TaskHandle_t|QueueHandle_t|TimerHandle_t|EventGroupHandle_t|esp_timer_handle_t|StreamBufferHandle_t|"
    r"MessageBufferHandle_t|event_bus_t|pthread_t|std::j?thread|esp_event_loop_handle_t|StaticTask_t|StackType_t|"
    r"StaticQueue_t|StaticTimer_t)\b"
)
"""What the RTOS gives out and guards itself."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A function that has another one called later: which argument that is, what it passes on, and as which context.

    `begins_later`: nothing is called before one of `STARTS` is.
    """

    function: int
    argument: int | None
    parameter: int
    context: str
    begins_later: bool = False


REGISTRATIONS: dict[str, Registration] = {
    "event_bus_subscribe": Registration(2, 3, 2, "the event dispatcher"),
    **dict.fromkeys(("xTaskCreate", "xTaskCreatePinnedToCore", "xTaskCreateStatic", "xTaskCreateStaticPinnedToCore",
                     "xTaskCreateWithCaps", "xTaskCreatePinnedToCoreWithCaps"), Registration(0, 3, 0, "task")),
    **dict.fromkeys(("xTimerCreate", "xTimerCreateStatic"), Registration(4, None, 0, "the timer task", True)),
    "pthread_create": Registration(2, 3, 0, "thread"),
    "esp_event_handler_register": Registration(2, 3, 0, "the event loop"),
    "esp_event_handler_instance_register": Registration(2, 3, 0, "the event loop"),
    "esp_timer_create": Registration(0, None, 0, "the timer task of ESP-IDF", True),
}  # fmt: skip
STARTS = frozenset({"esp_timer_start_once", "esp_timer_start_periodic", "xTimerStart", "xTimerReset",
                    "xTimerChangePeriod", "xTimerGenericCommand", "xTimerStartFromISR"})  # fmt: skip
OF_THEIR_OWN = frozenset({"task", "thread"})
"""Contexts of which each function has one to itself."""

CALLS_AT_ONCE = re.compile(
    r"(std::)?(call_once|for_each(_n)?|sort|stable_sort|transform|find_if(_not)?|any_of|all_of|none_of|accumulate|"
    r"invoke|apply|visit|count_if|remove_if|generate|copy_if|exchange)$|qsort$|bsearch$|pthread_once$"
)
"""Functions that call what they are given before they return."""
WAITS_WITH_PREDICATE = frozenset({"wait", "wait_for", "wait_until"})

_READ_ARGUMENTS: dict[str, frozenset[int]] = {
    **dict.fromkeys(("memcpy", "memmove", "strcpy", "strncpy", "strlcpy", "strcat", "strncat", "strlcat"),
                    frozenset({1})),
    **dict.fromkeys(("snprintf", "sprintf", "vsnprintf"), frozenset(range(1, 64))),
    **dict.fromkeys(("memcmp", "strcmp", "strncmp", "strcasecmp", "strlen", "strnlen", "printf", "esp_log_write",
                     "esp_rom_printf", "event_bus_publish", "xQueueSend", "xQueueSendToBack", "xQueueOverwrite"),
                    frozenset(range(64))),
}  # fmt: skip
_READING_METHODS = frozenset({
    "size", "empty", "front", "back", "begin", "end", "cbegin", "cend", "data", "at", "get", "c_str", "count", "find",
    "value", "has_value", "value_or", "capacity", "length", "max_size", "contains",
})  # fmt: skip
_ATOMIC_CALLS = re.compile(r"__atomic_|__c11_atomic_|__sync_|(std::)?atomic_")
_LOCKISH = re.compile(r"(^|_|::)(un)?lock(ed)?(_|$)|(^|_)(acquire|release|mutex|critical|guard)(_|$)|"
                      r"[a-z](Un)?[lL]ock($|[A-Z])|Acquire|Mutex|Critical")  # fmt: skip
_NOT_LOCKISH = re.compile(r"xSemaphoreCreate|vSemaphoreDelete|pthread_(mutex|rwlock|spin)(attr)?_(init|destroy|set)|"
                          r"mtx_(init|destroy)|_lock_(init|close)|spinlock_initialize|vPortCPUInitializeMutex|"
                          r"uxSemaphoreGetCount|xQueueCreateMutex|xSemaphoreGetMutexHolder|uxQueueMessagesWaiting|"
                          r"esp_pm_lock_|vTaskSuspendAll|xTaskResumeAll|__sanitizer")  # fmt: skip


def reads_only(function: str, argument: int) -> bool:
    """Whether a known function only looks at what this argument points to."""
    return argument in _READ_ARGUMENTS.get(function.removeprefix("std::"), frozenset())


def method_reads_only(method: str) -> bool:
    """Whether a method of the standard library leaves its object as it is."""
    return method in _READING_METHODS


def is_atomic_call(function: str) -> bool:
    """Whether it accesses what it is given atomically, so that no lock is needed."""
    return bool(_ATOMIC_CALLS.match(function))


def sounds_like_locking(function: str) -> bool:
    """Whether a function that cannot be looked into may well take or give back a lock, by its name."""
    return bool(_LOCKISH.search(function)) and not _NOT_LOCKISH.match(function) and not is_atomic_call(function)


def leaves_locks_alone(function: str) -> bool:
    """Whether a known function takes a lock as its argument and neither takes nor gives it."""
    return bool(_NOT_LOCKISH.match(function))
