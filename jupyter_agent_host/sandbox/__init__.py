"""What a sandbox is to the host: specs, the Provider and Sandbox protocols, and the registry of providers."""
