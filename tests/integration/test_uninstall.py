"""`make uninstall` and `make demo-clean` with the real helm and kubectl: what goes, what stays, and what is said."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy import uninstall
from deploy.demo import cleaning
from deploy.release import KINDS, REMEDIATIONS, Release
from tests.cluster import binaries
from tests.cluster.layout import ClusterError
from tests.e2e import install
from tests.e2e.witness.kube import Kubectl, KubectlError
from tests.integration import objects
from tests.integration.apiserver import ADMIN, ApiServer

Object = dict[str, Any]

CHART = Path(__file__).resolve().parents[2] / "deploy/chart"
SHOP = "shop"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run an API server of this module's own: the others' has our kinds from somebody else than Helm."""
    folder = tmp_path_factory.mktemp("uninstall")
    try:
        with ApiServer(folder) as server:
            path = f"{binaries.build().kubernetes}:{os.environ['PATH']}"
            kubeconfig = server.kubeconfig(folder / "kubeconfig", user=ADMIN)
            yield {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig)}
    except ClusterError as error:
        pytest.fail(str(error))


@pytest.fixture
def release(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Release]:
    """Return the release in a cluster that is $KUBECONFIG's, with somebody who ends namespaces; empty it afterwards."""
    for name in ("PATH", "KUBECONFIG"):
        monkeypatch.setenv(name, environment[name])
    with namespace_controller(Kubectl(environment)):
        yield Release(environment)
        uninstall.main(["--purge", "--force"])
        for name in (SHOP, cleaning.NAMESPACE, install.OPERATOR_NAMESPACE):
            Kubectl(environment).run("delete", "namespace", name, "--ignore-not-found")


@contextmanager
def playing(step: Callable[[], None]) -> Iterator[None]:
    """Do a step of somebody else's work again and again."""
    stop = threading.Event()

    def play() -> None:
        while not stop.wait(0.5):
            step()

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def namespace_controller(kube: Kubectl) -> Iterator[None]:
    """Empty and end namespaces that are being deleted, as the namespace controller does."""

    def step() -> None:
        for body in kube.list("namespaces"):
            name = body["metadata"]["name"]
            if "deletionTimestamp" in body["metadata"] and body["spec"].get("finalizers"):
                for kind in Release(kube.environment).kinds():
                    if not kind.startswith("cluster"):
                        kube.run("delete", kind, "--all", "-n", name, "--wait=false")
                body["spec"]["finalizers"] = []
                kube.run("replace", "--raw", f"/api/v1/namespaces/{name}/finalize", "-f", "-", stdin=json.dumps(body))

    with playing(step):
        yield


def install_chart(release: Release, description: str = "by a person") -> None:
    """Install the chart; nobody here would start its pods."""
    options = ("--namespace", release.namespace, "--create-namespace", "--description", description)
    command = ["helm", "install", release.name, CHART, *options]
    subprocess.run(command, env=dict(release.environment), check=True, capture_output=True)
    release.kube.run("wait", "--for=condition=Established", "crd", *KINDS)


def shop(release: Release, **status: object) -> None:
    """Make a namespace with a policy, and with a remediation of a Deployment that stands as ``status`` says."""
    kube = release.kube
    kube.run("create", "namespace", SHOP)
    kube.apply(objects.workload("web"), objects.policy(), namespace=SHOP)
    owner = kube.get("deployment", "web", SHOP)
    assert owner is not None
    kube.apply(objects.remediation("web-1", SHOP, objects.remediation_spec(owner)), namespace=SHOP)
    intent = {"time": "2026-03-01T12:00:00Z", "stage": 0, "effect": "Apply"}
    set_status(kube, {"intents": [intent], **status})


def set_status(kube: Kubectl, status: Object) -> None:
    """Write the remediation's status."""
    kube.merge(REMEDIATIONS, "web-1", {"status": status}, "-n", SHOP, "--subresource=status")


@pytest.mark.usefixtures("release")
def test_nothing_installed_is_nothing_to_do_however_often(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert uninstall.main([]) == 0
        assert capsys.readouterr() == ("There is no release in namespace zombie-operator.\n", "")


def test_what_is_proved_stays_and_is_named(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    install_chart(release)
    shop(release, phase="Done", outcome="Cured")
    assert uninstall.main([]) == 0
    said = capsys.readouterr().out
    assert "Removed the release in namespace zombie-operator.\n" in said
    assert "`shareProcessNamespace: true` in the pod template of Deployment web in namespace shop (proved)" in said
    assert "with 1 policy and 1 remediation. Remove them: make uninstall ARGS=--purge" in said
    assert release.status() is None
    assert release.kube.get("zombiepolicy", "policy", SHOP) is not None
    assert uninstall.main([]) == 0
    assert "There is no release in namespace zombie-operator." in capsys.readouterr().out


def test_what_is_not_proved_is_taken_back_first(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    install_chart(release)
    shop(release, phase="Verifying")

    def operator() -> None:
        one = release.kube.get(REMEDIATIONS, "web-1", SHOP)
        if one and one["spec"].get("action") == "Rollback":
            set_status(release.kube, {"phase": "Done", "outcome": "RolledBack"})

    with playing(operator):
        assert uninstall.main([]) == 0
    said = capsys.readouterr().out
    assert said.index("Taking back what is not proved yet: shop/web-1.") < said.index("Removed the release")
    assert "shareProcessNamespace" not in said
    assert release.status() is None


def test_without_an_operator_that_answers_nothing_is_uninstalled(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    install_chart(release)
    shop(release, phase="Verifying")
    assert uninstall.main(["--wait", "1"]) == 1
    complaint = capsys.readouterr().err
    assert "not done with shop/web-1" in complaint
    assert "make uninstall ARGS=--force" in complaint
    assert release.status() is not None
    assert uninstall.main(["--force"]) == 0
    assert "Deployment web in namespace shop (not proved)" in capsys.readouterr().out


def test_purging_removes_policies_first_and_our_kinds_last(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    install_chart(release)
    shop(release, phase="Done", outcome="Cured")
    assert uninstall.main(["--purge"]) == 0
    said = capsys.readouterr().out
    steps = ("Removed 1 policy.", "Removed the release", "(proved)", "Removed the CustomResourceDefinitions")
    assert [said.index(step) for step in steps] == sorted(said.index(step) for step in steps)
    assert release.kinds() == ()


def test_a_cluster_that_does_not_answer_is_said_in_one_sentence(
    release: Release, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gone = json.loads(Path(release.environment["KUBECONFIG"]).read_text(encoding="utf-8"))
    gone["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "gone").write_text(json.dumps(gone), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("KUBECONFIG", str(tmp_path / "gone"))
        assert uninstall.main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert f"The cluster of KUBECONFIG={tmp_path / 'gone'} does not answer, so nothing was changed: " in said.err


def demo(release: Release) -> None:
    """Leave behind what the demo leaves behind, as it marks it."""
    labels = {cleaning.MADE_BY: "demo"}
    name = release.namespace
    release.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    install_chart(release, cleaning.DESCRIPTION)
    release.kube.run("create", "namespace", cleaning.NAMESPACE)
    release.kube.apply(objects.policy("demo"), namespace=cleaning.NAMESPACE)


def test_the_demo_takes_away_all_that_it_made(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    demo(release)
    cleaning.clean()
    said = capsys.readouterr().out
    assert "Stays" not in said.replace("Stays: the images", "")
    assert release.status() is None
    assert release.kinds() == ()
    for name in (cleaning.NAMESPACE, install.OPERATOR_NAMESPACE, install.AGENTS_NAMESPACE):
        assert release.kube.get("namespace", name) is None
        assert name == install.AGENTS_NAMESPACE or f"Removed namespace {name}" in said
    cleaning.clean()
    assert "Removed" not in capsys.readouterr().out


def test_the_demo_leaves_other_peoples_policies(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    demo(release)
    shop(release, phase="Done", outcome="Cured")
    cleaning.clean()
    assert "with 2 policies and remediations that are not the demo's" in capsys.readouterr().out
    assert release.kube.get("zombiepolicy", "policy", SHOP) is not None


def test_the_demo_leaves_another_release_and_would_not_replace_it(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    install_chart(release)
    with pytest.raises(install.InstallError, match="is not the demo's"):
        cleaning.refuse_foreign_release(release.environment)
    cleaning.clean()
    assert "which the demo did not install. Take it away: make uninstall" in capsys.readouterr().out
    assert release.status() is not None
    with pytest.raises(KubectlError):
        release.kube.run("get", "namespace", cleaning.NAMESPACE)
