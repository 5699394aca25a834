"""The real Kubernetes provider of Pulumi: the newest one that is published as a Go module, with 4.29's creations.

The module is of 2026-01-15, between 4.25 and 4.26. Up to 4.28 a creation took over an object that was there already;
since 4.29 it is refused, which decides how an update can be taken back. The edits are what 4.29 changed:
pulumi/pulumi-kubernetes `provider/pkg/await/await.go` (`Creation`), `provider/pkg/provider/provider.go` (`Configure`).
From the module to 4.32, by the commits to `provider/pkg`, one other change concerns objects of this program: `null` in
inputs counts since 4.30 (#4293), and is left out here.
"""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import SourceEdit, Toolchain

# The Python SDK's: the engine warns of a provider that says another one. The module's own version is in go.mod.
SDK_VERSION: Final = "4.34.2"
_PROVIDER: Final = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_CREATION_IS_A_POST: Final = SourceEdit(
    _PROVIDER,
    "pkg/await/await.go",
    "if c.ServerSideApply {\n\t\t\t\tforce := patchForce(c.Inputs, nil, c.Preview)",
    "if c.ServerSideApply && kinds.IsPatchResource(c.URN, c.Inputs.GetKind()) {\n"
    "\t\t\t\tforce := patchForce(c.Inputs, nil, c.Preview)",
)
_CREATOR: Final = SourceEdit(
    _PROVIDER,
    "pkg/await/await.go",
    "options := metav1.CreateOptions{\n\t\t\t\t\tFieldManager: c.FieldManager,",
    'options := metav1.CreateOptions{\n\t\t\t\t\tFieldManager: "pulumi-kubernetes",',
)
# The setting is new in 4.29; before there was its variable alone.
_PATCH_FORCE: Final = SourceEdit(
    _PROVIDER,
    "pkg/provider/provider.go",
    "\tvars := req.GetVariables()\n",
    "\tvars := req.GetVariables()\n"
    '\tif vars["kubernetes:config:enablePatchForce"] == trueStr {\n'
    '\t\t_ = os.Setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", trueStr)\n'
    "\t}\n",
)
KUBERNETES_PROVIDER: Final = Toolchain(
    name="kubernetes-provider",
    module=Path(__file__).resolve().parent / "tools",
    programs={"pulumi-resource-kubernetes": "."},
    # Without tables for debuggers: a fourth less of 430 MB.
    linker_flags=f"-s -w -X main.version={SDK_VERSION}",
    edits=(_CREATION_IS_A_POST, _CREATOR, _PATCH_FORCE),
)
