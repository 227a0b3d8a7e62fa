"""`completion`: scripts that know every command and option, and that the shells take."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.commands.completion import SHELLS
from cli.completion import script
from cli.main import parser
from cli.outline import every, outline
from tests.cli.conftest import Run

NODES = list(every(outline(parser())))


def completed(tmp_path: Path, *words: str) -> set[str]:
    """What bash offers for the last word."""
    (tmp_path / "script").write_text(script("bash", parser()))
    array = " ".join(f"'{word}'" for word in ("gpu-shopper", *words))
    code = (
        f'source "{tmp_path}/script"; COMP_WORDS=({array}); COMP_CWORD={len(words)}; '
        '_gpu_shopper; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_occurs(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert ran.code == 0
    words = set(re.findall(r"[a-z-]+", ran.out))
    for node in NODES:
        assert set(node.path) <= words
        for option in node.options:
            for flag in option.flags:
                assert {flag, flag.lstrip("-")} & words, f"{node.name} {flag}"
    assert run("completion", shell, "--json").json == {"shell": shell, "script": script(shell, parser())}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_it(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run([shell, "-n"], input=script(shell, parser()), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("",), {node.path[0] for node in NODES if len(node.path) == 1}),
        (("cos",), {"costs"}),
        (("keys", ""), {"create", "ls", "rm"}),
        (("keys", "ls", "--js"), {"--json"}),
        (("costs", "--by", "m"), {"month"}),
        (("costs", "--by", "month", "--fr"), {"--from"}),
        (("up", "--lease"), {"--lease-minutes"}),
        (("up", "--hours", ""), set()),
        (("up", "--rm", "--", "nv"), set()),
        (("up", "--onstart", "st"), {"start.sh"}),
        (("ssh", ""), {"local-1", "local-2"}),
        (("costs", "--session", "local-1"), {"local-1"}),
        (("consumers", "set", ""), set()),
        (("nonsense", "--"), {"--help", "--version"}),
    ],
)
def test_bash_offers_what_fits(tmp_path: Path, words: tuple[str, ...], offered: set[str]) -> None:
    (tmp_path / "start.sh").write_text("")
    ls = tmp_path / "gpu-shopper"
    ls.write_text("#!/bin/sh\n[ $1 = ls ] && printf 'ID\\tSTATUS\\nlocal-1\\trunning\\nlocal-2\\tpending\\n'\n")
    ls.chmod(0o755)
    assert completed(tmp_path, *words) == offered


def test_fish_offers_what_fits() -> None:
    if shutil.which("fish") is None:
        pytest.skip("no fish here")

    def offered(line: str) -> set[str]:
        code = f"{script('fish', parser())}\ncomplete -C '{line}'"
        done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return {row.partition("\t")[0] for row in done.stdout.splitlines()}

    assert offered("gpu-shopper cos") == {"costs"}
    assert offered("gpu-shopper keys ") == {"create", "ls", "rm"}
    assert offered("gpu-shopper costs --by ") == {"day", "month", "session", "provider", "gpu", "consumer"}


def test_a_shell_that_is_none_is_a_usage_error(run: Run) -> None:
    assert run("completion", "tcsh").code == 2
