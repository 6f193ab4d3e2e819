"""Models on a server: what is sent, how the answer is read, and what happens when the server is gone."""
