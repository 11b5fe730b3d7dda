"""This file opens the only room with a door to the street; nothing above it may go round it."""
