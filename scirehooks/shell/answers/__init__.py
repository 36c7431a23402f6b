"""What commands answer: data for programs, and pages that people read."""
