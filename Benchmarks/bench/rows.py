"""One measured goal, and the table of all."""
import dataclasses


@dataclasses.dataclass
class Row:
    name: str
    value: float
    unit: str
    goal: float
    low: bool = True
    detail: str = ""

    @property
    def reached(self):
        return self.value <= self.goal if self.low else self.value >= self.goal

    @property
    def shown(self):
        return f"{number(self.value)} {self.unit}"

    @property
    def aim(self):
        return f"{'≤' if self.low else '≥'} {number(self.goal)} {self.unit}"

    def line(self):
        return f"{'reached' if self.reached else 'MISSED '}  {self.name}: {self.shown} ({self.aim})  [{self.detail}]"


def number(value):
    if value < 1:
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def table(rows, markdown=False):
    if markdown:
        lines = ["| what | measured | goal | | in figures |", "| --- | --- | --- | --- | --- |"]
        return "\n".join(lines + [f"| {r.name} | {r.shown} | {r.aim} | {'reached' if r.reached else '**missed**'} | {r.detail} |"
                                  for r in rows])
    width = max((len(r.name) for r in rows), default=0)
    return "\n".join(f"{r.name:{width}}  {r.shown:>10}  {r.aim:>10}  {'reached' if r.reached else 'MISSED'}" for r in rows)
