"""From the words of a line to what it means: a command with its arguments, Python, or a local program."""
