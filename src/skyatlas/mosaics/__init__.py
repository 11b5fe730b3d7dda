"""This room makes one image of several: cut where one is enough, put together where not."""
