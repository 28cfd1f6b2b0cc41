"""What a check says.

findings   GradReport, GradMismatch, Kink: it held; it did not; there was no derivative to compare
counts     how many points were tried, and how many of them were kinks
text       the arguments, written so that Python reads them back
"""
