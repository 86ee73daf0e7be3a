"""Does the official OpenAI client work with atelier-engine, unchanged?

Usage: openai_client.py BASE_URL TOKEN      (BASE_URL ends in /v1)

Prints one line per check and ends with status 1 at the first that fails. Tools are checked where the model's
template teaches them.
"""

import json
import math
import sys

import openai


def check(name: str, passed: bool, seen: object) -> None:
    print(f"{'ok  ' if passed else 'FAIL'} {name}: {seen}")
    if not passed:
        sys.exit(1)


def main(base_url: str, token: str) -> None:
    client = openai.OpenAI(base_url=base_url, api_key=token, max_retries=0, timeout=120)

    models = client.models.list().data
    kinds = {model.meta["kind"]: model.id for model in models}
    check("models", {"chat", "embedding"} <= kinds.keys(), kinds)

    question = [{"role": "user", "content": "Write one short sentence about the sea."}]
    greedy = {"model": kinds["chat"], "messages": question, "temperature": 0, "max_tokens": 24}

    whole = client.chat.completions.create(**greedy)
    text = whole.choices[0].message.content
    check("chat", bool(text), repr(text))
    check("usage", whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens, whole.usage)
    check("finish", whole.choices[0].finish_reason in ("stop", "length"), whole.choices[0].finish_reason)

    streamed, usage, finish = "", None, None
    for chunk in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **greedy):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            streamed += choice.delta.content or ""
            finish = choice.finish_reason or finish
    check("stream", streamed == text and finish == whole.choices[0].finish_reason, repr(streamed))
    check("usage in stream", usage is not None and usage.completion_tokens == whole.usage.completion_tokens, usage)

    drawn = [
        client.chat.completions.create(
            model=kinds["chat"], messages=question, temperature=1.2, top_p=0.9, seed=seed, max_tokens=16
        )
        .choices[0]
        .message.content
        for seed in (11, 11, 12)
    ]
    check("seed", drawn[0] == drawn[1] and drawn[0] != drawn[2], drawn)

    word = text.split()[2]
    stopped = client.chat.completions.create(stop=[word], **greedy).choices[0]
    check("stop", word not in stopped.message.content and stopped.finish_reason == "stop", repr(stopped.message.content))

    texts = ["The notice period is three months.", "How long in advance must I give notice?", "Cats sleep all day."]
    embedded = client.embeddings.create(model=kinds["embedding"], input=texts)
    vectors = [item.embedding for item in embedded.data]
    floats = client.embeddings.create(model=kinds["embedding"], input=texts, encoding_format="float")
    near = max(abs(a - b) for a, b in zip(vectors[0], floats.data[0].embedding))
    check("embeddings", all(abs(math.hypot(*v) - 1) < 1e-4 for v in vectors) and near < 1e-6, f"{len(vectors[0])} numbers")

    def cosine(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b))

    alike, unlike = cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2])
    check("meaning", alike > unlike + 0.2, f"{alike:.3f} > {unlike:.3f}")

    retrieved = client.models.retrieve(kinds["chat"])
    check("one model", retrieved.id == kinds["chat"], retrieved.id)

    several = client.chat.completions.create(n=3, seed=5, **{**greedy, "temperature": 1.2})
    answers = [choice.message.content for choice in several.choices]
    check("n", len(set(answers)) > 1 and [c.index for c in several.choices] == [0, 1, 2], answers)

    likely = client.chat.completions.create(logprobs=True, top_logprobs=2, **greedy).choices[0].logprobs.content
    sums = all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in likely)
    check("logprobs", sums and "".join(token.token for token in likely).startswith(text), len(likely))

    token = client.chat.completions.create(logprobs=True, **{**greedy, "max_tokens": 1}).choices[0].message.content
    (number,) = client.with_options(base_url=base_url.removesuffix("/v1")).post("/tokenize", body={"content": token}, cast_to=object)["tokens"]
    without = client.chat.completions.create(logit_bias={str(number): -100}, **greedy).choices[0].message.content
    check("logit_bias", not without.startswith(token), repr(without))
    varied = client.chat.completions.create(frequency_penalty=2, presence_penalty=2, **greedy).choices[0].message.content
    check("penalties", varied != text, repr(varied))
    told = [{"role": "developer", "content": "You answer in verse."}, *question]
    as_system = [{"role": "system", "content": "You answer in verse."}, *question]
    verses = [client.chat.completions.create(**{**greedy, "messages": m}).choices[0].message.content for m in (told, as_system)]
    check("developer", verses[0] == verses[1], repr(verses[0]))
    parts = [{"role": "user", "content": [{"type": "text", "text": question[0]["content"]}]}]
    check("parts", client.chat.completions.create(**{**greedy, "messages": parts}).choices[0].message.content == text, "the same")
    longer = {key: value for key, value in greedy.items() if key != "max_tokens"}
    counted = client.chat.completions.create(max_completion_tokens=3, **longer)
    check("max_completion_tokens", counted.usage.completion_tokens == 3, counted.choices[0].finish_reason)

    schema = {
        "type": "object",
        "properties": {"wet": {"type": "boolean"}, "depth": {"type": "integer", "minimum": 0, "maximum": 99999}},
        "required": ["wet", "depth"],
        "additionalProperties": False,
    }
    held = client.chat.completions.create(
        response_format={"type": "json_schema", "json_schema": {"name": "sea", "schema": schema, "strict": True}},
        **{**greedy, "max_tokens": 200},
    )
    sea = json.loads(held.choices[0].message.content)
    check("json_schema", sea.keys() == {"wet", "depth"} and isinstance(sea["wet"], bool), sea)

    prompts = ["The sea is", "Two and two are"]
    written = client.completions.create(model=kinds["chat"], prompt=prompts, temperature=0, logprobs=2, max_tokens=8)
    first = written.choices[0]
    check("completions", len(written.choices) == 2 and bool(first.text), [choice.text for choice in written.choices])
    check("their logprobs", "".join(first.logprobs.tokens).startswith(first.text), first.logprobs.text_offset)
    chunks = client.completions.create(
        model=kinds["chat"], prompt=prompts[0], temperature=0, max_tokens=8, echo=True, stream=True
    )
    continued = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    check("completions in stream", continued == prompts[0] + first.text, repr(continued))

    tool = {
        "type": "function",
        "function": {
            "name": "paint",
            "parameters": {
                "type": "object",
                "properties": {"colour": {"enum": ["red", "green", "blue"]}},
                "required": ["colour"],
                "additionalProperties": False,
            },
        },
    }
    asked = {**greedy, "max_tokens": 200, "tools": [tool], "tool_choice": "required", "parallel_tool_calls": False}
    if retrieved.meta["tools"]:
        called = client.chat.completions.create(**asked).choices[0]
        call = called.message.tool_calls[0]
        painted = json.loads(call.function.arguments)["colour"] in ("red", "green", "blue")
        check("tools", painted and called.finish_reason == "tool_calls", call.function)
        with client.chat.completions.stream(**asked) as stream:
            final = stream.get_final_completion().choices[0].message.tool_calls[0]
        check("tools in stream", final.function.arguments == call.function.arguments, final.function.arguments)
    else:
        try:
            client.chat.completions.create(**asked)
            check("tools", False, "was answered")
        except openai.BadRequestError as refused:
            check("tools", refused.param == "tools", refused.code)

    asked = {"model": kinds["chat"], "input": question[0]["content"], "temperature": 0, "max_output_tokens": 24}
    response = client.responses.create(**asked)
    check("responses", response.output_text == text and response.usage.output_tokens > 0, repr(response.output_text))
    with client.responses.stream(**asked) as stream:
        deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    check("responses in stream", deltas == text, repr(deltas))
    counted = client.responses.input_tokens.count(model=kinds["chat"], input=question[0]["content"])
    check("their tokens", counted.input_tokens == response.usage.input_tokens, counted.input_tokens)
    paint = {"type": "function", "name": "paint", "parameters": tool["function"]["parameters"], "strict": True}
    asked = {**asked, "max_output_tokens": 200, "tools": [paint], "tool_choice": "required"}
    if retrieved.meta["tools"]:
        called = client.responses.create(**asked).output[-1]
        painted = json.loads(called.arguments)["colour"] in ("red", "green", "blue")
        check("their tools", called.type == "function_call" and painted, called.arguments)
        given = {"type": "function_call_output", "call_id": called.call_id, "output": "done"}
        history = [{"role": "user", "content": question[0]["content"]}, called.model_dump(), given]
        after = client.responses.create(**{**asked, "input": history, "tool_choice": "none"})
        check("what tools gave", after.output[-1].type == "message", repr(after.output_text))

    for name, call, error in [
        ("wrong token", lambda: client.with_options(api_key="wrong").models.list(), openai.AuthenticationError),
        (
            "context overflow",
            lambda: client.chat.completions.create(
                model=kinds["chat"], messages=[{"role": "user", "content": "word " * 20_000}]
            ),
            openai.BadRequestError,
        ),
        (
            "effort of a model that does not think",
            lambda: client.chat.completions.create(reasoning_effort="low", **greedy),
            openai.BadRequestError,
        ),
        (
            "unknown model",
            lambda: client.chat.completions.create(model="gpt-4o", messages=question),
            openai.NotFoundError,
        ),
    ]:
        try:
            call()
            check(name, False, "was answered")
        except error as refused:
            check(name, bool(refused.code), refused.code)

    # Until the queue is full: 8 under way, 32 waiting.
    streams = []
    full = None
    for _ in range(12):
        try:
            more = {"n": 8, "stream": True, "max_tokens": 2000, "temperature": 1.0}
            streams.append(client.chat.completions.create(**{**greedy, **more}))
        except openai.RateLimitError as refused:
            full = refused.code
            break
    check("full queue", full == "queue_full" and len(streams) >= 4, f"{len(streams)} requests, then {full}")
    for stream in streams:
        stream.close()
    # What nobody waits for is given up, so that there is room again.
    waited = client.with_options(max_retries=8).chat.completions.create(**{**greedy, "max_tokens": 2})
    check("room again", waited.usage.completion_tokens == 2, waited.choices[0].message.content)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
