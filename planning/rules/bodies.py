"""Rules about the bodies of requests: the largest one holds what a model takes, and a proxy holds enough of them."""

import math

from config.gateway import LARGEST_BODY_MIB
from planning.resolving.releases import ReleaseView
from planning.resolving.request_path import LEAST_BODY_MIB, body_mib, request_path, text_mib, tokens_of
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_BODY = "gateway.request_body_mib"
# As many as one proxy held of 50 MiB before its processor was counted: a client has tens of connections, seldom more.
_LEAST_LARGEST_BODIES = 32


@stack_rule(
    "PATH-BODY",
    "error",
    prevents="The gateway answers 413 to prompts that the model takes.",
    source="Envoy Gateway 1.9.1, ClientTrafficPolicy `connection.bufferLimit`, tried with Envoy 1.39.1",
    reads=(_BODY,),
)
def body_holds_context(stack: Resolution) -> Violations:
    """`gateway.request_body_mib`, where given, holds the text of the longest context."""
    body = stack.settings.gateway.request_body_mib
    for release in stack.releases:
        needed = body_mib(stack, release.settings.context)
        if body is not None and needed > body:
            yield Violation(
                _BODY,
                f"{body} MiB, but the {release.settings.context:,} tokens of {release.path}.context take up to "
                f"{needed} MiB as text",
                _body_remedy(stack, needed, release),
                (_BODY, f"{release.path}.context"),
            )


def _body_remedy(stack: Resolution, needed: int, release: ReleaseView) -> str:
    """What to write where a body is smaller than the text of a context; the stack file allows none above 50 MiB."""
    if needed <= LARGEST_BODY_MIB:
        return f"write {needed} or more, or leave it out"
    power = 1 << int(math.log2(LARGEST_BODY_MIB))
    return (
        f"leave it out, which allows {needed}, or write {power} to {LARGEST_BODY_MIB} here and "
        f"{tokens_of(stack, power)} or less as {release.path}.context"
    )


@stack_rule(
    "PATH-CLIENT",
    "warning",
    prevents="One client with a valid key stops a proxy for everyone: a few of its largest requests at once fill the "
    "memory of the AI gateway's processor, which is killed with all requests that go through it.",
    source="Envoy AI Gateway 1.2.0, GatewayConfig; Envoy limits what a connection holds, not what a client holds",
    reads=(_BODY, "models"),
)
def many_largest_bodies_fit(stack: Resolution) -> Violations:
    """A proxy with its processor holds 32 bodies of the largest size at once, or more."""
    path, own = request_path(stack), stack.settings.gateway.request_body_mib
    if path.proxy.largest_bodies < _LEAST_LARGEST_BODIES:
        largest = path.proxy.bodies_mib // _LEAST_LARGEST_BODIES
        longest = max(stack.releases, key=lambda release: release.settings.context)
        smaller = f"write {largest} or less where no client sends larger images"
        if body_mib(stack, longest.settings.context) > largest:
            power = 1 << int(math.log2(largest))
            smaller = f"shorten {longest.path}.context to {tokens_of(stack, power)} or less"
        yield Violation(
            _BODY if own is not None else f"{longest.path}.context",
            f"{path.listener.body_mib} MiB a body: {path.proxy.largest_bodies + 1} of them at once stop a proxy, and "
            "one client with several connections can send them",
            f"{smaller}, or give keys only to clients of which you know that they send fewer at once",
        )


@stack_rule(
    "PATH-MEMORY",
    "error",
    prevents="Every request of every client gets 503 `envoy overloaded` while the models run what they are sized for: "
    "bodies are held until answers begin and fill the proxies' memory.",
    source="Envoy Gateway 1.9.1 with Envoy 1.39.1, tried: the 32nd body of 50 MiB stops a proxy of 2 GiB; what the AI "
    "gateway's processor holds of them: catalog/request_path.yaml, an estimate",
    reads=("gateway.replicas", _BODY, "models"),
)
def bodies_fit_proxies(stack: Resolution) -> Violations:
    """The fewest proxies hold the bodies of all requests that the models run at once."""
    path, gateway = request_path(stack), stack.settings.gateway
    # Where the limit was raised for images, any request may be so large; else a request is the text of its tokens.
    raised = gateway.request_body_mib if (gateway.request_body_mib or 0) > LEAST_BODY_MIB else None
    requests = [
        (release.settings.replicas.max * release.settings.concurrency, text_mib(stack, release.request_tokens))
        for release in stack.releases
    ]
    needed = math.ceil(sum(count * (mib if raised is None else raised) for count, mib in requests))
    room = gateway.replicas.min * path.proxy.bodies_mib
    if needed > room:
        largest = room // sum(count for count, _ in requests)
        smaller = [f"write {largest} or less"] if raised is not None and largest >= LEAST_BODY_MIB else []
        more = f"set gateway.replicas.min to {math.ceil(needed / path.proxy.bodies_mib)} or more"
        yield Violation(
            _BODY if raised is not None else "gateway.replicas.min",
            f"all requests that the models run at once are {needed:,} MiB of bodies; {gateway.replicas.min} proxies "
            f"hold {room:,} MiB",
            ", or ".join([*smaller, more]),
        )
