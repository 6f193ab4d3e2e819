"""What turns pictures and sound into words, and words back into sound."""
