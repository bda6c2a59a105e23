"""Frozen records: what every value that crosses the public API is made of.

They are frozen dataclasses to type checkers and to their users: a constructor with positional and keyword
arguments, equality by value, `match`, a repr, no assignment. They are not `dataclasses.dataclass`, because a cold
start pays for it: importing `dataclasses` and decorating the 20 classes of this package costs several milliseconds
(it imports `inspect` and compiles source text for every class), building them here a fraction of one.

A field that may hold a secret is named in the class statement, `class Token(Record, redacted=("value",))`, and
its repr shows the shape of the value and never the value.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature
    from typing import Any, TypeVar

    from typing_extensions import Self, dataclass_transform

    _T = TypeVar("_T")
else:

    def dataclass_transform(**_: object) -> Callable[[_T], _T]:
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class RecordType(type):
    """Turns the annotations of a class body into slots, and its assignments into defaults."""

    if TYPE_CHECKING:
        __match_args__: tuple[str, ...]
    _defaults: dict[str, object]
    _redacted: frozenset[str]

    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], redacted: tuple[str, ...] = ()
    ) -> RecordType:
        fields = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in fields if field in namespace}
        cls = super().__new__(mcls, name, bases, {**namespace, "__slots__": fields, "__match_args__": fields})
        cls._defaults = defaults
        cls._redacted = frozenset(redacted)
        return cls

    @property
    def __signature__(cls) -> Signature:
        """For `help()` and editors at run time; `inspect` is imported only for them."""
        from inspect import Parameter, Signature

        fields: tuple[str, ...] = cls.__match_args__
        return Signature(
            [
                Parameter(
                    field,
                    Parameter.POSITIONAL_OR_KEYWORD,
                    default=cls._defaults.get(field, Parameter.empty),
                    annotation=cls.__annotations__[field],
                )
                for field in fields
            ]
        )


class Record(metaclass=RecordType):
    """Base class of all records; it has no fields of its own."""

    if not TYPE_CHECKING:

        def __init__(self, *args: object, **kwargs: object) -> None:
            cls = type(self)
            fields = cls.__match_args__
            if len(args) > len(fields):
                raise TypeError(f"{cls.__name__}() takes {len(fields)} arguments but {len(args)} were given")
            for field, value in zip(fields, args):
                if field in kwargs:
                    raise TypeError(f"{cls.__name__}() got two values for argument {field!r}")
                object.__setattr__(self, field, value)
            for field in fields[len(args) :]:
                if field in kwargs:
                    object.__setattr__(self, field, kwargs.pop(field))
                elif field in cls._defaults:
                    object.__setattr__(self, field, cls._defaults[field])
                else:
                    raise TypeError(f"{cls.__name__}() misses the argument {field!r}")
            if kwargs:
                raise TypeError(f"{cls.__name__}() has no argument {next(iter(kwargs))!r}")

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be set")

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be deleted")

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, field) for field in type(self).__match_args__)

    def _fields(self) -> dict[str, object]:
        return dict(zip(type(self).__match_args__, self._values()))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        cls = type(self)
        fields: tuple[str, ...] = cls.__match_args__
        shown = (
            f"{field}={redact(value) if field in cls._redacted else repr(value)}"
            for field, value in zip(fields, self._values())
        )
        return f"{cls.__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Copies and pickles go through the constructor."""
        return type(self), self._values()

    def __replace__(self, **changes: object) -> Self:
        """What `copy.replace` calls (Python 3.13)."""
        return type(self)(**{**self._fields(), **changes})


def redact(value: object) -> str:
    """The repr of a value that may hold secrets: names and sizes stay, values go."""
    if value is None or value == "":
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: '***'" for name in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join("'***'" if isinstance(each, str) else f"({each[0]!r}, '***')" for each in value) + "]"
    return "'***'"
