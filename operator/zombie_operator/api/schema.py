"""Structural OpenAPI v3 schemas, which is what a CustomResourceDefinition takes, out of pydantic's JSON schemas.

A structural schema has no ``$ref``, no ``anyOf`` and no ``propertyNames``, prunes unknown fields only where
``additionalProperties`` is absent, and applies defaults level by level: so an object's default is ``{}`` and its
fields bring their own. Nothing below ``status`` has a default, because a status says only what was observed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from zombie_operator.api.docstrings import attribute_docstrings
from zombie_operator.api.names import camel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core.core_schema import DataclassSchema

    from zombie_operator.api.codec import Body
    from zombie_operator.api.rules import Rule

Schema = dict[str, Any]

BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties")
FORMATS = {"integer": "int64", "number": "double"}
# As in Kubernetes' own types: a selector is one thought, which two field managers must not merge.
ATOMIC_OBJECTS = frozenset({"LabelSelector"})
# Lists whose items have an identity, so that several writers can own one each. All others are replaced whole.
KEYED_LISTS = {"conditions": ["type"]}


class _Described(GenerateJsonSchema):
    """Pydantic's schemas with the fields' docstrings, and without its titles, which repeat the field's name."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - the base class's signature
        """Say no."""
        return False

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        """Add to each field what its docstring says, which wins over what its class says of itself."""
        described = super().dataclass_schema(schema)
        for name, docstring in attribute_docstrings(schema["cls"]).items():
            described["properties"][camel(name)]["description"] = docstring
        return described


def structural_schema(model: type[Body]) -> Schema:
    """Return the schema of the objects that ``model`` reads: ``spec``, ``status`` and the server's own three fields."""
    source = model.model_json_schema(schema_generator=_Described)
    definitions = source.get("$defs", {})
    parts = {
        name: _Builder(definitions, with_defaults=name != "status").build(node, name)
        for name, node in source["properties"].items()
    }
    for name, part in parts.items():
        part.pop("default", None)
        if name == "status":
            part["default"] = {"observedGeneration": -1}
    schema: Schema = {
        "description": prose(source["description"]),
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            **parts,
        },
    }
    for rule in model.rules:
        _node_at(schema, rule).setdefault("x-kubernetes-validations", []).append(
            {"rule": rule.cel, "message": rule.message}
        )
    return schema


def prose(docstring: str) -> str:
    """Return a docstring as one line of plain text: code marks are for the documentation's readers only."""
    return " ".join(docstring.replace("``", "").split())


class _Builder:
    """Rewrites pydantic's nodes below one of ``spec`` and ``status``."""

    def __init__(self, definitions: Mapping[str, Schema], *, with_defaults: bool) -> None:
        """Remember the shared definitions, which are written out wherever they are used."""
        self._definitions = definitions
        self._with_defaults = with_defaults

    def build(self, node: Schema, name: str) -> Schema:
        """Return the structural form of the value of field ``name``."""
        node, class_name = self._resolve(node)
        kind = node["type"]
        built: Schema = {}
        if "description" in node:
            built["description"] = prose(node["description"])
        built["type"] = kind
        if form := node.get("format", FORMATS.get(kind)):
            built["format"] = form
        if "enum" in node:
            built["enum"] = node["enum"]
        built |= {bound: node[bound] for bound in BOUNDS if bound in node}
        if kind == "array":
            built |= self._list(node, name)
        if kind == "object":
            built |= self._object(node, class_name)
        if self._with_defaults and (default := _default(node, built)) is not None:
            built["default"] = default
        return built

    def _resolve(self, node: Schema) -> tuple[Schema, str | None]:
        """Write out references, and take an optional value for what it is when it is there."""
        class_name = None
        while "$ref" in node or "anyOf" in node:
            beside = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
            if "anyOf" in node:
                (inner,) = (option for option in node["anyOf"] if option.get("type") != "null")
            else:
                class_name = node["$ref"].rpartition("/")[2]
                inner = self._definitions[class_name]
            node = {**inner, **beside}  # what is said about the field wins over what is said about its class
        return node, class_name

    def _list(self, node: Schema, name: str) -> Schema:
        keys = KEYED_LISTS.get(name)
        kind: Schema = {"x-kubernetes-list-type": "map" if keys else "atomic"}
        if keys:
            kind["x-kubernetes-list-map-keys"] = keys
        return {**kind, "items": self.build(node["items"], name)}

    def _object(self, node: Schema, class_name: str | None) -> Schema:
        if "properties" not in node:  # a map
            return {"additionalProperties": self.build(node["additionalProperties"], "")}
        built: Schema = {"x-kubernetes-map-type": "atomic"} if class_name in ATOMIC_OBJECTS else {}
        if node.get("required"):
            built["required"] = node["required"]
        built["properties"] = {name: self.build(inner, name) for name, inner in node["properties"].items()}
        return built


def _default(node: Schema, built: Schema) -> object:
    """Return what the server fills in, None for nothing: what is empty or null is the same as what is absent."""
    if node["type"] == "object":
        inner = built.get("properties", {}).values()
        return {} if any("default" in field for field in inner) and not built.get("required") else None
    default = node.get("default")
    return None if default in ("", [], {}) else default


def _node_at(schema: Schema, rule: Rule) -> Schema:
    node = schema
    for step in rule.at.replace("[]", ".[]").split("."):
        node = node["items"] if step == "[]" else node["properties"][step]
    return node
