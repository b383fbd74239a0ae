"""Frozen values of core to plain objects of the Kubernetes API and back, driven by the dataclasses themselves.

No ``from __future__ import annotations`` here: pydantic evaluates the annotations of the models.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from zombie_operator.api.names import camel
from zombie_operator.api.problems import ValidationProblems, sentences
from zombie_operator.api.rules import CLUSTER_POLICY_RULES, POLICY_RULES, REMEDIATION_RULES, Rule, broken
from zombie_operator.core.policy import ClusterPolicySpec, PolicySpec
from zombie_operator.core.remediation import RemediationSpec, RemediationStatus
from zombie_operator.core.status import PolicyStatus


class Body(BaseModel):
    """The part of an object that is ours. Its configuration reaches every dataclass below it."""

    model_config = ConfigDict(alias_generator=camel, allow_inf_nan=False)
    rules: ClassVar[tuple[Rule, ...]] = ()


class PolicyBody(Body):
    """Says which pods are watched for zombie processes, and what may be done about those that leak them."""

    rules = POLICY_RULES
    spec: PolicySpec
    status: PolicyStatus = PolicyStatus()


class ClusterPolicyBody(Body):
    """Says which pods of which namespaces are watched for zombie processes, and what may be done about them."""

    rules = CLUSTER_POLICY_RULES
    spec: ClusterPolicySpec
    status: PolicyStatus = PolicyStatus()


class RemediationBody(Body):
    """One remedy applied to one workload, from its choice to its proof. Made by the operator, never by people."""

    rules = REMEDIATION_RULES
    spec: RemediationSpec
    status: RemediationStatus = RemediationStatus()


class PolicyStatusBody(Body):
    """The status alone, which can be read when the spec cannot."""

    status: PolicyStatus = PolicyStatus()


class RemediationSpecBody(Body):
    """The spec alone, as it is when an object is made."""

    spec: RemediationSpec


class RemediationStatusBody(Body):
    """The status alone, as the status subresource takes it."""

    status: RemediationStatus = RemediationStatus()


BodyT = TypeVar("BodyT", bound=Body)


def decode(model: type[BodyT], raw: Mapping[str, Any]) -> BodyT:
    """Read the parts of ``raw`` that ``model`` knows, or raise every problem at once.

    JSON in strict mode has the API server's notion of types: "5" is no integer, but 5 is a number and a list a tuple.
    """
    text = json.dumps({name: raw[name] for name in model.model_fields if raw.get(name) is not None}, default=_plain)
    problems = list(broken(model.rules, json.loads(text)))
    try:
        body = model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise ValidationProblems([*sentences(error), *problems]) from None
    if problems:
        raise ValidationProblems(problems)
    return body


def _plain(value: object) -> object:
    # kopf hands out read-only mappings that are no dicts; a YAML reader makes dates of what Kubernetes reads as text.
    return dict(value) if isinstance(value, Mapping) else str(value)


def encode(value: object, *, nulls: bool = False) -> Any:  # noqa: ANN401 - JSON is any
    """Write a value as the API server stores it: what says nothing is left out.

    With ``nulls``, for a JSON merge patch, it is null instead, since a field left out of a patch stays as it was.
    Lists are replaced whole by a merge patch, so inside them nothing is null.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return _encode_fields(value, nulls=nulls)
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.value if isinstance(value, StrEnum) else value


def _encode_fields(value: Any, *, nulls: bool) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    written: dict[str, Any] = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        if not _says_nothing(field, inner):
            written[camel(field.name)] = encode(inner, nulls=nulls)
        elif nulls:
            written[camel(field.name)] = None
    return written


def _says_nothing(field: Field[Any], inner: object) -> bool:
    required = field.default is MISSING and field.default_factory is MISSING
    return inner is None or (not required and inner in ("", (), {}))


def rfc3339(time: datetime) -> str:
    """Write a time as Kubernetes does: UTC, whole seconds, ``Z``. A time without a zone is a bug of the caller."""
    if time.tzinfo is None:
        raise ValidationProblems([f"{time.isoformat()}: must be a time with a time zone"])
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
