"""What does llama.cpp compute? Writes its logits of small random models to crates/engine/tests/parity/recorded.json,
and its perplexity of a text to crates/engine/tests/perplexity/recorded.json.

Usage: record_logits.py [--logits] [PEER]     (--logits: no perplexity; PEER: the folder that `cargo xtask bench-engine` builds llama.cpp in)

Needs g++, cargo and that build. The models are written by `cargo run -p engine --example tiny`, always the same.
Perplexity is of the starter model, where it is installed.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]
TESTS = HERE / "crates/engine/tests"
PACKAGE = "llama-cpp-python-0.3.36"
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 1024       # of the small models: which factors of a rotation are used depends on it
WINDOW = 512         # of perplexity
PLACES = [0, 39, 170] # after which tokens logits are recorded: the last lies beyond a segment of the kernels' cache
STEP = 4             # every how manieth is recorded
VOCAB = 101


def tokens(count):
    return [(at * 37 + at * at // 3 + 5) % VOCAB for at in range(count)]


def checksum(data):
    """FNV-1a of every 61st byte: a change of the writer changes them all."""
    value = 0xCBF29CE484222325
    for byte in data[::61]:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def build(peer, folder):
    source, made = peer / "sources/vendor/llama.cpp", peer / "build"
    program = folder / "peer_logits"
    libraries = ["src/libllama.a", "ggml/src/libggml.a", "ggml/src/libggml-cpu.a", "ggml/src/libggml-base.a"]
    subprocess.run(
        ["g++", "-O2", "-std=c++17", f"-I{source}/include", f"-I{source}/ggml/include",
         str(HERE / "tests/python/peer_logits.cpp"), "-o", str(program), *[str(made / name) for name in libraries],
         "-fopenmp", "-lpthread", "-ldl", "-lm"], check=True)
    cmake = (source / "CMakeLists.txt").read_text()
    number = ".".join(re.search(rf"LLAMA_VERSION_{part} (\d+)", cmake)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    return program, f"llama.cpp {number} in {PACKAGE}"


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def record_logits(program, version, folder):
    written = subprocess.run(
        ["cargo", "run", "--locked", "--quiet", "-p", "engine", "--example", "tiny", "--", str(folder / "models")],
        check=True, capture_output=True, text=True, cwd=HERE).stdout
    models = {}
    for line in written.splitlines():
        file, name = line.split("\t")
        path = folder / "models" / file
        given = ",".join(map(str, tokens(max(PLACES) + 1)))
        rows = run(program, "logits", path, CONTEXT, given, ",".join(map(str, PLACES))).splitlines()
        logits = [[float(f"{float(value):.5g}") for value in row.split()[::STEP]] for row in rows]
        models[name] = {"sum": checksum(path.read_bytes()), "logits": logits}
    head = {"recorded_from": version, "by": "tests/python/record_logits.py", "places": PLACES, "step": STEP}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(model, separators=(',', ':'))}" for name, model in models.items())
    (TESTS / "parity/recorded.json").write_text(json.dumps(head)[:-1] + ', "models": {\n' + lines + "\n}}\n")


def record_perplexity(program, version):
    models = os.environ.get("ATELIER_MODELS") or pathlib.Path.home() / ".local/share/atelier/models"
    model = pathlib.Path(models) / MODEL
    if not model.is_file():
        print(f"{model} is not there: perplexity is left as it was")
        return
    found = run(program, "perplexity", model, WINDOW, TESTS / "perplexity/text.txt").split()
    recorded = {"recorded_from": version, "by": "tests/python/record_logits.py", "model": MODEL, "window": WINDOW,
                "tokens": int(found[0]), "counted": int(found[1]), "perplexity": float(found[2])}
    (TESTS / "perplexity/recorded.json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    named = [argument for argument in sys.argv[1:] if argument != "--logits"]
    peer = pathlib.Path(named[0] if named else pathlib.Path.home() / ".cache/atelier/peer" / PACKAGE)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        program, version = build(peer, folder)
        record_logits(program, version, folder)
        if "--logits" not in sys.argv:
            record_perplexity(program, version)
