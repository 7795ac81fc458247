"""The sandbox image: its recipe, what goes into it, and building it on an engine.

`build.py` is where one enters. The image holds `runner`, `protocol`, `errors` and `version` of this package and
nothing else of it (`build_context.py`); where things lie in it is `image_layout.py`. Called by the command line and
by providers.
"""
