"""What to do about an error of an update: the advice of docs/failed-updates.md, found by the words of the error."""

import re
from typing import Final

_ADVICE: Final = (
    (
        r"another agent pool operation is in progress",
        "AKS takes one operation on a cluster's pools at a time: run `up` again when that one is done, until all are",
    ),
    (
        r"another operation \(install/upgrade/rollback\) is in progress",
        "Helm was interrupted: helm rollback RELEASE -n NAMESPACE (a first installation: helm uninstall), then `up`",
    ),
    (
        r"already exists",
        (
            "something of this name is there and belongs to no stack, such as what an interrupted update created: "
            "look at it, delete it by hand, and run `up`"
        ),
    ),
    (
        r"AADSTS700024|AADSTS70043|token (has|is) expired",
        "the sign-in ended before the update did: sign in again and run `up`; docs/operating.md says which one lasts",
    ),
    (
        r"SkuNotAvailable|AllocationFailed|OverconstrainedAllocation",
        "Azure has no such machines there now: run `up` later, or choose another zone, region or VM size",
    ),
    (
        r"QuotaExceeded|quota|OperationNotAllowed.*cores",
        "the quota is used up: llm-platform quota STACK shows what the stack needs; request more, then run `up`",
    ),
    (
        r"ScopeLocked",
        "a lock of Azure keeps it: it takes one update with `protect: false` and one more (docs/hardening.md)",
    ),
    (
        r"cannot be deleted because it is protected|is protected",
        "write platform: {protect: false}, run `up`, then repeat what you did (docs/operating.md)",
    ),
    (
        r"ProgressDeadlineExceeded|Timeout occurred|timed out waiting|minimum number of live replicas",
        (
            "the rollout did not get ready: kubectl describe pods -n llm says why; take the change back and run `up`: "
            "old replicas serve until new ones are ready"
        ),
    ),
    (
        r"unreachable|no such host|connection refused|i/o timeout",
        (
            "the API server can't be reached: look for the network (docs/failed-updates.md) and never set "
            "PULUMI_K8S_DELETE_UNREACHABLE for an outage"
        ),
    ),
    (
        r"AuthorizationFailed|forbidden|403",
        "whoever is signed in lacks a role: docs/operating.md lists who needs which",
    ),
    (r"not found", "somebody deleted it by hand: llm-platform refresh STACK finds that out, then run `up`"),
)
CONTINUE: Final = "what was done so far stays done, and the next `up` goes on from there"


def advice(message: str) -> str:
    """What to do about an error; where nothing special is known, how to go on."""
    for pattern, words in _ADVICE:
        if re.search(pattern, message, re.IGNORECASE):
            return words
    return f"remove the cause, then run `up` again: {CONTINUE}"
