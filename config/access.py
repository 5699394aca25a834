"""Access: the Entra groups whose members operate the platform, publish models or look on, without administering it."""

from typing import Annotated

from pydantic import Field

from config.base import Guid, Section

# A role is bound to each group in every namespace and in Azure; whole departments are one group of groups.
Groups = Annotated[tuple[Guid, ...], Field(max_length=20)]


class Access(Section):
    """Who may do what in the cluster, by id of their Entra group; administrators are `cluster.admin_groups`."""

    operator: Groups = Field(
        default=(),
        description="a list of ids (GUIDs) of Entra groups whose members read everything but Secrets, read logs, and "
        "restart and scale what runs",
    )
    model_publisher: Groups = Field(
        default=(),
        description="a list of ids (GUIDs) of Entra groups whose members upload weights to the store and look at the "
        "models",
    )
    viewer: Groups = Field(
        default=(),
        description="a list of ids (GUIDs) of Entra groups whose members see what runs, but no logs, ConfigMaps or "
        "Secrets",
    )
