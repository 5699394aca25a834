"""The tags of every Azure resource: the platform's own and the stack file's."""

from config.platform import Platform


def own_tags(platform: Platform) -> dict[str, str]:
    """Tags that the platform adds."""
    return {"platform": platform.name, "environment": platform.environment, "managed-by": "pulumi"}


def tags_of(platform: Platform) -> dict[str, str]:
    """All tags; the stack file's win."""
    return {**own_tags(platform), **platform.tags}
