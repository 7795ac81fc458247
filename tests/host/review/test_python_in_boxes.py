"""The agent's Python in real sandboxes: it imports what the kernel imports, and what it installs stays with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from house import OpenHouse
from test_project_in_boxes import bash, boxes, results, script, usable

from jupyter_agent_host.errors import WorkspaceError
from jupyter_agent_host.host.notebook.notebook_access import NoNotebooks
from jupyter_agent_host.protocol.events import Notice
from jupyter_agent_host.protocol.host_api import PackagesRequest
from jupyter_agent_host.sandbox.spec import ProviderReport

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]


class Kernel(NoNotebooks):
    """Notebooks whose kernel runs this interpreter."""

    def __init__(self, executable: str) -> None:
        self._executable = executable

    async def python(self, path: str) -> str:
        assert path.endswith(".ipynb")
        return self._executable


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel's venv with a package that only it has, and a secret of a server's."""
    place = tmp_path_factory.mktemp("kernel") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    (site_of(place) / "only_here.py").write_text("VALUE = 'only in the kernel'\n")
    (place / "etc" / "jupyter").mkdir(parents=True)
    (place / "etc" / "jupyter" / "jupyter_server_config.py").write_text("token = 's3cret'\n")
    return place


def site_of(environment: Path) -> Path:
    (site,) = environment.glob("lib/python*/site-packages")
    return site


def names_in(folder: Path) -> list[str]:
    return [place.name for place in folder.iterdir()]


def wheel(folder: Path, name: str, version: str, value: str) -> Path:
    """A wheel made on the spot (PEP 427)."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"VALUE = {value!r}\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", f"{name}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return path


@boxes
async def test_python_inside_imports_what_only_the_kernel_has_and_cannot_change_it(
    open_house: OpenHouse, reports: dict[str, ProviderReport], environment: Path, provider: str
) -> None:
    look = (
        "python -c 'import only_here, sys; print(only_here.VALUE, sys.prefix)';"
        f" touch {environment}/lib/made; cat {environment}/etc/jupyter/jupyter_server_config.py; which python pip"
    )
    async with open_house(
        script=script(("look", [bash(look)])),
        provider=usable(reports, provider),
        allow_unsandboxed=False,
        notebooks=Kernel(str(environment / "bin" / "python")),
    ) as house:
        talk = await house.ask("look")
        (text,) = results(talk)
        assert text.splitlines()[0] == "only in the kernel /env", (text, talk.of(Notice))
        assert "s3cret" not in text
        assert "Read-only file system" in text
        assert "/env/bin/python" in text.splitlines()
        assert "/env/bin/pip" in text.splitlines()
        assert not [event for event in talk.of(Notice) if event.code == "python"]
    assert not (environment / "lib" / "made").exists()


@boxes
async def test_what_is_installed_imports_also_after_the_sandbox_went(
    open_house: OpenHouse, reports: dict[str, ProviderReport], environment: Path, tmp_path: Path, provider: str
) -> None:
    rules = script(
        (
            "install",
            [bash("pip install --no-index ./fresh_thing-1.0-py3-none-any.whl 2>&1; python -c 'import fresh_thing'")],
        ),
        ("use", [bash("python -c 'import fresh_thing, only_here; print(fresh_thing.VALUE, only_here.VALUE)'")]),
    )
    async with open_house(
        script=rules,
        provider=usable(reports, provider),
        allow_unsandboxed=False,
        notebooks=Kernel(str(environment / "bin" / "python")),
    ) as house:
        wheel(house.notebook.parent, "fresh_thing", "1.0", "installed")
        (said,) = results(await house.ask("install"))
        assert "Successfully installed fresh-thing-1.0" in said or "Successfully installed fresh_thing-1.0" in said
        assert "Error" not in said
        assert results(await house.ask("use"))[0].strip() == "installed only in the kernel"
        await house.do("stop")
        told = await house.do("packages", PackagesRequest())
        assert told.message == "The agent installed, besides what your kernel has: fresh-thing==1.0."
        await house.do("packages", PackagesRequest(file="requirements-agent.txt"))
        assert (house.notebook.parent / "requirements-agent.txt").read_text() == "fresh-thing==1.0\n"
        for name in ("requirements-agent.txt", "../x.txt", "setup.py"):
            with pytest.raises(WorkspaceError):
                await house.do("packages", PackagesRequest(file=name))
        assert results(await house.ask("use"))[0].strip() == "installed only in the kernel"
    assert not any("fresh_thing" in name for name in names_in(site_of(environment)))


@boxes
async def test_an_interpreter_that_cannot_run_inside_is_told_and_the_sandboxs_own_is_used(
    open_house: OpenHouse, reports: dict[str, ProviderReport], environment: Path, tmp_path: Path, provider: str
) -> None:
    """What another libc looks like: the program's loader is not there."""
    broken = tmp_path / "musl"
    (broken / "bin").mkdir(parents=True)
    (broken / "lib").mkdir()
    (broken / "pyvenv.cfg").write_text("home = /nowhere\n")
    program = broken / "bin" / "python"
    real = environment / "bin" / "python"
    # Says on this machine what a kernel of another Python would; inside, the machine's path of it does not exist.
    program.write_text(f'#!/bin/sh\n[ -e {tmp_path}/here ] || exit 127\nexec {real} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "here").touch()
    saying = f"import sys; sys.executable = {str(program)!r}\n"
    hook = site_of(environment) / "pretend.pth"
    hook.write_text(saying)
    try:
        async with open_house(
            script=script(("look", [bash("python -c 'import sys; print(sys.version_info[0], sys.prefix)'")])),
            provider=usable(reports, provider),
            allow_unsandboxed=False,
            notebooks=Kernel(str(program)),
        ) as house:
            talk = await house.ask("look")
            assert results(talk)[0].strip() == "3 /env"
            notices = [event.text for event in talk.of(Notice) if event.code == "python"]
            assert notices, "the person is told"
            assert str(program) in notices[0]
            assert "does not run in the sandbox" in notices[0]
    finally:
        hook.unlink()
