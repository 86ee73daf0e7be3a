"""How many chunks does atelier-engine embed in a second, beside ONNX Runtime with the same weights?

Usage: bench_embed.py ENGINE MODEL_FOLDER CACHE_FOLDER [THREADS ...]

Needs onnxruntime, onnx, numpy and tokenizers. The peer's graph is written here from the safetensors, with the
runtime's own fused operators (com.microsoft: Attention, SkipLayerNormalization, BiasGelu), which is what its
optimiser makes of an exported BERT; its int8 form is made by its own quantize_dynamic. Both do all the work: the
engine over HTTP, the runtime with tokenizers' batch encoding, pooling and normalising in numpy. Turns alternate;
medians count.
"""

import base64
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

from encoder_numpy import tensors

CHUNKS, TOKENS, TURNS, TOKEN = 64, 196, 5, "bench"


def graph(folder: Path, file: Path) -> None:
    """Writes the encoder as an ONNX graph."""
    config = json.loads((folder / "config.json").read_text())
    w = {name: value.astype(np.float32) for name, value in tensors(folder).items()}
    nodes, constants = [], []

    def const(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: list[str], outputs: int = 1, domain: str = "", **more: object) -> str:
        name = f"n{len(nodes)}"
        names = [name] + [f"{name}_{at}" for at in range(1, outputs)]
        nodes.append(helper.make_node(kind, inputs, names, name=name, domain=domain, **more))
        return name

    def ms(kind: str, inputs: list[str], outputs: int = 1, **more: object) -> str:
        return node(kind, inputs, outputs, "com.microsoft", **more)

    def pair(name: str) -> list[str]:
        return [const(f"{name}.{part}", w[f"{name}.{part}"]) for part in ("weight", "bias")]

    epsilon, heads = config["layer_norm_eps"], config["num_attention_heads"]
    tables = [
        const(f"embeddings.{name}.weight", w[f"embeddings.{name}.weight"])
        for name in ("word_embeddings", "position_embeddings", "token_type_embeddings")
    ]
    x = ms("EmbedLayerNormalization", ["ids", "types", *tables, *pair("embeddings.LayerNorm"), "mask"], 2, epsilon=epsilon)
    lengths = f"{x}_1"
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        parts = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
        qkv = const(f"{at}qkv", np.concatenate([w[f"{part}.weight"].T for part in parts], 1))
        bias = const(f"{at}qkv.bias", np.concatenate([w[f"{part}.bias"] for part in parts]))
        seen = ms("Attention", [x, qkv, bias, lengths], num_heads=heads)

        def matmul(x: str, name: str) -> str:
            return node("MatMul", [x, const(f"{at}{name}.t", w[f"{at}{name}.weight"].T)])

        def add_norm(sum_: str, skip: str, bias: str, name: str) -> str:
            bias = const(f"{at}{bias}", w[f"{at}{bias}"])
            return ms("SkipLayerNormalization", [sum_, skip, *pair(f"{at}{name}"), bias], epsilon=epsilon)

        x = add_norm(matmul(seen, "attention.output.dense"), x, "attention.output.dense.bias", "attention.output.LayerNorm")
        inner = matmul(x, "intermediate.dense")
        inner = ms("BiasGelu", [inner, const(f"{at}up.bias", w[f"{at}intermediate.dense.bias"])])
        x = add_norm(matmul(inner, "output.dense"), x, "output.dense.bias", "output.LayerNorm")
    nodes.append(helper.make_node("Identity", [x], ["states"]))
    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("ids", "types", "mask")]
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [*shape, config["hidden_size"]])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    made = helper.make_graph(nodes, "encoder", inputs, [states], constants)
    onnx.save(helper.make_model(made, opset_imports=opsets, ir_version=9), file)


class Peer:
    def __init__(self, file: Path, folder: Path, threads: int, batch: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(256)
        self.tokenizer.enable_padding()
        self.batch = batch

    def embed(self, texts: list[str]) -> np.ndarray:
        vectors = []
        for start in range(0, len(texts), self.batch):
            rows = self.tokenizer.encode_batch(texts[start : start + self.batch])
            ids, types, mask = (
                np.array([getattr(row, part) for row in rows], np.int32) for part in ("ids", "type_ids", "attention_mask")
            )
            (states,) = self.session.run(None, {"ids": ids, "types": types, "mask": mask})
            pooled = (states * mask[..., None]).sum(1)
            vectors.append(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))
        return np.concatenate(vectors)


class Engine:
    def __init__(self, program: str, folder: Path, threads: int, weights: str) -> None:
        arguments = [program, "serve", "--exit-with-stdin", "--embedding", folder, "--threads", str(threads)]
        environment = dict(os.environ, ATELIER_ENGINE_TOKEN=TOKEN)
        self.child = subprocess.Popen(
            [*arguments, "--encoder-weights", weights], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self.base = "http://" + json.loads(self.child.stdout.readline())["listening"]
        while True:
            try:
                urllib.request.urlopen(f"{self.base}/health").read()
                return
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
                time.sleep(0.05)

    def embed(self, texts: list[str]) -> np.ndarray:
        body = json.dumps({"input": texts, "encoding_format": "base64"}).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.base}/v1/embeddings", body, headers)) as answer:
            data = json.load(answer)["data"]
        return np.stack([np.frombuffer(base64.b64decode(one["embedding"]), "<f4") for one in data])

    def close(self) -> None:
        self.child.stdin.close()
        self.child.wait()


def chunks(folder: Path) -> list[str]:
    """Texts of about `TOKENS` tokens, from this repository's own pages."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    root = Path(__file__).resolve().parents[2]
    files = [*sorted((root / "docs").rglob("*.md")), root / "CHANGELOG.md"]
    ids = [id for file in files for id in tokenizer.encode(file.read_text(), add_special_tokens=False).ids]
    while len(ids) < CHUNKS * TOKENS:
        ids += ids
    return [tokenizer.decode(ids[at * TOKENS : at * TOKENS + TOKENS - 2]) for at in range(CHUNKS)]


def main(program: str, folder: Path, cache: Path, counts: list[int]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    full, small = cache / "encoder.onnx", cache / "encoder.int8.onnx"
    if not small.exists():
        graph(folder, full)
        more = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(full, small, weight_type=QuantType.QInt8, extra_options=more)
    texts = chunks(folder)
    print(f"ONNX Runtime {onnxruntime.__version__}; {CHUNKS} chunks of about {TOKENS} tokens; chunks per second, medians of {TURNS} turns")
    print("| weights | threads | engine | ONNX Runtime | ratio | lowest cosine |\n| --- | --- | --- | --- | --- | --- |")
    for threads in counts:
        exact = Peer(full, folder, threads, 8)
        reference = exact.embed(texts)
        for weights, file in (("file", full), ("f16", full), ("int8", small)):
            engine = Engine(program, folder, threads, weights)
            peers = [Peer(file, folder, threads, batch) for batch in (8, 32)]
            times = [[] for _ in range(1 + len(peers))]
            for turn in range(TURNS + 1):
                for at, runner in enumerate((engine, *peers)):
                    began = time.perf_counter()
                    vectors = runner.embed(texts)
                    # The first turn only warms up.
                    if turn > 0:
                        times[at].append(time.perf_counter() - began)
                    if at == 0:
                        cosine = float((vectors * reference).sum(1).min())
            engine.close()
            own, *others = (CHUNKS / statistics.median(some) for some in times)
            best = max(others)
            name = {"file": "f32", "f16": "f16 (peer: f32)"}.get(weights, weights)
            print(f"| {name} | {threads} | {own:.1f} | {best:.1f} | {own / best:.2f} | {cosine:.5f} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), [int(n) for n in sys.argv[4:]] or [1, os.cpu_count() or 1])
