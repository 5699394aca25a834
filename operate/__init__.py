"""Operates stacks over Pulumi's Automation API: what the command line's verbs for a running platform share."""
