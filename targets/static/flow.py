"""The control flow of a function's body as a graph: what is evaluated, where it branches, which objects end where.

Breaks, returns and gotos out of a scope pass the ends of the objects that were declared in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tree_sitter import Node

from p4verify.targets.static import syntax
from p4verify.targets.static.scopes import Names

Kind = Literal["pass", "evaluate", "declare", "branch", "switch", "leave", "return", "range", "broken", "end"]


@dataclass(eq=False, slots=True)
class Step:
    """One node of the graph. A branch goes to next[0] when it holds and to next[1] when not."""

    kind: Kind
    node: Node | None = None
    next: list[Step] = field(default_factory=list)
    objects: tuple[str, ...] = ()
    """Of `leave`: the locals that end here, in the order in which they do."""


Scopes = tuple[tuple[int, tuple[str, ...]], ...]
"""The scopes that are open, from the outermost in: the offset of each and the objects declared in it."""


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where break, continue and return lead, and how many scopes are open there."""

    scopes: Scopes
    out: tuple[Step, int] | None = None
    again: tuple[Step, int] | None = None


def flow_of(body: Node, names: Names, outer: int | None = None) -> Step:
    """The first step of a body. `outer` is the offset of the scope that holds the parameters."""
    return _Builder(names).build(body, outer)


class _Builder:
    """Builds backwards: every statement is told what follows it."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.labels: dict[str, tuple[Step, Scopes]] = {}
        self.jumps: list[tuple[str, Step, Scopes]] = []
        self.cases: list[list[tuple[Node, Step]]] = []

    def build(self, body: Node, outer: int | None) -> Step:
        end = Step("end")
        scopes: Scopes = () if outer is None else ((outer, self._objects(outer)),)
        first = self._lower(body, end, _Targets(scopes))
        for label, jump, scopes in self.jumps:
            target = self.labels.get(label)
            if target is not None:
                shared = sum(1 for a, b in zip(scopes, target[1], strict=False) if a == b)
                jump.next = [self._leaving(scopes[shared:], target[0])]
        return first

    def _objects(self, offset: int) -> tuple[str, ...]:
        return tuple(self.names.objects.get(offset, ()))

    @staticmethod
    def _leaving(scopes: Scopes, after: Step) -> Step:
        objects = tuple(name for _, names in reversed(scopes) for name in reversed(names))
        return Step("leave", None, [after], objects) if objects else after

    # ---- statements ----

    def _lower(self, node: Node | None, after: Step, to: _Targets) -> Step:
        if node is None:
            return after
        lower = getattr(self, f"_{node.type}", None)
        if lower is not None:
            step: Step = lower(node, after, to)
            return step
        if node.type == "ERROR" or node.is_missing or node.type == "function_definition":
            return Step("broken", node, [after])
        if node.type.endswith(("_definition", "_specifier", "declaration")) or node.type == "comment":
            return after
        return Step("evaluate", node, [after])

    def _declaration(self, node: Node, after: Step, _to: _Targets) -> Step:
        return Step("declare", node, [after])

    def _expression_statement(self, node: Node, after: Step, _to: _Targets) -> Step:
        inner = syntax.named(node)
        return Step("evaluate", inner[0], [after]) if inner else after

    def _attributed_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        return self._lower(syntax.named(node)[-1], after, to)

    def _else_clause(self, node: Node, after: Step, to: _Targets) -> Step:
        return self._sequence(syntax.named(node), after, to)

    def _sequence(self, nodes: list[Node], after: Step, to: _Targets) -> Step:
        for node in reversed(nodes):
            after = self._lower(node, after, to)
        return after

    def _scoped(self, node: Node, after: Step, to: _Targets) -> tuple[Step, _Targets]:
        """What follows inside the scope that `node` opens, and the targets there."""
        scope = ((node.start_byte, self._objects(node.start_byte)),)
        return self._leaving(scope, after), _Targets((*to.scopes, *scope), to.out, to.again)

    def _compound_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        inside, targets = self._scoped(node, after, to)
        return self._sequence(syntax.named(node), inside, targets)

    def _if_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        after, to = self._scoped(node, after, to)
        yes = self._lower(syntax.field(node, "consequence"), after, to)
        no = self._lower(syntax.field(node, "alternative"), after, to)
        return self._condition(syntax.field(node, "condition"), yes, no)

    def _condition(self, node: Node | None, yes: Step, no: Step) -> Step:
        """`(expression)`, or in C++ `(initializer; expression or declaration)`."""
        if node is None:
            return yes
        if node.type != "condition_clause":
            return Step("branch", node, [yes, no])
        branch = Step("branch", syntax.field(node, "value"), [yes, no])
        initial = syntax.field(node, "initializer")
        if initial is None:
            return branch
        inner = syntax.named(initial)[0] if initial.type == "init_statement" else initial
        return Step("declare" if inner.type == "declaration" else "evaluate", inner, [branch])

    def _while_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        head, depth = Step("pass"), len(to.scopes)
        body = self._lower(syntax.field(node, "body"), head, _Targets(to.scopes, (after, depth), (head, depth)))
        head.next = [self._condition(syntax.field(node, "condition"), body, after)]
        return head

    def _do_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        head, depth = Step("pass"), len(to.scopes)
        test = self._condition(syntax.field(node, "condition"), head, after)
        head.next = [self._lower(syntax.field(node, "body"), test, _Targets(to.scopes, (after, depth), (test, depth)))]
        return head

    def _for_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        after, inside = self._scoped(node, after, to)
        head, depth = Step("pass"), len(inside.scopes)
        update = syntax.field(node, "update")
        again = Step("evaluate", update, [head]) if update is not None else head
        targets = _Targets(inside.scopes, (after, depth), (again, depth))
        body = self._lower(syntax.field(node, "body"), again, targets)
        condition = syntax.field(node, "condition")
        head.next = [Step("branch", condition, [body, after]) if condition is not None else body]
        initial = syntax.field(node, "initializer")
        if initial is None:
            return head
        return Step("declare" if initial.type == "declaration" else "evaluate", initial, [head])

    def _for_range_loop(self, node: Node, after: Step, to: _Targets) -> Step:
        after, inside = self._scoped(node, after, to)
        head, depth = Step("pass"), len(inside.scopes)
        targets = _Targets(inside.scopes, (after, depth), (head, depth))
        head.next = [self._lower(syntax.field(node, "body"), head, targets), after]
        return Step("range", node, [head])

    def _switch_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        self.cases.append([])
        targets = _Targets(to.scopes, (after, len(to.scopes)), to.again)
        self._lower(syntax.field(node, "body"), after, targets)
        cases = self.cases.pop()
        default = any(syntax.field(case, "value") is None for case, _ in cases)
        steps = [*(step for _, step in cases), *([] if default else [after])]
        return Step("switch", syntax.field(node, "condition"), steps)

    def _case_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        value = syntax.field(node, "value")
        step = self._sequence([one for one in syntax.named(node) if one != value], after, to)
        if self.cases:
            self.cases[-1].append((node, step))
        return step

    def _labeled_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        label = syntax.field(node, "label")
        step = Step("pass", None, [self._sequence([one for one in syntax.named(node) if one != label], after, to)])
        self.labels[syntax.text_of(label)] = (step, to.scopes)
        return step

    def _try_statement(self, node: Node, after: Step, to: _Targets) -> Step:
        """Firmware is compiled without exceptions: the handlers are never reached."""
        return self._lower(syntax.field(node, "body"), after, to)

    # ---- jumps ----

    def _jump(self, target: tuple[Step, int] | None, to: _Targets, after: Step) -> Step:
        return after if target is None else self._leaving(to.scopes[target[1] :], target[0])

    def _break_statement(self, _node: Node, after: Step, to: _Targets) -> Step:
        return self._jump(to.out, to, after)

    def _continue_statement(self, _node: Node, after: Step, to: _Targets) -> Step:
        return self._jump(to.again, to, after)

    def _return_statement(self, node: Node, _after: Step, to: _Targets) -> Step:
        return Step("return", node, [self._leaving(to.scopes, Step("end"))])

    def _goto_statement(self, node: Node, _after: Step, to: _Targets) -> Step:
        jump = Step("pass")
        self.jumps.append((syntax.text_of(syntax.field(node, "label")), jump, to.scopes))
        return jump
