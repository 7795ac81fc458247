"""Kinds of sandboxes: one folder for each, found by entry point and loaded only when somebody asks for it.

Owns nothing but its folders. A folder's `__init__` says what it owns and exports its provider class, which the entry
point names; `provider.py` is where one enters. Providers never import each other: what several use is in `common`,
and an engine's API is in `container_engine`. Nobody else imports a provider: the host reaches it through
`sandbox.provider_registry`. A new provider is a new folder and an entry point; `docs/provider-author.md` shows one,
its tests are `ProviderContract`.
"""
