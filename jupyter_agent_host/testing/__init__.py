"""For those who write providers and stores: contract suites to subclass, and a shell inside any sandbox.

Public: `provider_contract.ProviderContract`, `sandbox_shell.open_inside`. Never imported by the product itself.
"""
