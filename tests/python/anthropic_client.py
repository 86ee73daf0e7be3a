"""Does the official Anthropic client work with atelier-engine, unchanged?

Usage: anthropic_client.py URL TOKEN

Prints one line per check and ends with status 1 at the first that fails. Tools are checked where the model's
template teaches them.
"""

import json
import sys

import anthropic


def check(name: str, passed: bool, seen: object) -> None:
    print(f"{'ok  ' if passed else 'FAIL'} {name}: {seen}")
    if not passed:
        sys.exit(1)


def refused(name: str, call, error: type) -> None:
    try:
        call()
    except error as problem:
        check(name, problem.body["error"]["message"] != "", problem.body["error"]["type"])
    else:
        check(name, False, "was answered")


def main(url: str, token: str) -> None:
    client = anthropic.Anthropic(base_url=url, api_key=token, max_retries=0, timeout=120)

    models = client.models.list().data
    chat = next(model for model in models if model.meta["kind"] == "chat")
    check("models", chat.type == "model" and chat.display_name == chat.id, [model.id for model in models])
    check("one model", client.models.retrieve(chat.id).id == chat.id, chat.id)

    question = [{"role": "user", "content": "Write one short sentence about the sea."}]
    # This client names no temperature of its own any more; the protocol still has one.
    greedy = {"model": chat.id, "messages": question, "extra_body": {"temperature": 0}, "max_tokens": 24}

    whole = client.messages.create(**greedy)
    text = whole.content[0].text
    check("message", whole.content[0].type == "text" and bool(text), repr(text))
    check("ending", whole.stop_reason in ("end_turn", "max_tokens") and whole.stop_sequence is None, whole.stop_reason)

    counted = client.messages.count_tokens(model=chat.id, messages=question)
    usage = whole.usage
    read = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    check("count", counted.input_tokens == read and usage.output_tokens > 0, counted)

    with client.messages.stream(**greedy) as stream:
        streamed = "".join(stream.text_stream)
        final = stream.get_final_message()
    check("stream", streamed == text and final.content[0].text == text, repr(streamed))
    check("usage in stream", final.usage.output_tokens == usage.output_tokens, final.usage)
    check("ending of stream", final.stop_reason == whole.stop_reason, final.stop_reason)

    word = text.split()[2]
    stopped = client.messages.create(stop_sequences=["never to be met", word], **greedy)
    check("stop", stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == word, stopped.stop_sequence)
    check("text to there", word not in stopped.content[0].text, repr(stopped.content[0].text))

    system = [{"type": "text", "text": "You answer in verse.", "cache_control": {"type": "ephemeral"}}]
    told = client.messages.create(system=system, metadata={"user_id": "u-1"}, **greedy)
    as_text = client.messages.create(system="You answer in verse.", **greedy)
    check("system", told.content == as_text.content, repr(told.content[0].text))

    begun = question + [{"role": "assistant", "content": "The sea"}]
    check("begun answer", bool(client.messages.create(**{**greedy, "messages": begun}).content), "goes on")

    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    for name, call, error in [
        ("wrong token", lambda: client.with_options(api_key="wrong").messages.create(**greedy), anthropic.AuthenticationError),
        ("unknown model", lambda: client.messages.create(**{**greedy, "model": "claude-x"}), anthropic.NotFoundError),
        ("image", lambda: client.messages.create(**{**greedy, "messages": [{"role": "user", "content": [image]}]}), anthropic.BadRequestError),
        ("temperature", lambda: client.messages.create(**{**greedy, "extra_body": {"temperature": -1}}), anthropic.BadRequestError),
        (
            "context overflow",
            lambda: client.messages.create(**{**greedy, "messages": [{"role": "user", "content": "word " * 20_000}]}),
            anthropic.BadRequestError,
        ),
    ]:
        refused(name, call, error)
    try:
        client.messages.create(**{**greedy, "messages": [{"role": "user", "content": "word " * 20_000}]})
    except anthropic.BadRequestError as error:
        # The words by which clients know that a conversation is to be cut down.
        check("words of an overflow", error.body["error"]["message"].startswith("prompt is too long: "), error.body)
    limits = [(model.max_input_tokens, model.max_tokens) for model in client.models.list()]
    check("limits", all(most and written for most, written in limits), limits)

    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    formed = {**greedy, "max_tokens": 100, "output_config": {"format": {"type": "json_schema", "schema": schema}}}
    written = client.messages.create(**formed).content[0].text
    check("format", json.loads(written)["colour"] in ("red", "green", "blue"), repr(written))

    colours = {
        "name": "paint",
        "description": "Paints a wall.",
        "input_schema": {
            "type": "object",
            "properties": {"colour": {"enum": ["red", "green", "blue"]}},
            "required": ["colour"],
            "additionalProperties": False,
        },
    }
    asked = {**greedy, "max_tokens": 200, "tools": [colours]}
    if not chat.meta["tools"]:
        # A call that must come is refused; one that may come does not, and the reply says so.
        forced = {**asked, "tool_choice": {"type": "any"}}
        refused("tools", lambda: client.messages.create(**forced), anthropic.BadRequestError)
        raw = client.messages.with_raw_response.create(**asked)
        check("tools left out", raw.headers.get("x-atelier-left-out") == "tools", raw.parse().stop_reason)
        return
    one = {"type": "any", "disable_parallel_tool_use": True}
    called = client.messages.create(tool_choice=one, **asked)
    uses = [block for block in called.content if block.type == "tool_use"]
    check("call", called.stop_reason == "tool_use" and len(uses) == 1 and uses[0].name == "paint", uses)
    check("input", uses[0].input["colour"] in ("red", "green", "blue"), uses[0].input)
    with client.messages.stream(tool_choice={"type": "tool", "name": "paint"}, **asked) as stream:
        parts = "".join(event.partial_json for event in stream if event.type == "input_json")
        final = stream.get_final_message()
    check("call in stream", json.loads(parts) == final.content[-1].input == uses[0].input, parts)
    cut = client.messages.create(tool_choice=one, **{**asked, "max_tokens": 6})
    check("call that is cut off", cut.stop_reason == "max_tokens" and cut.content == [], cut.content)
    outcome = {"type": "tool_result", "tool_use_id": uses[0].id, "content": [{"type": "text", "text": "painted"}]}
    turns = question + [{"role": "assistant", "content": called.content}, {"role": "user", "content": [outcome]}]
    after = client.messages.create(**{**asked, "messages": turns, "max_tokens": 24}, tool_choice={"type": "none"})
    check("after the call", after.stop_reason != "tool_use" and after.usage.output_tokens > 0, after.stop_reason)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
