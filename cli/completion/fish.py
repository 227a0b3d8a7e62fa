"""Completion for fish."""

from collections.abc import Iterator

from cli.outline import Node, Option, Takes, every

_HEAD = """\
# fish completion of gpu-shopper. In ~/.config/fish/config.fish: gpu-shopper completion fish | source
function __gpu_shopper_path --description 'the command so far, without its options'
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        string match -q -- '-*' $word; or echo $word
    end
end
function __gpu_shopper_at --description 'is this the command?'
    set -l path (__gpu_shopper_path)
    set -l length (count $argv)
    test (count $path) -ge $length; and test "$path[1..$length]" = "$argv"
end
function __gpu_shopper_just --description 'is this the command, and nothing behind it?'
    test "$(__gpu_shopper_path | string join ' ')" = "$argv"
end
function __gpu_shopper_sessions
    gpu-shopper ls 2>/dev/null | sed 1d | cut -f 1
end
complete -c gpu-shopper -f
"""


def script(root: Node) -> str:
    return _HEAD + "\n".join(line for node in every(root) for line in _lines(node)) + "\n"


def _lines(node: Node) -> Iterator[str]:
    at = " ".join(("__gpu_shopper_at", *node.path)) if node.path else "__gpu_shopper_just"
    just = " ".join(("__gpu_shopper_just", *node.path))
    for child in node.below:
        yield f"complete -c gpu-shopper -n {_quoted(just)} -a {child.path[-1]} -d {_quoted(child.says)}"
    for option in node.options:
        yield f"complete -c gpu-shopper -n {_quoted(at)} {_flags(option)} -d {_quoted(option.says)}{_takes(option)}"
    for place in node.places[:1]:
        if place.takes is Takes.SESSION:
            yield f"complete -c gpu-shopper -n {_quoted(just)} -a '(__gpu_shopper_sessions)'"
        if place.takes is Takes.CHOICE:
            yield f"complete -c gpu-shopper -n {_quoted(just)} -a {_quoted(' '.join(place.words))}"


def _flags(option: Option) -> str:
    return " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)


def _takes(option: Option) -> str:
    if option.takes is Takes.NOTHING:
        return ""
    if option.takes is Takes.CHOICE:
        return f" -x -a {_quoted(' '.join(option.words))}"
    return " -r -F" if option.takes is Takes.FILE else " -x"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
