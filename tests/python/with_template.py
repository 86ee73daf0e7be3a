"""What if the starter model's file taught tools?

Usage: with_template.py IN.gguf OUT.gguf

Writes a copy whose chat template teaches calls in the form of Hermes and Qwen. The starter model was not trained
for it, so its calls are only as good as what holds them: which is what a test of the form wants.
"""

import struct
import sys

TEMPLATE = """{%- if tools %}<|im_start|>system
Call one of these tools:
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}Write <tool_call>
{"name": the tool's name, "arguments": an object}
</tool_call><|im_end|>
{% endif %}{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": {{ call.function.name | tojson }}, "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{%- endfor %}<|im_end|>
{% endfor %}{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

# Sizes of GGUF's fixed kinds of values, by their numbers; 8 is a text, 9 a list.
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
KEY = b"tokenizer.chat_template"


def main(source: str, target: str) -> None:
    data = open(source, "rb").read()
    at = 0

    def number(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def text() -> bytes:
        nonlocal at
        length = number("Q")
        at += length
        return data[at - length : at]

    def skip(kind: int) -> None:
        nonlocal at
        if kind == 8:
            text()
        elif kind == 9:
            inner, count = number("I"), number("Q")
            if inner in SIZES:
                at += SIZES[inner] * count
            else:
                for _ in range(count):
                    skip(inner)
        else:
            at += SIZES[kind]

    at = 8
    tensors, entries = number("Q"), number("Q")
    start, end, alignment = None, None, 32
    for _ in range(entries):
        key, kind = text(), number("I")
        begins = at
        skip(kind)
        if key == KEY:
            start, end = begins, at
        if key == b"general.alignment":
            alignment = struct.unpack_from("<I", data, begins)[0]
    for _ in range(tensors):
        text()
        dims = number("I")
        at += 8 * dims + 4 + 8
    assert start is not None, "the file has no chat template"
    template = TEMPLATE.encode()
    head = data[:start] + struct.pack("<Q", len(template)) + template + data[end:at]
    padding = -len(head) % alignment
    with open(target, "wb") as out:
        out.write(head + b"\0" * padding + data[at + -at % alignment :])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
