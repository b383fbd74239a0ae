"""kopf's part: it watches our three kinds, with reconnects and bookmarks, and merely wakes the loop.

Only ``on.event`` handlers that return nothing are used: any other kind writes annotations or finalizers onto the
objects. Wakes caused by our own status writes are ignored, because those do not change the generation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import kopf

from zombie_operator.api.v1alpha1 import GROUP, RESOURCES, VERSION
from zombie_operator.kube.client import in_cluster

TOKEN_LIFE = timedelta(minutes=10)
"""How long kopf trusts what it logged in with. Service account tokens are rotated hourly, well before they expire."""


def registry_for(wake: Callable[[], object]) -> kopf.OperatorRegistry:
    """Return kopf handlers that call ``wake`` when one of our objects is made, changed by a person, or deleted."""
    registry = kopf.OperatorRegistry()
    seen: dict[str, int] = {}

    async def on_change(type: str | None, meta: kopf.Meta, **_: Any) -> None:  # noqa: A002, ANN401 - kopf's names
        uid, generation = str(meta.get("uid")), int(meta.get("generation", 0))
        if type == "DELETED":
            seen.pop(uid, None)
        elif seen.get(uid) == generation:
            return
        else:
            seen[uid] = generation
        wake()

    for resource in RESOURCES:
        kopf.on.event(GROUP, VERSION, resource.plural, registry=registry)(on_change)
    kopf.on.login(registry=registry)(login)
    return registry


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: no events, no discovery of other kinds, own names wherever it could write."""
    wanted = kopf.OperatorSettings()
    wanted.posting.enabled = False
    wanted.scanning.disabled = True
    wanted.peering.standalone = True
    wanted.persistence.finalizer = f"{GROUP}/kopf"
    wanted.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    wanted.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    wanted.watching.server_timeout = 300
    wanted.watching.client_timeout = 330
    wanted.watching.connect_timeout = 10
    wanted.networking.connect_timeout = 10
    wanted.networking.request_timeout = 30
    wanted.process.ultimate_exiting_timeout = None
    return wanted


def login(**kwargs: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - kopf's keywords
    """Log in with the service account, read anew before it expires, or with a kubeconfig outside of a cluster."""
    account = in_cluster()
    if account is None:
        return kopf.login_with_kubeconfig(**kwargs)
    # kopf's own login names the server by DNS, which a cluster need not have; this is the address of the environment.
    scheme, _, token = str(account.api_key["BearerToken"]).partition(" ")
    return kopf.ConnectionInfo(
        server=account.host,
        ca_path=account.ssl_ca_cert,
        scheme=scheme,
        token=token.strip(),
        expiration=datetime.now(UTC) + TOKEN_LIFE,
    )
