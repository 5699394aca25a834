"""The plain values in a Plan."""

# A plain JSON value; Helm values are trees of it.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Pairs = tuple[tuple[str, str], ...]
