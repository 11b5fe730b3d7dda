"""This floor holds the journeys, a short story each: a question there and back, files home."""
