"""Which tokens does llama.cpp make of our texts? Writes crates/engine/tests/tokens/recorded.json.

Usage: record_tokens.py [PEER]     (PEER: the folder that `cargo xtask bench-engine` builds llama.cpp in)

Needs g++ and that build. Every vocabulary file in llama.cpp's sources is recorded under its own rule, and
one of them under the names of further rules, since their own vocabularies cannot be had offline.
"""

import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]
TOKENS = HERE / "crates/engine/tests/tokens"
PACKAGE = "llama-cpp-python-0.3.36"

# Vocabulary files under their own rule (None), or under that of another name.
FILES = {name: None for name in (
    "aquila", "baichuan", "command-r", "deepseek-coder", "deepseek-llm", "falcon", "gemma-4", "gpt-2", "gpt-neox",
    "llama-bpe", "llama-spm", "mpt", "phi-3", "qwen2", "qwen35", "refact", "starcoder")}
RENAMED = {
    "llama-bpe": ["default", "smollm", "glm4", "chatglm-bpe", "tekken", "gpt-4o", "deepseek-v3", "poro-chat", "viking",
                  "bailingmoe", "seed-coder", "laguna", "minicpm5"],
}

PROGRAM = r"""
#include "llama.h"
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>
static void quiet(ggml_log_level, const char *, void *) {}
static void print(const llama_vocab * vocab, const std::string & text, bool begin, bool special) {
    std::vector<llama_token> ids(text.size() + 8);
    int n = llama_tokenize(vocab, text.data(), text.size(), ids.data(), ids.size(), begin, special);
    for (int i = 0; i < n; i++) printf("%s%d", i ? "," : "", ids[i]);
    printf("\n");
}
int main(int argc, char ** argv) {
    llama_log_set(quiet, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    llama_model * model = llama_model_load_from_file(argv[1], params);
    if (!model) return 1;
    const llama_vocab * vocab = llama_model_get_vocab(model);
    std::string line;
    while (std::getline(std::cin, line)) {
        std::string text;
        for (size_t i = 0; i + 1 < line.size(); i += 2) text += (char) std::stoi(line.substr(i, 2), nullptr, 16);
        print(vocab, text, false, false);
        print(vocab, text, false, true);
    }
    print(vocab, "a", true, true);
}
"""


def build(peer: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    source, program = folder / "tokens.cpp", folder / "tokens"
    source.write_text(PROGRAM)
    sources, built = peer / "sources/vendor/llama.cpp", peer / "build"
    libraries = ["src/libllama.a", "ggml/src/libggml.a", "ggml/src/libggml-cpu.a", "ggml/src/libggml-base.a"]
    subprocess.run(["g++", "-O1", "-std=c++17", "-I", sources / "include", "-I", sources / "ggml/include", source]
                   + [built / library for library in libraries] + ["-fopenmp", "-ldl", "-o", program], check=True)
    return program


def renamed(file: pathlib.Path, rule: str, folder: pathlib.Path) -> pathlib.Path:
    """The file with another name for its rule, and its tokens where they are."""
    data, key = file.read_bytes(), b"tokenizer.ggml.pre"
    at = data.index(struct.pack("<Q", len(key)) + key) + 8 + len(key) + 4
    (length,) = struct.unpack_from("<Q", data, at)
    name = rule.encode()
    target = folder / f"{file.stem}-{rule}.gguf"
    target.write_bytes(data[:at] + struct.pack("<Q", len(name)) + name + data[at + 8 + length:])
    return target


def record(program: pathlib.Path, file: pathlib.Path, texts: list[str]) -> dict:
    lines = "".join(text.encode().hex() + "\n" for text in texts)
    out = subprocess.run([program, file], input=lines, capture_output=True, text=True, check=True).stdout.split("\n")
    rows = [[int(n) for n in line.split(",")] if line else [] for line in out[:2 * len(texts) + 1]]
    plain, special = rows[0:-1:2], rows[1:-1:2]
    return {"begun": rows[-1], "plain": plain,
            "special": {str(i): s for i, (p, s) in enumerate(zip(plain, special)) if p != s}}


def main() -> None:
    default = pathlib.Path.home() / ".cache/atelier/peer" / PACKAGE
    peer = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    texts = json.loads((TOKENS / "texts.json").read_text())
    sources = peer / "sources/vendor/llama.cpp"
    version = ".".join(re.findall(r"LLAMA_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", (sources / "CMakeLists.txt").read_text())[:3])
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = build(peer, folder)
        for vocabulary, rule in [*FILES.items(), *((v, r) for v, rules in RENAMED.items() for r in rules)]:
            file = sources / f"models/ggml-vocab-{vocabulary}.gguf"
            made = file if rule is None else renamed(file, rule, folder)
            found.append({"file": file.name, "rule": rule, **record(program, made, texts)})
            print(vocabulary, rule or "", sum(map(len, found[-1]["plain"])))
    head = {"recorded_from": f"llama.cpp {version} in {PACKAGE}", "by": "tests/python/record_tokens.py"}
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in found)
    (TOKENS / "recorded.json").write_text(json.dumps(head)[:-1] + ', "vocabularies": [\n' + lines + "\n]}\n")


main()
