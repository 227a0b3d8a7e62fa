"""Completion for zsh."""

from cli.outline import Node, Option, Place, Takes, every

_SCRIPT = """\
#compdef gpu-shopper
# zsh completion of gpu-shopper. In ~/.zshrc, behind compinit: eval "$(gpu-shopper completion zsh)"
_gpu_shopper_sessions() {{
  local -a ids
  ids=(${{(f)"$(gpu-shopper ls 2>/dev/null | sed 1d | cut -f 1)"}})
  compadd -a ids
}}
{functions}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _gpu_shopper "$@"
else
  compdef _gpu_shopper gpu-shopper
fi
"""
_ACTIONS = {Takes.FILE: "_files", Takes.SESSION: "_gpu_shopper_sessions", Takes.ANYTHING: " "}


def script(root: Node) -> str:
    return _SCRIPT.format(functions="\n".join(_function(node) for node in every(root)))


def _function(node: Node) -> str:
    lines = [f"{_name(node)}() {{"]
    arguments = [_option(option, flag) for option in node.options for flag in option.flags]
    if node.below:
        lines += ["  local -a commands", "  local curcontext=$curcontext state line", "  commands=("]
        lines += [f"    {_quoted(_plain(child.path[-1]) + ':' + _plain(child.says))}" for child in node.below]
        lines += ["  )", "  _arguments -C \\", *(f"    {one} \\" for one in arguments)]
        lines += ["    '1:command:->command' '*::argument:->rest'", "  case $state in"]
        lines += ["    command) _describe command commands ;;", "    rest)", "      case $line[1] in"]
        lines += [f"        {child.path[-1]}) {_name(child)} ;;" for child in node.below]
        lines += ["      esac ;;", "  esac", "}"]
        return "\n".join(lines)
    places = [_place(place, at) for at, place in enumerate(node.places, 1)]
    return "\n".join(
        [*lines, "  _arguments \\", *(f"    {one} \\" for one in (*arguments, *places)), "    '*:: :_default'", "}"]
    )


def _name(node: Node) -> str:
    return "_".join(["_gpu_shopper", *node.path])


def _option(option: Option, flag: str) -> str:
    spec = f"*{flag}[{_plain(option.says, '[]')}]"
    return _quoted(spec if option.takes is Takes.NOTHING else f"{spec}:value:{_action(option.takes, option.words)}")


def _place(place: Place, at: int) -> str:
    return _quoted(f"{at}:{_plain(place.name)}:{_action(place.takes, place.words)}")


def _action(takes: Takes, words: tuple[str, ...]) -> str:
    return f"({' '.join(words)})" if takes is Takes.CHOICE else _ACTIONS.get(takes, " ")


def _plain(text: str, also: str = "") -> str:
    """With what divides the parts of a specification made harmless."""
    for letter in "\\:" + also:
        text = text.replace(letter, f"\\{letter}")
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
