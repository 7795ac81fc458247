"""The program inside the sandbox: wraps the Agent SDK and answers the host over HTTP and WebSocket.

python -m jupyter_agent_host.runner             serves the host; orders come as the first line of stdin
python -m jupyter_agent_host.runner offline     reads a transcript on stdin, writes its turns on stdout
python -m jupyter_agent_host.runner.relay PATH  splices stdin and stdout to the runner's socket
"""
