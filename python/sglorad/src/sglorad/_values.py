"""The values that calls return. All are immutable; fields that the daemon adds later are ignored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from os import PathLike
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple, Union

from ._errors import unexpected

if TYPE_CHECKING:
    from ._client import Client


def text(source: Mapping[str, Any], name: str) -> str:
    """A field that must be a string."""
    value = source.get(name)
    if not isinstance(value, str):
        raise unexpected()
    return value


def optional_text(source: Mapping[str, Any], name: str) -> Optional[str]:
    """A field that may be absent or a string."""
    return None if source.get(name) is None else text(source, name)


def whole(source: Mapping[str, Any], name: str, default: Optional[int] = None) -> int:
    """A field that must be an integer, unless it may be absent."""
    value = source.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise unexpected()
    found: int = value
    return found


def number(source: Mapping[str, Any], name: str) -> float:
    """A field that must be a number."""
    value = source.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise unexpected()
    return float(value)


def mapping(source: Mapping[str, Any], name: str) -> Dict[str, Any]:
    """A field that must be an object."""
    value = source.get(name)
    if not isinstance(value, dict):
        raise unexpected()
    return value


def items(source: Mapping[str, Any], name: str) -> List[Dict[str, Any]]:
    """A field that is a list of objects, or absent."""
    value = source.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise unexpected()
    return value


def texts(source: Mapping[str, Any], name: str) -> Tuple[str, ...]:
    """A field that is a list of strings, or absent."""
    value = source.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise unexpected()
    return tuple(value)


def time(source: Mapping[str, Any], name: str) -> datetime:
    """A field that is a time as RFC 3339 in UTC."""
    try:
        return datetime.strptime(text(source, name), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise unexpected() from None


@dataclass(frozen=True)
class File:
    """A file of an adapter: its name in the folder, its size, and its SHA-256 in lower-case hexadecimal."""

    name: str
    bytes: int
    digest: str


@dataclass(frozen=True)
class Example:
    """A text as the application will meet it, and the right answer to it where it is known."""

    text: str = field(repr=False)
    answer: Optional[str] = field(default=None, repr=False)


@dataclass(frozen=True)
class UsedExamples:
    """What a request's examples did for its adapter, in counts alone."""

    examples: int
    answered: int
    #: How many answers can occur.
    labels: int
    #: How many steps of the refinement were computed; this and the next are None if the adapter was not refined.
    steps: Optional[int]
    #: After how many steps the loss on the answered examples was lowest; 0 if that was before the first.
    kept: Optional[int]
    out_of_time: bool


@dataclass(frozen=True)
class GuidingExpert:
    """An expert that guided an adapter: its proximity to the intent, and its share in the prior."""

    name: str
    digest: str
    proximity: float
    weight: float


@dataclass(frozen=True)
class RoutedExpert:
    """An expert of the pool of a lora-gen generator: its number there, from 0, and its share of a layer."""

    expert: int
    gate: float


@dataclass(frozen=True)
class RoutedLayer:
    """One layer of an adapter that lora-gen mixed, by its number in the base model."""

    layer: str
    #: The experts that were mixed, that with the larger gate first.
    experts: Tuple[RoutedExpert, ...]


@dataclass(frozen=True)
class PromptForm:
    """How a language model's experts were asked and how they answer; ask an adapter in the same form."""

    #: Holds ``{labels}`` and ``{text}`` once each.
    prompt: str
    #: The whole answer, with ``{answer}`` once.
    answer: str


@dataclass(frozen=True)
class Provenance:
    """How an adapter was made. The same inputs, seed, version and kernel give the same bytes."""

    strategy: str
    choice: Optional[str]
    base: str
    experts: Tuple[GuidingExpert, ...]
    top_k: int
    temperature: float
    proximity: str
    nearest_proximity: float
    threshold: float
    seed: int
    generator: Optional[str]
    library: str
    encoder: str
    kernel: str
    version: str
    warnings: Tuple[str, ...]
    #: What the request's examples did; None if it had neither examples nor labels.
    examples: Optional[UsedExamples] = None
    #: The form of prompts and answers of the base model's experts; None if it is not known.
    prompt: Optional[PromptForm] = None
    #: Layer by layer, which experts of its pool the generator mixed; empty unless the strategy is lora-gen.
    routing: Tuple[RoutedLayer, ...] = ()


@dataclass(frozen=True)
class Adapter:
    """A published adapter: an ordinary PEFT folder."""

    id: str
    base: str
    digest: str
    files: Tuple[File, ...]
    bytes: int
    #: The absolute path of its folder, which only the daemon may be allowed to read; see ``export``.
    path: str
    label: Optional[str]
    created_at: datetime
    truncated: bool
    pinned: bool
    provenance: Provenance
    _client: "Client" = field(repr=False, compare=False)
    #: The name under which it is published to model servers; None if it is not.
    published_as: Optional[str] = None

    @property
    def guidance(self) -> Tuple[GuidingExpert, ...]:
        """The experts that guided it, nearest first."""
        return self.provenance.experts

    @property
    def seed(self) -> int:
        """The seed: the same library, intent, options and seed give the same bytes."""
        return self.provenance.seed

    def export(self, folder: Union[str, "PathLike[str]"]) -> None:
        """Writes the files to a new folder, which appears complete or not at all; see ``Client.export``."""
        self._client.export(self, folder)

    def load_into(self, model: Any, adapter_name: Optional[str] = None) -> Any:
        """Loads the adapter into a model with PEFT, and returns the ``peft.PeftModel``.

        ``model`` is the base model, such as ``transformers.AutoModel`` loads it, or a ``PeftModel``, which gets another
        adapter. ``adapter_name`` is ``default`` for a base model and the adapter's ``id`` for a ``PeftModel``.

        Raises ``ImportError`` if the package peft is missing.
        """
        from ._export import load_into

        return load_into(self, model, adapter_name)


@dataclass(frozen=True)
class Request:
    """A request as the daemon's queue records it; it never holds the intent's text."""

    id: str
    #: ``queued``, ``running``, ``done``, ``refused``, ``failed`` or ``cancelled``; the last four are final.
    state: str
    stage: Optional[str]
    called_off: bool
    base: str
    label: Optional[str]
    submitted_at: datetime
    finished_at: Optional[datetime]
    attempts: int
    adapter_id: Optional[str]
    failure: Optional[str]
    truncated: bool
    owner: Optional[int]

    @property
    def is_final(self) -> bool:
        """Whether it will not change any more."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True)
class Neighbour:
    """An expert as seen from an intent. ``weight`` is None if it would not guide."""

    name: str
    description: str
    proximity: float
    centred: float
    weight: Optional[float]


@dataclass(frozen=True)
class Explanation:
    """What guidance sees for an intent. ``refusal`` says why a request would be refused, or is None."""

    base: str
    strategy: str
    top_k: int
    temperature: float
    proximity: str
    neighbours: Tuple[Neighbour, ...]
    nearest_proximity: float
    threshold: float
    refusal: Optional[str]
    truncated: bool


@dataclass(frozen=True)
class Embedding:
    """The embedding of a text: a unit vector, and how many tokens the encoder read."""

    values: Tuple[float, ...]
    tokens: int
    truncated: bool


@dataclass(frozen=True)
class Erasure:
    """What ``Client.forget`` has erased, and the paths in the spool that it could not."""

    requests: Tuple[str, ...]
    adapters: Tuple[str, ...]
    spool_files: int
    leftovers: Tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    """Something that is wrong with the daemon, and what to do about it."""

    name: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Health:
    """The daemon's health: what is wrong, and how many requests are in each state."""

    conditions: Tuple[Condition, ...]
    requests: Mapping[str, int]
    training: Tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.conditions


@dataclass(frozen=True)
class Status:
    """The daemon's status."""

    version: str
    health: Health
    started_at: datetime
    #: The name of the text encoder, or None if it cannot be loaded.
    encoder: Optional[str]
    kernel: str


@dataclass(frozen=True)
class Event:
    """A change that ``Client.monitor`` tells: exactly one of the two is there."""

    health: Optional[Health] = None
    request: Optional[Request] = None


def adapter(wire: Mapping[str, Any], client: "Client") -> Adapter:
    """The adapter in a reply."""
    made = mapping(wire, "provenance")
    return Adapter(
        id=text(wire, "adapterId"),
        base=text(wire, "base"),
        digest=text(wire, "digest"),
        files=tuple(File(text(f, "name"), whole(f, "bytes"), text(f, "digest")) for f in items(wire, "files")),
        bytes=whole(wire, "bytes"),
        path=text(wire, "path"),
        label=optional_text(wire, "label"),
        created_at=time(wire, "createdAt"),
        truncated=wire.get("truncated") is True,
        pinned=wire.get("pinned") is True,
        provenance=Provenance(
            strategy=text(made, "strategy"),
            choice=optional_text(made, "choice"),
            base=text(made, "base"),
            experts=tuple(
                GuidingExpert(text(e, "expert"), text(e, "digest"), number(e, "proximity"), number(e, "weight"))
                for e in items(made, "experts")
            ),
            top_k=whole(made, "topK"),
            temperature=number(made, "temperature"),
            proximity=text(made, "proximity"),
            nearest_proximity=number(made, "nearestProximity"),
            threshold=number(made, "threshold"),
            seed=whole(made, "seed"),
            generator=optional_text(made, "generator"),
            library=text(made, "library"),
            encoder=text(made, "encoder"),
            kernel=text(made, "kernel"),
            version=text(made, "version"),
            warnings=texts(made, "warnings"),
            examples=used_examples(made),
            prompt=prompt_form(made),
            routing=tuple(
                RoutedLayer(
                    text(layer, "layer"),
                    tuple(RoutedExpert(whole(e, "expert"), number(e, "gate")) for e in items(layer, "experts")),
                )
                for layer in items(made, "routing")
            ),
        ),
        _client=client,
        published_as=optional_text(wire, "published"),
    )


def prompt_form(made: Mapping[str, Any]) -> Optional[PromptForm]:
    """The form of prompts; None if the daemon did not know it."""
    if made.get("prompt") is None:
        return None
    form = mapping(made, "prompt")
    return PromptForm(text(form, "prompt"), text(form, "answer"))


def used_examples(made: Mapping[str, Any]) -> Optional[UsedExamples]:
    """What examples did for an adapter; None if its request had none."""
    if made.get("examples") is None:
        return None
    used = mapping(made, "examples")

    def count(name: str) -> Optional[int]:
        return None if used.get(name) is None else whole(used, name)

    return UsedExamples(
        examples=whole(used, "examples"),
        answered=whole(used, "answered"),
        labels=whole(used, "labels"),
        steps=count("steps"),
        kept=count("kept"),
        out_of_time=used.get("outOfTime") is True,
    )


def request(wire: Mapping[str, Any]) -> Request:
    """The request in a reply."""
    return Request(
        id=text(wire, "requestId"),
        state=text(wire, "state"),
        stage=optional_text(wire, "stage"),
        called_off=wire.get("calledOff") is True,
        base=text(wire, "base"),
        label=optional_text(wire, "label"),
        submitted_at=time(wire, "submittedAt"),
        finished_at=time(wire, "finishedAt") if wire.get("finishedAt") is not None else None,
        attempts=whole(wire, "attempts", 0),
        adapter_id=optional_text(wire, "adapterId"),
        failure=optional_text(wire, "failure"),
        truncated=wire.get("truncated") is True,
        owner=whole(wire, "uid") if wire.get("uid") is not None else None,
    )


def health(wire: Mapping[str, Any]) -> Health:
    """The health in a reply."""
    queue = mapping(wire, "queue")
    states = ("queued", "running", "done", "refused", "failed", "cancelled")
    return Health(
        conditions=tuple(
            Condition(text(c, "name"), text(c, "message"), text(c, "remedy")) for c in items(wire, "conditions")
        ),
        requests={state: whole(queue, state) for state in states},
        training=tuple(name.strip() for name in (optional_text(wire, "training") or "").split(",") if name.strip()),
    )


def explanation(wire: Mapping[str, Any]) -> Explanation:
    """The reply of Explain."""
    return Explanation(
        base=text(wire, "base"),
        strategy=text(wire, "strategy"),
        top_k=whole(wire, "topK"),
        temperature=number(wire, "temperature"),
        proximity=text(wire, "proximity"),
        neighbours=tuple(
            Neighbour(
                text(n, "expert"),
                text(n, "description"),
                number(n, "proximity"),
                number(n, "centred"),
                number(n, "weight") if n.get("weight") is not None else None,
            )
            for n in items(wire, "neighbours")
        ),
        nearest_proximity=number(wire, "nearestProximity"),
        threshold=number(wire, "threshold"),
        refusal=(optional_text(wire, "refusal") or "") if wire.get("wouldRefuse") is True else None,
        truncated=wire.get("truncated") is True,
    )
