"""The agent kernel: each cell is a prompt, and `%%python` cells run in the IPython that it is made of."""
