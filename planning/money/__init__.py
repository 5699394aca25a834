"""What the nodes cost and what they take of the quotas."""
