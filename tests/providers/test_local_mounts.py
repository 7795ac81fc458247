"""What is shown of the host, computed from made-up prefixes."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent_host.providers.common.python_interpreter import Interpreter, link_chain, this_interpreter
from jupyter_agent_host.providers.local.system_mounts import Private, interpreter_mounts, private_folders, system_mounts


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "home"
    made.mkdir()
    return made


def shown(arguments: list[str]) -> list[str]:
    return [arguments[at + 2] for at, word in enumerate(arguments) if word == "--ro-bind"]


def hidden(arguments: list[str]) -> list[str]:
    """What looks empty, but for what this machine has in its own /usr."""
    found = [arguments[at + 1] for at, word in enumerate(arguments) if word == "--tmpfs"]
    return [path for path in found if not path.startswith("/usr/")]


def a_prefix(path: Path) -> Path:
    for name in ("bin", "lib", "share/jupyter", "etc/jupyter", "share/fonts"):
        (path / name).mkdir(parents=True)
    (path / "bin/python3.x").touch()
    return path


def test_a_venv_on_a_uv_python_in_the_home(home: Path) -> None:
    base = a_prefix(home / ".local/share/uv/python/cpython-3.11.9")
    alias = base.with_name("cpython-3.11")
    alias.symlink_to(base.name)
    venv = a_prefix(home / "project/.venv")
    (venv / "bin/python").symlink_to(alias / "bin/python3.x")
    arguments = interpreter_mounts(Interpreter(venv / "bin/python", (venv, alias)), Private((home,)))
    assert sorted(shown(arguments)) == sorted(map(str, (venv, alias, base)))
    assert sorted(hidden(arguments)) == sorted(
        str(prefix / name) for prefix in (venv, alias, base) for name in ("share/jupyter", "etc/jupyter")
    )


def test_a_prefix_that_is_the_home_shows_only_its_parts(home: Path) -> None:
    a_prefix(home)
    arguments = interpreter_mounts(Interpreter(home / "bin/python3.x", (home,)), Private((home,)))
    assert sorted(shown(arguments)) == [str(home / "bin"), str(home / "lib")]


def test_jupyters_folders_in_a_prefix_look_empty(home: Path) -> None:
    prefix = a_prefix(home / "conda")
    runtime = prefix / "var/runtime"
    runtime.mkdir(parents=True)
    arguments = interpreter_mounts(
        Interpreter(prefix / "bin/python3.x", (prefix,)), Private((home / "me",), (runtime,))
    )
    assert str(runtime) in hidden(arguments)
    assert shown(arguments) == [str(prefix)]


def test_links_outside_every_prefix_are_shown_one_by_one(home: Path) -> None:
    prefix = a_prefix(home / "python")
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to(prefix / "bin/python3.x")
    (home / "bin/mine").symlink_to("python")
    assert link_chain(home / "bin/mine") == [home / "bin/mine", home / "bin/python", prefix / "bin/python3.x"]
    arguments = interpreter_mounts(Interpreter(home / "bin/mine", (prefix,)), Private((home,)))
    assert sorted(shown(arguments)) == sorted(map(str, (home / "bin/mine", home / "bin/python", prefix)))


def test_the_users_site_packages_alone_are_shown_of_local(home: Path) -> None:
    site = home / ".local/lib/python3.x/site-packages"
    site.mkdir(parents=True)
    interpreter = Interpreter(Path("/usr/bin/python3"), (Path("/usr"),), (site,), (site,))
    arguments = interpreter_mounts(interpreter, Private((home,)))
    assert shown(arguments) == [str(site)]
    assert interpreter.run_module("m") == ["/usr/bin/python3", "-P", "-m", "m"]


def test_an_editable_package_is_shown_without_its_checkout(home: Path) -> None:
    package = home / "checkout/jupyter_agent_host"
    package.mkdir(parents=True)
    interpreter = Interpreter(Path("/usr/bin/python3"), (Path("/usr"),), (package,))
    assert shown(interpreter_mounts(interpreter, Private((home,)))) == [str(package)]
    assert interpreter.run_module("m")[-2:] == ["m", str(home / "checkout")]


def test_nothing_can_be_put_beside_a_package_that_lies_in_scratch(home: Path) -> None:
    """As in a checkout below /tmp, whose folder an editable install puts on Python's path."""
    venv = a_prefix(home / "checkout/.venv")
    package = home / "checkout/src/jupyter_agent_host"
    package.mkdir(parents=True)
    python = Interpreter(venv / "bin/python3.x", (venv,), (package,))
    arguments = interpreter_mounts(python, Private(()), (home,))
    at = [arguments.index(str(path)) for path in (home / "checkout", venv, package.parent, package)]
    assert at == sorted(at)
    for folder in (home / "checkout", package.parent):
        assert arguments[arguments.index(str(folder)) - 1] == "--tmpfs"
        closed = len(arguments) - 1 - arguments[::-1].index(str(folder))
        assert arguments[closed - 1] == "--remount-ro"
        assert closed > at[-1]
    assert str(home) not in arguments


def test_this_machine_shows_no_home_and_no_etc() -> None:
    private = private_folders()
    assert Path.home() in private.homes
    seen = [Path(path) for path in shown([*system_mounts(), *interpreter_mounts(this_interpreter(), private)])]
    for folder in (*private.homes, *private.jupyter, Path("/etc"), Path("/")):
        assert not any(folder.is_relative_to(path) for path in seen), folder
