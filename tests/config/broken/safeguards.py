"""Mistakes about AKS's Deployment Safeguards."""

from broken.change import Broken, put

_LEVEL = "cluster.deployment_safeguards"

TABLE = (
    Broken(
        "Deployment Safeguards without Azure Policy",
        (put(_LEVEL, "enforce"), put("security.azure_policy", False)),
        {("SAFE-POLICY", _LEVEL): ("`enforce`", "security.azure_policy: true")},
    ),
    Broken(
        "level of Deployment Safeguards misspelt",
        (put(_LEVEL, "warning"),),
        {("CFG-VALUE", _LEVEL): ("`warn`", "did you mean `warn`")},
    ),
)
