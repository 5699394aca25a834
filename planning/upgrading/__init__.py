"""What a move of versions means: the pins of a stack, a verdict on each move, and the order of moves."""
