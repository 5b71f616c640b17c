"""Real axes, cameras, microphones, the shutter's pin."""
