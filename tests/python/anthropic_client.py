"""Does the official Anthropic client work with atelier-engine, unchanged?

Usage: anthropic_client.py BASE_URL TOKEN      (BASE_URL ends in /v1)

Prints one line per check and ends with status 1 at the first that fails.
"""

import sys

import anthropic


def check(name: str, passed: bool, seen: object) -> None:
    print(f"{'ok  ' if passed else 'FAIL'} {name}: {seen}")
    if not passed:
        sys.exit(1)


def main(base_url: str, token: str) -> None:
    client = anthropic.Anthropic(base_url=base_url.removesuffix("/v1"), api_key=token, max_retries=0, timeout=120)
    said = [{"role": "user", "content": "Count from one to ten in words."}]
    greedy = {"model": "", "messages": said, "max_tokens": 40, "extra_body": {"temperature": 0}}

    whole = client.messages.create(**greedy)
    text = whole.content[0].text
    check("message", bool(text) and whole.stop_reason in ("end_turn", "max_tokens"), repr(text))
    counted = client.messages.count_tokens(model="", messages=said).input_tokens
    usage = whole.usage
    check("count", counted == usage.input_tokens + usage.cache_read_input_tokens, counted)

    with client.messages.stream(**greedy) as stream:
        streamed = "".join(stream.text_stream)
        last = stream.get_final_message()
    check("stream", streamed == text and last.stop_reason == whole.stop_reason, repr(streamed))

    word = text.split()[3]
    stopped = client.messages.create(stop_sequences=[word], system="Answer in words.", **greedy)
    met = stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == word
    check("stop sequence", met or word not in stopped.content[0].text, stopped.stop_reason)

    for name, call, error in [
        ("wrong token", lambda: client.with_options(api_key="wrong").messages.create(**greedy), anthropic.AuthenticationError),
        ("unknown model", lambda: client.messages.create(**{**greedy, "model": "claude-x"}), anthropic.NotFoundError),
        (
            "context overflow",
            lambda: client.messages.create(**{**greedy, "messages": [{"role": "user", "content": "word " * 20_000}]}),
            anthropic.BadRequestError,
        ),
    ]:
        try:
            call()
            check(name, False, "no error")
        except error as raised:
            check(name, True, type(raised).__name__)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
