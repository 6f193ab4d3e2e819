"""What touches hardware, and honest stand-ins for it."""
