"""The sandbox image: its recipe, its build, and where things lie in it.

Owns the Dockerfile and all that goes into the build. Called by the command `image` and the docker provider.
Entered by `build.build_image`.
"""
