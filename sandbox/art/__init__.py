"""Pictures of the sandbox, drawn with Pillow: concert posters, riso prints, application icons.

The same seed gives the same pixels, so nothing binary has to be kept in the repository.
"""
