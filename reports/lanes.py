"""A finding on the terminal: what was violated, the program, the interleaving as lanes, the evidence, how to replay.

One column per task, time going down; the line at which a task was left and another came between crosses all columns.
It is never wider than asked, and plain text where colours are not wanted. It shows; it does not choose what matters
(relevance.py) nor judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from rich.console import Console
from rich.text import Text

from p4verify.reports import values
from p4verify.reports.call_stacks import call_stacks
from p4verify.reports.cuts import cuts_of
from p4verify.reports.evidence import Mixture, call, mixtures, records
from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.racing import racing, told_in
from p4verify.reports.relevance import relevant
from p4verify.reports.rows import Action, Entry, Gap, Reading, Row, Switch, rows, short
from p4verify.reports.shell import folded
from p4verify.reports.source_text import Source, no_source
from p4verify.reports.stuck import stuck
from p4verify.reports.wrapping import JOINT, NARROWEST, page_width, put, ruled, wrapped
from p4verify.verify.execution import Outcome
from p4verify.verify.program import Program
from p4verify.verify.schedule import Step, StepKind

_PICTURE: Final = 100
"""Columns of a picture."""
_LANE: Final = 38
"""Columns that a third lane needs to be read; two there are always."""
_MOST_LINES: Final = 3
"""Source lines shown of one row."""
_TOKEN_STYLES: Final = ("bold cyan", "bold magenta", "bold yellow", "bold green")
_DIM: Final = "bright_black"
_FONT_FACE: Final = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_WORD: Final = re.compile(r"[A-Za-z_]\w+")
_SMALL_GAP: Final = 3
"""Steps of which fewer are not worth a line that says they are left out."""
_SHORTEST_TIME: Final = 1000
"""Microseconds that are worth telling."""


def show(finding: ConfirmedFinding, console: Console, source: Source = no_source) -> None:
    """Prints a finding and an empty line, as wide as the console, within 60 to 120 columns."""
    for line in report(finding, page_width(console), source):
        put(console, line)
    put(console, Text(""))


def to_svg(finding: ConfirmedFinding, source: Source = no_source) -> str:
    """The same as a picture of a terminal, a complete SVG document without references to anything outside."""
    console = Console(record=True, file=StringIO(), width=_PICTURE, force_terminal=True, color_system="truecolor")
    show(finding, console, source)
    picture = console.export_svg(title=f"p4verify: {values.printable(finding.invariant)}", unique_id="finding")
    return _FONT_FACE.sub("", picture)


def report(finding: ConfirmedFinding, width: int, source: Source = no_source) -> list[Text]:
    """All lines of the report, none wider than `width` columns (60 at least)."""
    page = _Page(max(width, NARROWEST), source, _palette(mixtures(finding)))
    return [*page.header(finding), *page.body(finding), *page.replay(finding)]


def body(finding: ConfirmedFinding, width: int, source: Source = no_source) -> list[Text]:
    """The program, the interleaving and the evidence alone, for reports that have a heading of their own."""
    lines = _Page(max(width, NARROWEST), source, _palette(mixtures(finding))).body(finding)
    return lines[1:] if lines and not lines[0].plain else lines


def _palette(torn: Sequence[Mixture]) -> dict[int, str]:
    found = sorted({token for mixture in torn for token in mixture.tokens})
    return {token: _TOKEN_STYLES[i % len(_TOKEN_STYLES)] for i, token in enumerate(found)}


@dataclass(frozen=True, slots=True)
class _Page:
    """Width, source and colours of one report."""

    width: int
    source: Source
    palette: dict[int, str]

    # ---- around the lanes ----

    def body(self, finding: ConfirmedFinding) -> list[Text]:
        shown = (self.program(finding.program), self.interleaving(finding), self.calls(finding), self.evidence(finding))
        return [line for lines in shown for line in lines]

    def header(self, finding: ConfirmedFinding) -> list[Text]:
        head = Text.assemble(
            ("✗ ", "bold red"),
            (values.printable(finding.invariant), "bold red"),
            "  ",
            (values.printable(finding.title), "bold"),
        )
        criteria = ", ".join(finding.criteria)
        facts = [f"criterion {criteria}"] if criteria else []
        facts += [f"firmware {values.printable(finding.firmware)}"] if finding.firmware else []
        if finding.preemptions is not None:
            facts.append(f"{finding.preemptions} preemption" + "s" * (finding.preemptions != 1))
        facts += [f"replayed {finding.replayed} of {finding.replays}"] if finding.replays else []
        cut = finding.execution.trace.cut if finding.execution.trace else 0
        facts += [f"trace cut: its last {cut:,} steps are missing"] if cut else []
        return [
            *self.wrap(head, hang=2),
            *self.wrap(Text(" · ".join(facts), _DIM), indent=2, hang=2),
            Text(""),
            *self.wrap(Text(values.printable(finding.summary)), indent=2, hang=2),
        ]

    def program(self, program: Program) -> list[Text]:
        lines = [Text(""), *self.title("Program")] if program.tasks else []
        for task in program.tasks:
            core = "" if task.core is None else f", core {task.core}"
            label = Text.assemble((values.printable(task.name), "bold"), (f" (priority {task.priority}{core})  ", _DIM))
            calls = Text.assemble((" → ", _DIM)).join(self._call(i.delay_ms, call(i)) for i in task.invocations)
            lines += self.wrap(label + calls, indent=2, hang=6)
        cuts = ", then ".join(cuts_of(program))
        return lines + self.wrap(Text.assemble(("power", "bold"), f" is cut {cuts}"), indent=2, hang=6) * bool(cuts)

    def _call(self, delay_ms: int, text: str) -> Text:
        later = f"{delay_ms}{JOINT}ms{JOINT}later{JOINT}" if delay_ms else ""
        return Text.assemble((later, _DIM), text.replace(" ", JOINT))

    def evidence(self, finding: ConfirmedFinding) -> list[Text]:
        torn = mixtures(finding)
        if not torn:
            return []
        lines = [Text(""), *self.title("Evidence")]
        for mixture in torn:
            lines += self._mixture(mixture)
        return lines

    def calls(self, finding: ConfirmedFinding) -> list[Text]:
        lines = call_stacks(finding, self.width)
        return [Text(""), *self.title("Calls"), *lines] if lines else []

    def _mixture(self, mixture: Mixture) -> list[Text]:
        record = mixture.record
        head = f"{record.task} {record.verb} {record.what} at {values.seconds(record.time_us)}"
        lines = self.wrap(Text(head), indent=2, hang=4)
        for origin in mixture.origins:
            style = self.palette.get(origin.token or 0, "bold red")
            value = f"{values.number(origin.value):>10}"
            line = Text.assemble(f"{origin.field:<14}", (value, style), "   ", (origin.whence, style))
            lines += self.wrap(line, indent=4, hang=8)
        return lines

    def replay(self, finding: ConfirmedFinding) -> list[Text]:
        command = [Text(line, "bold") for line in folded(values.printable(finding.command), self.width)]
        return [Text(""), *self.title("Replay"), *command]

    def title(self, text: str) -> list[Text]:
        return [Text(text, "bold underline")]

    def wrap(self, text: Text, *, indent: int = 0, hang: int = 0) -> list[Text]:
        return wrapped(text, self.width, indent, hang)

    # ---- lanes ----

    def interleaving(self, finding: ConfirmedFinding) -> list[Text]:
        seen = records(finding)
        trace = finding.execution.trace
        steps = trace.steps if trace is not None else ()
        mixed = frozenset(token for mixture in mixtures(finding) for token in mixture.tokens)
        booted = min((operation.invoked for operation in finding.execution.history.operations), default=-1)
        named = frozenset(_WORD.findall(finding.summary))
        # Of none: how the execution ended tells all.
        last = max(finding.positions, default=finding.execution.history.end)
        deadlock = finding.execution.ending.outcome is Outcome.DEADLOCK
        chosen = stuck(steps) if deadlock else None
        chosen = chosen or relevant(steps, last, mixed, named, booted=booted)
        race = told_in(finding.summary, finding.execution.races or ())
        if race is not None and not chosen.suspensions:
            chosen = racing(steps, race) or chosen
        entries = rows(steps, chosen, seen)
        lanes = self._lanes(entries)
        if not lanes:
            return []
        cores = _cores(steps)
        lines = [Text(""), *self.title("Interleaving"), *self._heads(lanes, cores)]
        for number, entry in enumerate(entries):
            follows = number and isinstance(entry, Row) and isinstance(entries[number - 1], Row)
            lines += [self._cells(lanes, {})] if follows else []
            lines += self._entry(entry, lanes)
        return lines

    def _lanes(self, entries: Sequence[Entry]) -> list[str]:
        """The tasks that get a column, as many as fit: who was left for whom last, who wrote, who read; or evidence."""
        shown = [entry for entry in entries if isinstance(entry, Row)]
        most = max(2, self.width // _LANE)
        switches = [entry for entry in reversed(entries) if isinstance(entry, Switch)]
        left = [task for switch in switches for task in (switch.task, switch.by) if task]
        accessing = sorted((row for row in shown if not row.record), key=lambda row: not row.writes)
        watching = [row.task for row in shown if row.evidence]
        wanted = list(dict.fromkeys([*left, *(row.task for row in accessing)]))[:most]
        wanted = list(dict.fromkeys([*wanted, *watching]))[: max(len(wanted), 2)]
        return [task for task in dict.fromkeys(row.task for row in shown) if task in wanted] or wanted

    def _widths(self, count: int) -> list[int]:
        room = self.width - 3 * (count - 1) - 1
        return [room // count + (1 if i < room % count else 0) for i in range(count)]

    def _heads(self, lanes: Sequence[str], cores: dict[str, str]) -> list[Text]:
        heads = [Text.assemble((values.printable(task), "bold"), (cores.get(task, ""), _DIM)) for task in lanes]
        cells = {i: wrapped(head, self._widths(len(lanes))[i])[0] for i, head in enumerate(heads)}
        rule = "─┼─".join("─" * width for width in self._widths(len(lanes)))
        return [self._cells(lanes, cells), Text("─" + rule, _DIM)]

    def _cells(self, lanes: Sequence[str], cells: dict[int, Text]) -> Text:
        line = Text(" ")
        for i, width in enumerate(self._widths(len(lanes))):
            cell = cells.get(i, Text("")).copy()
            cell.truncate(width, overflow="ellipsis", pad=True)
            line.append_text(Text.assemble((" │ ", _DIM), cell) if i else cell)
        line.rstrip()
        return line

    def _entry(self, entry: Entry, lanes: Sequence[str]) -> list[Text]:
        if isinstance(entry, Gap):
            return [self._gap(entry, lanes)] if _is_told(entry) else [self._cells(lanes, {})]
        if isinstance(entry, Switch):
            return self._switch(entry)
        if entry.task not in lanes:
            return self._aside(entry, lanes)
        at = lanes.index(entry.task)
        return [self._cells(lanes, {at: line}) for line in self._row(entry, self._widths(len(lanes))[at])]

    def _gap(self, gap: Gap, lanes: Sequence[str]) -> Text:
        later = f", {values.seconds(gap.microseconds)} later" if gap.microseconds >= _SHORTEST_TIME else ""
        text = f"… {gap.steps} step{'s' * (gap.steps != 1)}{later}"
        return self._cells(lanes, {0: Text(text, _DIM)})

    def _switch(self, switch: Switch) -> list[Text]:
        text = values.printable(switch.text)
        if switch.resumed:
            return ruled(Text(f"▲ {text}", "yellow"), self.width, "╌")
        return ruled(Text(f"▼ {text}", "bold yellow"), self.width, "━")

    def _aside(self, row: Row, lanes: Sequence[str]) -> list[Text]:
        """What a task without a column did: in the first one where it fits, else across all."""
        style = "" if row.evidence else _DIM
        text = Text(f"· {values.printable(row.task)} ", style)
        text.append_text(Text(", ").join(self._told(action) for action in row.actions))
        if text.cell_len <= self._widths(len(lanes))[0]:
            return [self._cells(lanes, {0: line}) for line in wrapped(text, self._widths(len(lanes))[0])]
        return self.wrap(text, indent=1, hang=3)

    def _row(self, row: Row, width: int) -> list[Text]:
        lines: list[Text] = []
        for action in row.actions:
            lines += self._action(action, row, width)
        return lines + self._code(row, width)

    def _action(self, action: Action, row: Row, width: int) -> list[Text]:
        mark = ("✗ ", "bold red") if row.last else ("▸ ", "bold")
        style = self.palette.get(row.token or action.token or 0, "")
        verb = (f"{action.verb} ".lstrip(), "bold")
        part = f"{action.part} ".lstrip()
        head = Text.assemble(mark if row.evidence and action.verb else "", verb, part, (_joined(action.what), style))
        if row.evidence and action.verb:
            head.append("  " + f"at {values.seconds(row.time_us)}".replace(" ", JOINT), _DIM)
        if len(action.readings) == 1 and not part:
            return wrapped(head + self._only_reading(action.readings[0]), width, hang=2)
        if action.token in self.palette:
            head.append(f"  (event {action.token})", style)
        lines = wrapped(head, width, 0 if action.verb else 2, 2)
        return lines + (wrapped(self._readings(action), width, 2, 2) if action.readings else [])

    def _told(self, action: Action) -> Text:
        """An action in one line; of what it touched all values, where it touched memory."""
        head = Text(" ".join(filter(None, (action.verb, action.part, action.what))))
        if not action.readings:
            return head
        if len(action.readings) == 1 and not action.part:
            return head + self._only_reading(action.readings[0])
        return Text.assemble(head, " (", self._readings(action), ")")

    def _only_reading(self, reading: Reading) -> Text:
        """s_state.count = 3, with the member directly after its record."""
        dot = "" if not reading.member or reading.member.startswith("[") else "."
        return Text.assemble(f"{dot}{_named(reading)}", *self._value(reading, explained=True))

    def _value(self, reading: Reading, *, explained: bool) -> list[tuple[str, str]]:
        """The value, and the event that it came from where that is to be `explained`."""
        style = self.palette.get(reading.token or 0, "bold")
        event = f"{JOINT}({reading.token})" if explained and reading.token in self.palette else ""
        return [(reading.value.replace(" ", JOINT) + event, style)]

    def _readings(self, action: Action) -> Text:
        """All of them; each with its event, where they come from several."""
        mixed = action.token is None
        parts = [Text.assemble(_named(one), *self._value(one, explained=mixed)) for one in action.readings]
        return Text(", ").join(parts)

    def _code(self, row: Row, width: int) -> list[Text]:
        """Where it is, and what the source says there: beside it where it fits."""
        if not row.lines:
            return []
        found = [(line, text.strip()) for line in row.lines if (text := self.source(row.file, line))]
        span = f"{row.lines[0]}" if len(row.lines) == 1 else f"{row.lines[0]}-{row.lines[-1]}"
        place = Text(f"{short(row.file)}:{span}", _DIM)
        if len(row.lines) == 1 and found:
            code = Text(values.printable(found[0][1]), "italic")
            beside = Text.assemble(place, "  ", code)
            return [beside] if beside.cell_len <= width else [*wrapped(place, width), *wrapped(code, width, 2, 4)]
        return wrapped(place, width, 0, 2) + [part for one in _most(found) for part in self._numbered(one, width)]

    def _numbered(self, found: tuple[int, str], width: int) -> list[Text]:
        line, text = found
        label = f"{line:>5} " if line else "    …"
        return wrapped(
            Text.assemble((label.replace(" ", JOINT), _DIM), (values.printable(text), "italic")), width, 0, 8
        )


def _most(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines, or the first and the last with a mark between them."""
    return lines if len(lines) <= _MOST_LINES else [lines[0], (0, ""), lines[-1]]


def _is_told(gap: Gap) -> bool:
    return gap.steps >= _SMALL_GAP or gap.microseconds >= _SHORTEST_TIME


def _named(reading: Reading) -> str:
    """Name and sign of equality, not to be broken apart."""
    return f"{reading.member} = ".replace(" ", JOINT)


def _joined(text: str) -> str:
    """The text, with no line broken within "name = value"."""
    return text.replace(" = ", f"{JOINT}={JOINT}")


def _cores(steps: Sequence[Step]) -> dict[str, str]:
    found: dict[str, set[int]] = {}
    for step in steps:
        if step.kind is not StepKind.BLOCK:  # which gives its core up
            found.setdefault(step.task, set()).add(step.core)
    return {task: f" · core {min(cores)}" if len(cores) == 1 else "" for task, cores in found.items()}
