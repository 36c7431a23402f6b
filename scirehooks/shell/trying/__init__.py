"""Firing for testing: a payload made by hand, a dry run with its plan, the trees of what was fired."""
