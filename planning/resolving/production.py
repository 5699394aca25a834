"""What is on in production where the stack file says nothing."""

from config.platform import Platform


def on_in_production(platform: Platform, setting: bool | None) -> bool | None:
    """What the stack file says, else on in production; elsewhere None: what a policy of Azure has switched on stays."""
    return True if setting is None and platform.is_production else setting
