"""Jupyter's own suite for kernels, and a turn in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel
from jupyter_kernel_test import KernelTests
from kernel_places import make_places


class TestAgentKernel(KernelTests):
    kernel_name = "agent-claude"
    language_name = "markdown"
    file_extension = ".md"
    code_hello_world = "%%python\nprint('hello, world')"
    code_stderr = "%%python\nimport sys; print('oh', file=sys.stderr)"
    completion_samples = [  # noqa: RUF012 - the suite's own shape
        {"text": "/sto", "matches": {"/stop"}},
        {"text": "/mode pl", "matches": {"plan"}},
        {"text": "%%python\nimport itert", "matches": {"itertools"}},
        {"text": "nothing to complete here", "matches": set()},
    ]
    complete_code_samples = ["Which month?", "two\nlines", "```\ncode\n```", "%%python\nx = 1", "/status", ""]  # noqa: RUF012
    incomplete_code_samples = ["goes on \\", "```\ncode", "%%python", "%%python\nfor i in range(3):", "%%agent\nWhich"]  # noqa: RUF012
    invalid_code_samples = ["%%python\nx = = 1"]  # noqa: RUF012
    code_page_something = "%%python\n?print"
    code_generate_error = "%%python\n1 / 0"
    code_execute_result = [  # noqa: RUF012
        {"code": "%%python\n6 * 7", "result": "42"},
        {"code": "%%python\n[1] * 2", "result": "[1, 1]"},
        {"code": "%%python\n1 + 1", "result": "2"},
    ]
    code_display_data = [{"code": "/status", "mime": "text/plain"}]  # noqa: RUF012
    code_history_pattern = "%%python\n1?+*"
    supported_history_operations = (
        "tail",
        "search",
    )  # IPython calls the present session 0, which the suite does not know
    code_inspect_sample = "/status"
    code_clear_output = "%%python\nfrom IPython.display import clear_output; clear_output()"

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        work = Path(cls.folder.name, "work")
        work.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in make_places(Path(cls.folder.name)).items():
                patch.setenv(name, value)
            patch.chdir(work)
            cls.km, cls.kc = start_new_kernel(kernel_name=cls.kernel_name)
        reply = cls.kc.execute_interactive("hello", timeout=90, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok"

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        cls.folder.cleanup()


del KernelTests
