"""Run the demo: `python -m deploy.demo`, or with `--clean` take away what it left. Ends with 1 if no cure is seen.

What it needs of a cluster that $KUBECONFIG names is in `tests/e2e/install.py`.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo import evidence
from deploy.demo.cleaning import DESCRIPTION, MADE_BY, NAMESPACE, clean, refuse_foreign_release
from deploy.demo.screen import Screen
from deploy.release import NoClusterError
from tests.e2e import install
from tests.e2e.manifests import ZOO_IMAGE
from tests.e2e.space import Space
from tests.e2e.values import FAST_VALUES
from tests.e2e.witness import proc
from tests.e2e.witness.kube import Kubectl, KubectlError
from tests.e2e.witness.waiting import NotSeenError, eventually

HERE = Path(__file__).parent
POLICY = "demo"
CURABLE = ("checkout", "search")
HOPELESS = "reports"
APPS = (*CURABLE, HOPELESS)
ENOUGH_TO_SEE = 15
WATCH_SECONDS = 8


def story(screen: Screen) -> None:
    """Tell it, step by step; raise when something that should happen does not."""
    space = prepare(screen)
    before = leak(screen, space)
    explain(screen, space)
    cure(screen, space)
    prove(screen, space, before)
    farewell(screen, space)


def prepare(screen: Screen) -> Space:
    """Bring up the cluster and install the operator."""
    screen.step("A real Kubernetes cluster")
    installer = install.Installer(screen.progress)
    cluster = installer.find_cluster()
    kube = cluster.kube
    refuse_foreign_release(cluster.environment)
    screen.command("kubectl get nodes", kube.run("get", "nodes"))
    screen.step("Two images: the operator's, and a small program that leaks")
    kube.run("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    installer.load_images(cluster)
    screen.tell(f"{install.IMAGE} and {ZOO_IMAGE} are on every node")
    screen.step("The operator, and an agent on every node, by Helm")
    if kube.get("namespace", install.OPERATOR_NAMESPACE) is None:
        kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": install.OPERATOR_NAMESPACE, "labels": {MADE_BY: "demo"}},
            }
        )
    installer.install_chart(cluster, FAST_VALUES, DESCRIPTION)
    for namespace in (install.OPERATOR_NAMESPACE, install.AGENTS_NAMESPACE):
        screen.command(f"kubectl get pods -n {namespace}", kube.run("get", "pods", "-n", namespace))
    return Space(kube, NAMESPACE, since=datetime.now(UTC))


def leak(screen: Screen, space: Space) -> dict[str, int]:
    """Start the workloads, and wait until there is something to see in the nodes' /proc."""
    screen.step("Three workloads start to leak zombie processes")
    eventually("the last demo's namespace is gone", lambda: space.kube.get("namespace", NAMESPACE), lambda ns: not ns)
    space.kube.run("create", "namespace", NAMESPACE)
    space.kube.run("apply", "-n", NAMESPACE, "-f", str(HERE / "workloads.yaml"))

    def look() -> dict[str, int]:
        counts = evidence.zombies(space, APPS)
        screen.progress("zombies on the nodes: " + ", ".join(f"{app} {count}" for app, count in counts.items()))
        return counts

    before = eventually("zombies on the nodes", look, lambda counts: min(counts.values()) >= ENOUGH_TO_SEE)
    screen.tell("counted in the nodes' own /proc, not by the operator:")
    screen.tell(evidence.table(before, "zombies"))
    screen.tell(evidence.sample(space, CURABLE[0]))
    return before


def explain(screen: Screen, space: Space) -> None:
    """Apply the policy, and show what the operator says about each workload."""
    screen.step("A policy in mode Observe: the operator says what leaks and why, and changes nothing")
    space.kube.run("apply", "-n", NAMESPACE, "-f", str(HERE / "policy.yaml"))

    def look() -> list[str]:
        found = [app for app in APPS if space.finding(app, POLICY)]
        screen.progress(f"explained so far: {', '.join(found) or 'nothing'}")
        return found

    eventually("a finding about every workload", look, lambda found: len(found) == len(APPS))
    show_policies(screen, space.kube)
    for app in APPS:
        screen.tell(evidence.why(space, app, POLICY))


def cure(screen: Screen, space: Space) -> None:
    """Wait until the operator is done with what it can cure."""
    screen.step("The policy in mode Enforce: the remedy is applied, and judged by its effect")
    enforce = ("patch", "zombiepolicy", POLICY, "-n", NAMESPACE, "--type", "merge", "-p", '{"spec":{"mode":"Enforce"}}')
    screen.command(f"kubectl {shlex.join(enforce)}", space.kube.run(*enforce))

    def look() -> dict[str, str]:
        stands = {app: evidence.standing(space, app, POLICY) for app in CURABLE}
        counts = evidence.zombies(space, CURABLE)
        screen.progress(", ".join(f"{app}: {stands[app]}, {counts[app]} zombies" for app in CURABLE))
        return stands

    try:
        eventually("both cured", look, lambda stands: set(stands.values()) == {"Cured"}, within=150)
    finally:
        for app in CURABLE:
            screen.tell(evidence.history(space, app))


def prove(screen: Screen, space: Space, before: dict[str, int]) -> None:
    """Compare with the nodes' /proc, which the operator cannot write to."""
    screen.step("The proof, from the nodes' own /proc")
    screen.progress(f"watching for {WATCH_SECONDS} s")
    born = {app: len(proc.births(space.uids(app), WATCH_SECONDS / len(APPS))) for app in APPS}
    after = {app: len(proc.lasting_zombies(space.uids(app))) for app in APPS}
    for app in APPS:
        counts = f"zombies before {before[app]}, now {after[app]}, born meanwhile {born[app]}"
        made = f"; it made {space.orphans(app)} orphans since" if app in CURABLE else ""
        screen.tell(f"deployment/{app:<10} {counts}{made}")
    for app in CURABLE:
        screen.tell(evidence.patch(space, app))
    if any(after[app] or born[app] for app in CURABLE):
        raise NotSeenError("zombies are left in workloads that the operator calls cured")
    if "shareProcessNamespace: true" in evidence.patch(space, HOPELESS):
        raise NotSeenError(f"deployment/{HOPELESS} was patched, and no init can help it")
    screen.good("checkout and search are cured: they leave as many orphans as before, and somebody waits for them now.")
    screen.tell(f"{HOPELESS} is as it was, and its status says why:")
    screen.tell(evidence.why(space, HOPELESS, POLICY))


def farewell(screen: Screen, space: Space) -> None:
    """Show the end state, and how to look further and to clean up."""
    screen.step("What is left to see")
    show_policies(screen, space.kube)
    output = space.kube.run("get", "zombieremediations", "-n", NAMESPACE)
    screen.command(f"kubectl get zombieremediations -n {NAMESPACE}", output)
    screen.tell("\nEverything is still running. Look further:")
    if install.own_cluster_is_meant():
        screen.tell('  eval "$(.venv/bin/python -m tests.cluster env)"')
    screen.tell(f"  kubectl get zombiepolicies -n {NAMESPACE} -o yaml")
    screen.tell(f"  kubectl describe zombieremediations -n {NAMESPACE}")
    screen.tell("and clean up: make demo-clean")
    if install.own_cluster_is_meant():
        screen.tell("or take the whole cluster away: make cluster-down")


def show_policies(screen: Screen, kube: Kubectl) -> None:
    """Show what a person would look at first."""
    screen.command(f"kubectl get zombiepolicies -n {NAMESPACE}", kube.run("get", "zombiepolicies", "-n", NAMESPACE))


def main() -> int:
    """Read the command line, and tell the story or clean up."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description="Watch the operator cure a leak.")
    parser.add_argument("--clean", action="store_true", help="take away what the demo left, and end")
    options = parser.parse_args()
    try:
        if options.clean:
            clean()
        else:
            story(Screen())
    except NoClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except (install.InstallError, KubectlError, NotSeenError, subprocess.TimeoutExpired) as error:
        what = "Cleaning up" if options.clean else "The demo"
        print(f"\n{what} failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
