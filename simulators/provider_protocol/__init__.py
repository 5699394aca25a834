"""The protocol between Pulumi's engine and a provider, for the simulated providers."""
