"""What the nodes cost, and how much quota they use."""
