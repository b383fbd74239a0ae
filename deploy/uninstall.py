"""The command `python -m deploy.uninstall` (`make uninstall`): takes the operator away and says what stays.

In this order, because only a running operator takes changes back: (with --purge) policies, then what is not proved yet,
then the release, then (with --purge) the CustomResourceDefinitions with the remediations, which are its memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.release import GROUP, POLICIES, REMEDIATIONS, NoClusterError, Object, Release, reach
from tests.e2e import install
from tests.e2e.witness.kube import KubectlError

LOOK_AGAIN_SECONDS = 1.0
UNPROVED = "Inconclusive"
KEEPING = frozenset({"Cured", UNPROVED})
"""Outcomes after which a change of the pod template is still there."""


class StillOpenError(Exception):
    """Something is not taken back yet; the text says what, and the way out."""


@dataclass(frozen=True, slots=True)
class Uninstaller:
    """Does it step by step, and tells what it did."""

    release: Release
    patience_seconds: float
    purge: bool
    force: bool

    def run(self) -> None:
        """Do it all. Raises StillOpenError before anything is uninstalled when a change is not taken back in time."""
        installed = self.release.status() is not None
        if self.purge:
            self._delete_policies()
        if installed and not self.force:
            self._finish()
        stay = [_sentence(one) for one in self.release.objects(REMEDIATIONS) if _has_change(one)]
        self.release.uninstall()
        where = f"in namespace {self.release.namespace}"
        print(f"Removed the release {where}." if installed else f"There is no release {where}.")
        self._say_what_stays(stay)

    def _delete_policies(self) -> None:
        policies = self.release.objects(*POLICIES)
        for kind in self.release.kinds():
            if kind in POLICIES:
                everywhere = () if kind.startswith("cluster") else ("--all-namespaces",)
                self.release.kube.run("delete", kind, "--all", *everywhere)
        if policies:
            print(f"Removed {_count(policies, 'policy', 'policies')}.")

    def _finish(self) -> None:
        """Have the operator take back what is not proved: nobody would prove it any more."""
        deadline = time.monotonic() + self.patience_seconds
        asked: set[str] = set()
        while open_ones := [one for one in self.release.objects(REMEDIATIONS) if not _is_done(one)]:
            for one in open_ones:
                if one["metadata"]["uid"] not in asked:
                    asked.add(one["metadata"]["uid"])
                    print(f"Taking back what is not proved yet: {_name(one)}.")
                    self._ask_for_rollback(one)
            if time.monotonic() > deadline:
                raise StillOpenError(
                    f"Nothing is uninstalled, because only a running operator takes changes back, and after "
                    f"{self.patience_seconds:.0f} s it is not done with {', '.join(map(_name, open_ones))}. See why "
                    "with `kubectl describe zombieremediations --all-namespaces`, or uninstall and leave these changes "
                    "unproved: make uninstall ARGS=--force"
                )
            time.sleep(LOOK_AGAIN_SECONDS)

    def _ask_for_rollback(self, one: Object) -> None:
        meta = one["metadata"]
        change = {"spec": {"action": "Rollback"}}
        self.release.kube.merge(REMEDIATIONS, meta["name"], change, "-n", meta["namespace"])

    def _say_what_stays(self, changes: Iterable[str]) -> None:
        for sentence in changes:
            print(f"Stays: {sentence}.")
        if self.purge:
            if self.release.kinds():
                self.release.delete_kinds()
                print("Removed the CustomResourceDefinitions with all remediations.")
        elif self.release.kinds():
            policies, records = self.release.objects(*POLICIES), self.release.objects(REMEDIATIONS)
            print(
                f"Stays: the CustomResourceDefinitions of {GROUP} with {_count(policies, 'policy', 'policies')} and "
                f"{_count(records, 'remediation', 'remediations')}. Remove them: make uninstall ARGS=--purge"
            )
        if self.release.kube.get("namespace", self.release.namespace):
            name = self.release.namespace
            print(f"Stays: namespace {name}. Remove it and all that is in it: kubectl delete namespace {name}")


def _is_done(remediation: Object) -> bool:
    return bool(remediation.get("status", {}).get("phase") == "Done")


def _has_change(remediation: Object) -> bool:
    status, spec = remediation.get("status", {}), remediation["spec"]
    begun = any(intent["effect"] == "Apply" for intent in status.get("intents", []))
    return bool(spec.get("patch")) and begun and (not _is_done(remediation) or status.get("outcome") in KEEPING)


def _sentence(remediation: Object) -> str:
    status = remediation.get("status", {})
    proved = "proved" if status.get("outcome") == "Cured" else "not proved"
    target = remediation["spec"]["targetRef"]
    fields = ", ".join(f"{field}: {str(value).lower()}" for field, value in remediation["spec"]["patch"].items())
    where = f"{target['kind']} {target['name']} in namespace {remediation['metadata']['namespace']}"
    return f"`{fields}` in the pod template of {where} ({proved}); take it out of the template to undo it"


def _name(remediation: Object) -> str:
    meta = remediation["metadata"]
    return f"{meta['namespace']}/{meta['name']}"


def _count(found: list[Object], one: str, more: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else more}"


def main(arguments: list[str] | None = None) -> int:
    """Uninstall. 0 also when there is nothing to uninstall; 1, with a sentence, when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m deploy.uninstall", description="Take the operator away.")
    parser.add_argument("--namespace", default=install.OPERATOR_NAMESPACE, help="the release's namespace")
    parser.add_argument("--purge", action="store_true", help="remove policies, remediations, kinds")
    parser.add_argument("--force", action="store_true", help="leave changes that are not proved yet")
    parser.add_argument("--wait", type=float, default=120, metavar="SECONDS", help="for changes to be taken back")
    options = parser.parse_args(arguments)
    try:
        environment = reach()
        if environment is None:
            print("The test cluster is not up, so nothing is installed in it. For another cluster set KUBECONFIG.")
            return 0
        release = Release(environment, options.namespace)
        Uninstaller(release, options.wait, options.purge, options.force).run()
    except (NoClusterError, StillOpenError, install.InstallError, KubectlError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
