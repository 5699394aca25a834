"""What an organisation may demand of any stack, whatever its file says: one list of policies for every tool.

`pulumi preview --policy-pack policy`, `llm-platform preview` and the pipelines judge by this list. A policy looks at
resources as Pulumi registers them, never at the stack file, and it repeats no rule of the planner: a rule says whether
a stack works, a policy whether it may exist.

The modules with policies use the standard library alone: Pulumi runs them in an environment of their own.
"""
