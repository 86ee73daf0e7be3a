"""A sentence encoder of the BERT family in plain numpy, in double precision: what the engine is compared with.

Usage: encoder_numpy.py MODEL_FOLDER OUT.json      (needs numpy and tokenizers)

Writes, for each text of a multilingual set, the number of its tokens and its vector (float32, base64).
"""

import base64
import json
import math
import struct
import sys
from pathlib import Path

import numpy as np

TEXTS = [
    "The notice period is three months.",
    "Le préavis est de trois mois.",
    "Die Kündigungsfrist beträgt drei Monate zum Quartalsende.",
    "Okres wypowiedzenia wynosi trzy miesiące.",
    "Η προθεσμία καταγγελίας είναι τρεις μήνες.",
    "مدة الإشعار ثلاثة أشهر.",
    "通知期为三个月。",
    "解約の通知期間は三か月です。",
    "Срок уведомления составляет три месяца.",
    "fn main() { println!(\"{}\", 0x1F_u8 as f32 / 3.0); } // §4.2 — 50 % off 🦀",
    "",
    "a",
    "The tenant shall pay the rent in advance, on the first working day of each month, by transfer to the "
    "account that the landlord names. A delay of more than five days bears interest at the legal rate. " * 12,
]


def tensors(folder: Path) -> dict[str, np.ndarray]:
    """Every tensor of model.safetensors, as float64."""
    data = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, form in header.items():
        if name == "__metadata__" or form["dtype"] not in ("F32", "F16"):
            continue
        start, end = form["data_offsets"]
        kind = {"F32": np.float32, "F16": np.float16}[form["dtype"]]
        values = np.frombuffer(data[8 + length + start : 8 + length + end], dtype=kind)
        found[name] = values.reshape(form["shape"]).astype(np.float64)
    return found


def norm(x: np.ndarray, w: dict, name: str, epsilon: float) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def states(w: dict, config: dict, ids: list[int]) -> np.ndarray:
    """The last layer's state of each token."""
    erf = np.vectorize(math.erf)
    epsilon, heads = config["layer_norm_eps"], config["num_attention_heads"]
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x + w["embeddings.position_embeddings.weight"][: len(ids)], w, "embeddings.LayerNorm", epsilon)
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."

        def linear(x: np.ndarray, name: str) -> np.ndarray:
            return x @ w[f"{at}{name}.weight"].T + w[f"{at}{name}.bias"]

        q, k, v = (
            linear(x, f"attention.self.{part}").reshape(len(ids), heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        seen = (weights @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(seen, "attention.output.dense"), w, f"{at}attention.output.LayerNorm", epsilon)
        inner = linear(x, "intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, "output.dense"), w, f"{at}output.LayerNorm", epsilon)
    return x


def main(folder: Path, out: Path) -> None:
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text())
    w = tensors(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    rows = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        vector = states(w, config, ids).mean(0)
        vector = (vector / np.linalg.norm(vector)).astype("<f4")
        rows.append({"text": text, "tokens": len(ids), "vector": base64.b64encode(vector.tobytes()).decode()})
    out.write_text(json.dumps({"model": folder.name, "longest": 256, "texts": rows}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
