"""The stack file resolved against the catalog: pools, models and versions with what is known of them."""
