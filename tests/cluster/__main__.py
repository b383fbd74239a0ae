"""The command line: ``python -m tests.cluster up|down|load|status|build|kubeconfig|env``."""

import argparse
import shlex
import sys
from pathlib import Path

from tests.cluster import binaries, lifecycle, prerequisites
from tests.cluster.layout import DEFAULT_NAME, DEFAULT_NODES, MAX_NODES, ClusterError, Layout


def main() -> int:
    """Do what the command line says; 1 means that the cluster is not as it should be."""
    arguments = _parser().parse_args()
    try:
        return _run(arguments, Layout(arguments.name))
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace, layout: Layout) -> int:
    match arguments.command:
        case "up":
            prerequisites.check(install=arguments.install)
            lifecycle.up(layout, arguments.nodes)
        case "down":
            lifecycle.down(layout)
        case "load":
            lifecycle.load(layout, arguments.archive)
        case "build":
            prerequisites.check(install=arguments.install)
            print(binaries.build().search_path)
        case "status":
            return _print_status(layout)
        case "kubeconfig":
            print(layout.kubeconfig)
        case "env":
            print(f"export KUBECONFIG={shlex.quote(str(layout.kubeconfig))}")
            print(f'export PATH={shlex.quote(binaries.locate().search_path)}:"$PATH"')
    return 0


def _print_status(layout: Layout) -> int:
    status = lifecycle.status(layout)
    for name in status.ready:
        print(f"{name} is Ready")
    for name in status.missing:
        print(f"{name} is missing")
    print(f"the cluster {layout.name!r} is {'up' if status.healthy else 'not up'}")
    return 0 if status.healthy else 1


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=DEFAULT_NAME, help="which cluster (default: %(default)s)")
    sized = argparse.ArgumentParser(add_help=False)
    sized.add_argument(
        "--nodes", type=int, choices=range(1, MAX_NODES + 1), default=DEFAULT_NODES, help="(default: %(default)s)"
    )
    prepared = argparse.ArgumentParser(add_help=False)
    prepared.add_argument("--install", action="store_true", help="install missing Debian packages")
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description="A real Kubernetes for the tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", parents=[common, sized, prepared], help="make a cluster, or mend one")
    commands.add_parser("down", parents=[common], help="take a cluster away; its logs stay")
    commands.add_parser("status", parents=[common], help="say what there is of a cluster")
    load = commands.add_parser("load", parents=[common], help="import an image archive into every node")
    load.add_argument("archive", type=Path)
    commands.add_parser("build", parents=[common, prepared], help="build the programs, start nothing")
    commands.add_parser("kubeconfig", parents=[common], help="print where the kubeconfig is")
    commands.add_parser("env", parents=[common], help="print exports of KUBECONFIG and PATH for a shell")
    return parser


if __name__ == "__main__":
    sys.exit(main())
