"""The parts of `build_emoji_world.py`: font in, pictures out; CLDR in, names and keywords out; both in, one file out."""
