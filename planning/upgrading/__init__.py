"""What a move of versions means: the pins of a stack, a verdict on each move from the records, and the order of moves."""
