"""Requests to the model's API: checked, given the credential, streamed, counted.

Owns what may be asked of the model, the upstream connection and the figures. Called by `host.gateway.gateway`.
Entered by `model_request`; the key is added in `credential_headers`.
"""
