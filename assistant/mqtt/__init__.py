"""The session on an MQTT broker: what happens before the cameras in words, and what may be asked and set from there."""
