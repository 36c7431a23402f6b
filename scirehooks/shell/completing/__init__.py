"""What could stand at the cursor, found without running anybody's code."""
