"""What the references of a JSON schema lead to: followed before anything is checked, and never out of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""The keywords besides references that look at the same value as their schema does."""


class _Lost(Exception):
    """A reference that leads to no schema; the message is what it says."""


def unresolved(schema: Any, draft: str) -> str:
    """What is wrong with a schema's references, and what to do, in one clause; empty: nothing.

    `draft`: the address of the draft it is written in.
    """
    edges: dict[int, set[int]] = {}
    try:
        for contents, targets in _followed(schema, draft):
            edges[id(contents)] = {id(one) for one in (*targets, *_same_value(contents))}
    except _Lost as error:
        return f"the reference {str(error)!r} cannot be followed: nothing is fetched, put what it names under $defs"
    if _circle(edges):
        return "a reference comes back to itself without end: name the schema that is meant"
    return ""


def _followed(schema: Any, draft: str) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Each schema inside a schema, with what its references lead to. Raises _Lost."""
    from referencing import Registry
    from referencing.jsonschema import specification_with

    form = specification_with(draft)
    root = form.create_resource(schema)
    left, known = [(root, Registry().resolver_with_root(root))], set()
    while left:
        resource, resolver = left.pop()
        if id(resource.contents) in known or not isinstance(resource.contents, dict):
            continue
        known.add(id(resource.contents))
        names = [resource.contents[word] for word in _REFERENCES if isinstance(resource.contents.get(word), str)]
        found = [_target(resolver, name) for name in names]
        left += [(form.create_resource(one.contents), one.resolver) for one in found]
        left += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]
        yield resource.contents, [one.contents for one in found]


def _target(resolver: Any, name: str) -> Any:
    """What a reference leads to, if that is a schema. Raises _Lost."""
    from referencing.exceptions import Unresolvable

    try:
        found = resolver.lookup(name)
    except (Unresolvable, ValueError) as error:
        raise _Lost(name) from error
    if not isinstance(found.contents, dict | bool):
        raise _Lost(name)
    return found


def _same_value(contents: dict[str, Any]) -> Iterator[Any]:
    """The schemas inside one that look at the same value."""
    for word in _SAME_VALUE:
        inner = contents.get(word, ())
        yield from inner if isinstance(inner, list) else (inner,)


def _circle(edges: dict[int, set[int]]) -> bool:
    """Whether anything leads back to itself."""
    while leaves := {one for one, targets in edges.items() if not targets & edges.keys()}:
        edges = {one: targets for one, targets in edges.items() if one not in leaves}
    return bool(edges)
