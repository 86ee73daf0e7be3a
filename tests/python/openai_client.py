"""Does the official OpenAI client work with atelier-engine, unchanged?

Usage: openai_client.py BASE_URL TOKEN      (BASE_URL ends in /v1)

Prints one line per check and ends with status 1 at the first that fails.
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

    several = client.chat.completions.create(n=2, logprobs=True, top_logprobs=3, **greedy)
    likely = several.choices[0].logprobs.content
    check("n", len(several.choices) == 2 and several.choices[1].message.content == text, len(several.choices))
    check("logprobs", all(len(token.top_logprobs) == 3 and token.logprob <= 0 for token in likely), likely[0].token)

    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 20}, "deep": {"type": "boolean"}},
        "required": ["name", "deep"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "sea", "schema": schema, "strict": True}}
    formed = client.chat.completions.create(
        model=kinds["chat"], messages=question, response_format=form, temperature=1.3, max_tokens=200
    )
    found = json.loads(formed.choices[0].message.content)
    check("json schema", set(found) == {"name", "deep"} and isinstance(found["deep"], bool), found)

    gone_on = client.completions.create(model=kinds["chat"], prompt="The sea is", temperature=0, max_tokens=8, logprobs=1)
    check("completions", bool(gone_on.choices[0].text) and len(gone_on.choices[0].logprobs.tokens) == 8, gone_on.choices[0].text)

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
            "unknown model",
            lambda: client.chat.completions.create(model="gpt-4o", messages=question),
            openai.NotFoundError,
        ),
    ]:
        try:
            call()
            check(name, False, "was answered")
        except error as refused:
            check(name, True, refused.code)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
