"""What the API server refuses: said in the status, once, and never in the way of other workloads."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
import pytest_asyncio

from tests.integration import objects
from tests.integration.apiserver import GUEST, ApiServer
from tests.integration.audit import Witness
from tests.integration.operators import Interrupted, Operator, client_for, configuration
from tests.integration.stage import FIELD, Stage
from tests.integration.waiting import until
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import EffectKind, Outcome, Phase
from zombie_operator.core.status import Decision
from zombie_operator.engine.evaluate import evaluate
from zombie_operator.kube.errors import KubeError, NotFound, Refused

Object = dict[str, Any]
Forbid = Callable[..., Coroutine[Any, Any, str]]

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = f"{ADMISSION}/validatingadmissionpolicies", f"{ADMISSION}/validatingadmissionpolicybindings"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
WORDS = "no changes on a Friday"


@pytest_asyncio.fixture
async def forbid(stage: Stage) -> AsyncIterator[Forbid]:
    """Have the cluster's administrators forbid requests of the operator here, by a real admission policy."""
    made: list[str] = []

    async def begin(resource: str, group: str, expression: str, *, operation: str = "UPDATE") -> str:
        name = f"{stage.namespace}-{resource}"
        rule = {"apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": [operation]}
        here = {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}}
        validation = {"expression": expression, "message": WORDS, "reason": "Forbidden"}
        spec = {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
            # The operator's account alone: the test plays everybody else.
            "matchConditions": [{"name": "ours", "expression": "request.userInfo.username != 'admin'"}],
            "validations": [validation],
        }
        binding = {"policyName": name, "validationActions": ["Deny"]}
        for path, body in ((POLICIES, spec), (BINDINGS, binding)):
            await stage.admin.request("POST", path, body={"metadata": {"name": name}, "spec": body})
        made.append(name)
        return name

    yield begin
    for name in made:
        await _allow(stage, name)


async def _allow(stage: Stage, name: str) -> None:
    for path in (BINDINGS, POLICIES):
        with contextlib.suppress(NotFound):
            await stage.admin.request("DELETE", f"{path}/{name}")


async def _in_force(operator: Operator, stage: Stage, *, denied: bool) -> None:
    """Wait until the API server knows what is forbidden: it reads admission policies with a delay."""

    async def known() -> bool:
        try:
            path = stage.path("Deployment", "app")
            change = {"metadata": {"annotations": {"asked": "yes"}}}
            await operator.client.request(
                "PATCH", path, body=change, query={"dryRun": "All"}, content_type="application/merge-patch+json"
            )
        except Refused:
            return denied
        return not denied

    await until("the admission policy is in force", known)


def real(entries: list[Any]) -> list[Any]:
    """Leave out the questions whether a policy is in force."""
    return [entry for entry in entries if "asked" not in str(entry.body)]


async def test_a_change_that_admission_forbids_is_refused_once_and_for_good(
    operator: Operator, stage: Stage, witness: Witness, forbid: Forbid
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await forbid("deployments", "apps", "false")
    await _in_force(operator, stage, denied=True)
    for _ in range(4):
        await operator.round()
        stage.later(600)
    status = (await operator.remediation()).status
    assert (status.phase, status.outcome, status.reason) == (Phase.DONE, Outcome.REFUSED, Reason.REJECTED_BY_SERVER)
    assert WORDS in status.message
    assert "lacks a right" not in status.message
    assert len(real(await witness.writes("deployments"))) == 1


async def test_a_missing_right_is_called_so_and_tried_again_after_a_rest(
    server: ApiServer, operator: Operator, stage: Stage, witness: Witness
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
    ours = {"apiGroups": [objects.GROUP], "resources": ["*"], "verbs": ["*"]}
    role = {"metadata": {"name": stage.namespace}, "rules": [everything, ours]}
    await stage.admin.request("POST", f"{RBAC}/clusterroles", body=role)
    binding = {
        "metadata": {"name": stage.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": stage.namespace},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": GUEST}],
    }
    await stage.admin.request("POST", f"{RBAC}/clusterrolebindings", body=binding)
    async with await client_for(server, user=GUEST) as client:
        guest = Operator(client, operator.session, stage)

        async def readable() -> bool:
            try:
                await guest.remediations()
            except Refused:
                return False
            return True

        await until("the role is in force", readable)
        await guest.round()
        for seconds in (0, 30, 29):  # a minute in all, but for a second
            stage.later(seconds)
            await guest.drive()
        status = (await operator.remediation()).status
        assert (status.phase, status.reason, status.intents) == (Phase.PENDING, Reason.REJECTED_BY_SERVER, ())
        assert "the operator lacks a right" in status.message
        assert len(await witness.writes("deployments")) == 1
        stage.later(1)
        await guest.drive()
        assert len(await witness.writes("deployments")) == 2


async def test_a_refused_rollback_says_so_and_is_made_when_it_can_be(
    operator: Operator, stage: Stage, witness: Witness, forbid: Forbid
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await operator.turn(Phase.VERIFYING)
    name = await forbid("deployments", "apps", "false")
    await _in_force(operator, stage, denied=True)
    await stage.delete("ZombiePolicy", "policy")
    for _ in range(3):
        await operator.drive()
    status = (await operator.remediation()).status
    assert (status.phase, status.reason) == (Phase.REVERTING, Reason.REJECTED_BY_SERVER)
    assert status.message.startswith("the rollback was refused and is tried again")
    assert WORDS in status.message
    assert (str(Phase.REVERTING), str(Reason.REJECTED_BY_SERVER)) in operator.told
    await _allow(stage, name)
    await _in_force(operator, stage, denied=False)
    stage.later(60)
    done = await operator.turn(Phase.DONE)
    assert (done.status.outcome, done.status.reason) == (Outcome.ROLLED_BACK, Reason.POLICY_WITHDRAWN)
    # One refused, one made: what was refused a moment ago is not asked again and again.
    assert [bool(entry.body.get("spec")) for entry in real(await witness.writes("deployments"))] == [True, False, False]
    assert FIELD not in (await stage.get("Deployment", "app"))["spec"]["template"]["spec"]


async def test_a_creation_that_is_refused_does_not_hold_up_the_rollback_of_another(
    operator: Operator, stage: Stage, forbid: Forbid
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await operator.turn(Phase.VERIFYING)
    (first,) = await operator.remediations()
    await forbid("zombieremediations", objects.GROUP, "object.spec.targetRef.name != 'worse'", operation="CREATE")
    await stage.run(objects.workload("worse"))

    async def denied() -> bool:
        return not any(r.spec.target_ref.name == "worse" for r in await _after_round(operator, stage))

    await until("the creation is refused", denied)
    await stage.edit("ZombieRemediation", first.name, {"spec": {"action": "Rollback"}})
    for _ in range(3):
        await operator.round()
        await stage.play()
    left = {r.spec.target_ref.name: r.status.outcome for r in await operator.remediations()}
    assert left == {"app": Outcome.ROLLED_BACK}


async def _after_round(operator: Operator, stage: Stage) -> list[Any]:
    """Let the operator try; what got through before the policy was in force is deleted."""
    await operator.round()
    found = await operator.remediations()
    for one in found:
        if one.spec.target_ref.name == "worse":
            await stage.delete("ZombieRemediation", one.name)
    return found


@pytest.mark.parametrize("path", ["/poddisruptionbudgets", "/deployments/broken"])
async def test_a_workload_that_cannot_be_looked_up_does_not_end_the_round(
    operator: Operator, server: ApiServer, stage: Stage, path: str
) -> None:
    """One answer fails; what it was about is said to be unchecked or unread, the others are decided."""
    await stage.run(objects.workload("broken"))
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())

    async def fail() -> None:
        raise KubeError("GET: 500 etcdserver: leader changed", 500)

    found = await configuration(server.kubeconfig(server.folder / "failing"))
    async with Interrupted(found, "GET", path, fail) as client:
        unlucky = Operator(client, operator.session, stage)
        world = await unlucky.world()
        decided = await evaluate(client, world, unlucky.judge)
        assert client.interrupted
    mine = [d for d in decided if d.finding.owned.pod.namespace == stage.namespace]
    reasons = sorted((d.decision, d.reason) for d in mine)
    if path == "/poddisruptionbudgets":
        assert reasons == [(Decision.REMEDIATING, Reason.CHOSEN), (Decision.WAITING, Reason.UNCHECKED)]
        assert any("leader changed" in d.message for d in mine)
    else:
        # One of its pods was not looked up; the next one asks again.
        assert len(world.unread) == 1
        assert "leader changed" in world.unread[0]
        assert {d.finding.title for d in mine} == {"Deployment app", "Deployment broken"}


async def test_a_lost_answer_of_an_eviction_is_no_refusal_of_it(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    """The first request evicts and its answer is lost; the second one finds nobody, and the attempt still counts."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(remedies=("RestartPod",)))

    async def lose() -> None:
        raise KubeError("POST: the answer is lost")

    found = await configuration(server.kubeconfig(server.folder / "losing"))
    async with Interrupted(found, "POST", "/eviction", lose) as client:
        await Operator(client, operator.session, stage).round()
    intent = (await operator.remediation()).status.intents[-1]

    async def vanish() -> None:
        await stage.delete("Pod", intent.pod_name)

    async with Interrupted(found, "POST", "/eviction", vanish) as client:
        await Operator(client, operator.session, stage).drive()
        assert client.interrupted
    assert [entry.code for entry in await witness.writes("pods/eviction")] == [404]
    status = (await operator.remediation()).status
    assert (status.phase, status.intents) == (Phase.ACTING, (intent,))
    await operator.drive()
    status = (await operator.remediation()).status
    assert (status.phase, status.reason, status.intents) == (Phase.VERIFYING, Reason.POD_EVICTED, (intent,))


async def test_a_person_who_suspends_before_a_repeated_effect_wins(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    """The intent is written and the change was not made; nothing is written before it is made again."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())

    async def lose() -> None:
        raise KubeError("PATCH: the answer is lost")

    found = await configuration(server.kubeconfig(server.folder / "repeating"))
    async with Interrupted(found, "PATCH", "/deployments/", lose) as client:
        await Operator(client, operator.session, stage).round()
    one = await operator.remediation()
    assert (one.status.phase, one.status.intents[-1].effect) == (Phase.ACTING, EffectKind.APPLY)

    async def suspend() -> None:
        await stage.edit("ZombieRemediation", one.name, {"spec": {"suspend": True}})

    async with Interrupted(found, "GET", "/deployments/app", suspend) as client:
        world = await operator.world()
        await Operator(client, operator.session, stage).drive(world)
        assert client.interrupted
    assert await witness.writes("deployments") == []
