"""What is on in production where the stack file says nothing."""

from config.platform import Platform


def on_in_production(platform: Platform, said: bool | None) -> bool | None:
    """What the stack file says, else on in production; elsewhere None: what a policy of Azure has switched on stays."""
    return True if said is None and platform.is_production else said
