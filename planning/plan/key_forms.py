"""How the keys look that the platform makes for its tenants."""

from typing import Final

# Letters and digits in Key Vault: 256 bits.
GENERATED_LENGTH: Final = 43
# As long as `openssl rand -hex 24` makes one for the stack file (docs/operating.md).
HEX_BYTES: Final = 24
