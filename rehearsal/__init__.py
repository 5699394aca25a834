"""A stack on the simulators: the real Pulumi engine, a real control plane, nodes made from the plan."""
