"""What runs: evaluations with an interrupt, and streams that know whose output a print is."""
