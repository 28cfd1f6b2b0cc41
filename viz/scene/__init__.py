"""What is drawn: items, the edges between them, and what they are called."""
