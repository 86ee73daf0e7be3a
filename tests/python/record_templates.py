"""What do published chat templates make of our chats in Python? Writes crates/engine/tests/tokens/rendered.json.

Usage: record_templates.py [PEER]     (PEER: the folder that `cargo xtask bench-engine` builds llama.cpp in)

Needs jinja2. The templates are those in llama.cpp's sources; the environment is set up as transformers does
(`chat_template_utils.py`), with a fixed day. Recorded is the SHA-256 of each prompt, or that there is none.
"""

import datetime
import hashlib
import json
import pathlib
import sys

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).resolve().parents[2]
TOKENS = HERE / "crates/engine/tests/tokens"
PACKAGE = "llama-cpp-python-0.3.36"
TODAY = datetime.datetime(2026, 1, 2, 3, 4, 5)


class Generation(Extension):
    """transformers' `{% generation %}`, which changes nothing in what is written."""

    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = TODAY.strftime
    return made


def main() -> None:
    default = pathlib.Path.home() / ".cache/atelier/peer" / PACKAGE
    peer = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    chats = json.loads((TOKENS / "chats.json").read_text())
    found = {}
    for file in sorted((peer / "sources/vendor/llama.cpp/models/templates").glob("*.jinja")):
        found[file.name] = {}
        for name, chat in chats.items():
            try:
                text = environment().from_string(file.read_text()).render(
                    messages=chat["messages"], tools=chat.get("tools"), add_generation_prompt=True, bos_token="<s>",
                    eos_token="</s>", **chat.get("extra", {}))
                found[file.name][name] = hashlib.sha256(text.encode()).hexdigest()[:16]
            except Exception as error:  # whatever a template does wrong, there is no prompt then
                found[file.name][name] = None
                print(f"{file.name} {name}: {type(error).__name__}: {error}")
    head = {"recorded_from": f"jinja2 {jinja2.__version__}, templates of {PACKAGE}", "by": "tests/python/record_templates.py"}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
    (TOKENS / "rendered.json").write_text(json.dumps(head)[:-1] + ', "templates": {\n' + lines + "\n}}\n")


main()
