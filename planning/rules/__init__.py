"""What a stack is held to: one module for each subject, and the register that they enter their rules into."""
