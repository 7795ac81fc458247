"""Every route, relative to the server's base URL."""

from __future__ import annotations

from tornado.web import RequestHandler

from jupyter_agent_host.protocol.host_api import VERBS
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS
from jupyter_agent_host.server.rest import kernel_handlers, rest_handlers
from jupyter_agent_host.server.rest.event_socket import EventSocket
from jupyter_agent_host.server.rest.page_socket import PageSocket
from jupyter_agent_host.server.rest.rest_handlers import ExportHandler

_PREFIX = r"/agent-host"
_NOTEBOOK = _PREFIX + r"/notebooks/(?P<notebook_id>[\w-]{1,64})"
_KERNEL = _PREFIX + r"/kernels/(?P<kernel_id>[\w-]{1,64})"
_VERB = rf"/(?P<verb>{'|'.join(VERBS)})"
_KERNEL_VERB = rf"/(?P<verb>{'|'.join(VERBS | KERNEL_VERBS)})"

ROUTES: list[tuple[str, type[RequestHandler]]] = [
    (_PREFIX + r"/open", rest_handlers.OpenHandler),
    (_PREFIX + r"/openapi\.json", rest_handlers.OpenApiHandler),
    (_PREFIX + r"/pages/socket", PageSocket),
    (_PREFIX + r"/notebooks", rest_handlers.NotebooksHandler),
    (_NOTEBOOK + r"/logs", rest_handlers.LogsHandler),
    (_NOTEBOOK + r"/export", ExportHandler),
    (_NOTEBOOK + r"/envelope", rest_handlers.EnvelopeHandler),
    (_NOTEBOOK + r"/events", rest_handlers.EventsHandler),
    (_NOTEBOOK + r"/events/socket", EventSocket),
    (_NOTEBOOK + r"/turns/(?P<turn_id>[\w-]{1,64})/output", rest_handlers.TurnOutputHandler),
    (_NOTEBOOK + _VERB, rest_handlers.VerbHandler),
    (_KERNEL + r"/events", kernel_handlers.KernelEventsHandler),
    (_KERNEL + _KERNEL_VERB, kernel_handlers.KernelVerbHandler),
]
