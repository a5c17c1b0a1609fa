"""dns_failure: names cannot be looked up inside the target. Connections that stand, and those by address, are not affected."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.errors import NotProvable
from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.packet_rules import PacketRules, Rule, replaced, rules_gone
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import HeldFaultSpec

RESOLVER = "127.0.0.11"
"""The engine's own name server, the same address in every container on a network of a project."""
LOOKUP_SECONDS = 0.3
Mode = Literal["timeout", "refuse"]


class DnsFailureSpec(targets.OnReplicas, HeldFaultSpec):
    """Makes lookups fail: all, or those of one `name`."""

    type: Literal["dns_failure"] = "dns_failure"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$")] | None = None
    mode: Mode = "timeout"

    def describe(self) -> str:
        """Say what fails where and how."""
        what = f"lookups of {self.name}" if self.name else "all lookups"
        how = "time out" if self.mode == "timeout" else "fail at once"
        return f"{what} in {self.who} {how}"

    def undoes(self) -> tuple[str, ...]:
        """Remove the rules."""
        return (f"remove the packet rules of {targets.of(self.target, self.count)}",)


class DnsFailure(Fault[DnsFailureSpec]):
    """Drops what is sent to the engine's name server, in the targets' own network namespaces."""

    Spec = DnsFailureSpec

    def prepare(self) -> None:
        """Start the helpers and see that names can be looked up now."""
        self.targets = targets.choose(self)
        self.rules = PacketRules(self, self.targets)
        self.rules.prepare()
        others = [name for name in self.lab.spec.services if name not in (self.spec.target, self.spec.name)]
        wanted = [*([self.spec.name] if self.spec.name else []), *others]
        outcomes = self.rules.lookup(wanted, RESOLVER, LOOKUP_SECONDS)
        found = [name for place, name in enumerate(wanted) if all(row[place] == "ok" for row in outcomes.values())]
        if not found or self.spec.name not in (None, found[0]):
            what = self.spec.name or "the name of any other service"
            raise NotProvable(f"{what} cannot be looked up in {targets.names(self.targets)} before the fault")
        self.failing = found[:1]
        self.control = found[1:2] if self.spec.name else []

    def undos(self) -> tuple[Undo, ...]:
        """Remove the rules."""
        return self.rules.undos()

    def inject(self) -> Effect:
        """Put the rules in."""
        made = rules(self.spec.mode, self.spec.name)
        at, error = self.rules.put({str(replica): made for replica in self.targets})
        return Effect(at, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """Count what was dropped of the service's own, then look up from inside."""
        own = sum(self.rules.dropped().values())
        outcomes = self.rules.lookup([*self.failing, *self.control], RESOLVER, LOOKUP_SECONDS)
        finding = unresolved(self.rules.dropped(), outcomes, self.spec.mode, with_control=bool(self.control))
        finding = finding.noted(f"{own} of the service's own" if own else "the service itself looked nothing up")
        gone = rules_gone(replaced(self.lab, self.targets))
        return self.proof(finding.refused(gone) if gone else finding)

    def prove_clean(self) -> Proof:
        """No rule is left, and names can be looked up again."""
        left = self.rules.left()
        finding = Finding(left, "0 rules", "rules", proven=left == 0)
        if gone := replaced(self.lab, self.targets):
            return self.proof(finding.noted(rules_gone(gone)))
        failed = [
            f"{name}: {', '.join(row)}"
            for name, row in self.rules.lookup(self.failing, RESOLVER, LOOKUP_SECONDS).items()
            if row != ["ok"]
        ]
        return self.proof(
            finding.refused(f"lookups still fail in {'; '.join(failed)}") if failed else finding.noted("lookups work")
        )

    def close(self) -> None:
        """End the helpers, and let nobody ask them any more."""
        if hasattr(self, "rules"):
            self.rules.forget()
        super().close()


def rules(mode: Mode, name: str | None) -> list[Rule]:
    """Return the rule: what leaves for the name server fails at once; what reaches it only later is silence.

    The engine's own rules rewrite the port first, so the port cannot be matched. `name`: only packets that hold it,
    as a question does: labels with their lengths, the root's last.
    """
    which: list[str] = []
    if name:
        labels = "".join(f"{len(label):02x}{label.encode().hex()}" for label in name.rstrip(".").split("."))
        which = ["-m", "string", "--algo", "bm", "--icase", "--hex-string", f"|{labels}00|"]
    drop = ["-j", "DROP"]
    if mode == "refuse":
        return [{"chain": "OUTPUT", "match": ["-d", RESOLVER, *which], "target": drop}]
    return [{"chain": "INPUT", "match": ["-i", "lo", "-d", RESOLVER, *which], "target": drop}]


def unresolved(
    dropped: Mapping[str, int], outcomes: Mapping[str, Sequence[str]], mode: Mode, *, with_control: bool
) -> Finding:
    """Judge it: in every target packets were dropped and the lookup failed the declared way. `measured`: packets dropped.

    `outcomes` by target: of the failing name, then (`with_control`) of another one, which must still be found.
    """
    wanted = {"timeout": "timeout", "refuse": "refused"}[mode]
    said = "; ".join(f"{name}: lookup {row[0]}" for name, row in outcomes.items())
    total = sum(dropped.values())
    unmet = [name for name, packets in dropped.items() if packets == 0]
    finding = Finding(
        total,
        f"at least 1 in each of {len(dropped)}, lookups {wanted}",
        "packets dropped",
        proven=bool(dropped) and not unmet and all(row[0] == wanted for row in outcomes.values()),
        detail=said,
    )
    if with_control:
        failed = [name for name, row in outcomes.items() if row[1] != "ok"]
        note = f"another name: {', '.join(row[1] for row in outcomes.values())}"
        return finding.refused(f"{note}: more than the one name fails") if failed else finding.noted(note)
    return finding
