"""Completion for bash, from version 3.2 on."""

import shlex
from collections.abc import Iterator

from cli.outline import Node, Takes, every

_SCRIPT = """\
# bash completion of gpu-shopper. In ~/.bashrc: eval "$(gpu-shopper completion bash)"
_gpu_shopper() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path= word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ $word == -- ]]; then return; fi
    case "$path/$word" in
{steps}
    esac
  done
  case "$path $prev" in
{values}
  esac
  if [[ $cur == -* ]]; then
    case $path in
{options}
    esac
    return
  fi
  case $path in
{words}
  esac
}}
complete -F _gpu_shopper gpu-shopper
"""
_SESSIONS = 'COMPREPLY=($(compgen -W "$(gpu-shopper ls 2>/dev/null | sed 1d | cut -f 1)" -- "$cur"))'
_FILES = 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))'


def script(root: Node) -> str:
    nodes = list(every(root))
    steps = [f'      "{_at(node, -1)}/{node.path[-1]}") path={_at(node)} ;;' for node in nodes if node.path]
    options = [f'      "{_at(node)}") {_words(_flags(node))} ;;' for node in nodes]
    words = [f'    "{_at(node)}") {_places(node)} ;;' for node in nodes if _places(node)]
    values = [line for node in nodes for line in _values(node)]
    parts = {"steps": steps, "values": values, "options": options, "words": words}
    return _SCRIPT.format(**{name: "\n".join(lines) for name, lines in parts.items()})


def _flags(node: Node) -> list[str]:
    return [flag for option in node.options for flag in option.flags]


def _at(node: Node, end: int | None = None) -> str:
    return ".".join(node.path[:end])


def _words(words: list[str]) -> str:
    return f'COMPREPLY=($(compgen -W {shlex.quote(" ".join(words))} -- "$cur"))'


def _places(node: Node) -> str:
    if node.below:
        return _words([child.path[-1] for child in node.below])
    return _reply(node.places[0].takes, node.places[0].words) if node.places else ""


def _values(node: Node) -> Iterator[str]:
    """A line for each option that wants a word behind it."""
    for option in node.options:
        if option.takes is not Takes.NOTHING:
            flags = "|".join(f'"{_at(node)} {flag}"' for flag in option.flags)
            yield f"    {flags}) {_reply(option.takes, option.words)}return ;;"


def _reply(takes: Takes, words: tuple[str, ...]) -> str:
    if takes is Takes.CHOICE:
        return f"{_words(list(words))}; "
    return {Takes.FILE: f"{_FILES}; ", Takes.SESSION: f"{_SESSIONS}; "}.get(takes, "")
