"""Every route, relative to the server's base URL."""

from __future__ import annotations

from tornado.web import RequestHandler

from jupyter_agent_host.protocol.host_api import VERBS
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS
from jupyter_agent_host.server import handlers, kernel_handlers
from jupyter_agent_host.server.event_socket import EventSocket
from jupyter_agent_host.server.export_handler import ExportHandler
from jupyter_agent_host.server.notebooks.page_socket import PageSocket

_PREFIX = r"/agent-host"
_NOTEBOOK = _PREFIX + r"/notebooks/(?P<notebook_id>[\w-]{1,64})"
_KERNEL = _PREFIX + r"/kernels/(?P<kernel_id>[\w-]{1,64})"
_VERB = rf"/(?P<verb>{'|'.join(VERBS)})"
_KERNEL_VERB = rf"/(?P<verb>{'|'.join(VERBS | KERNEL_VERBS)})"

ROUTES: list[tuple[str, type[RequestHandler]]] = [
    (_PREFIX + r"/open", handlers.OpenHandler),
    (_PREFIX + r"/openapi\.json", handlers.OpenApiHandler),
    (_PREFIX + r"/pages/socket", PageSocket),
    (_PREFIX + r"/notebooks", handlers.NotebooksHandler),
    (_NOTEBOOK + r"/logs", handlers.LogsHandler),
    (_NOTEBOOK + r"/export", ExportHandler),
    (_NOTEBOOK + r"/envelope", handlers.EnvelopeHandler),
    (_NOTEBOOK + r"/events", handlers.EventsHandler),
    (_NOTEBOOK + r"/events/socket", EventSocket),
    (_NOTEBOOK + r"/turns/(?P<turn_id>[\w-]{1,64})/output", handlers.TurnOutputHandler),
    (_NOTEBOOK + _VERB, handlers.VerbHandler),
    (_KERNEL + r"/turn", kernel_handlers.KernelTurnHandler),
    (_KERNEL + r"/events", kernel_handlers.KernelEventsHandler),
    (_KERNEL + _KERNEL_VERB, kernel_handlers.KernelVerbHandler),
]
