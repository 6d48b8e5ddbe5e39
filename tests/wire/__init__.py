"""Loopback fakes of the wires that the platforms speak; they refuse what the real services refuse."""
