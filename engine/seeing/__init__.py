"""Frames in, sightings out; the frame is gone."""
