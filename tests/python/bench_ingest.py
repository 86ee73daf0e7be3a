"""How fast are PDFs read, cut, embedded and indexed, beside pdftotext, ONNX Runtime and tantivy in Python?

Usage: bench_ingest.py ATELIER MODELS_FOLDER CACHE_FOLDER DOCUMENTS [WITHOUT_MEANING]

Needs pdftotext (poppler), and for Python tantivy, tokenizers, numpy, and, where meaning is compared too, onnxruntime and
onnx. The peer is what people write: pdftotext page by page, passages of about 200 word pieces between
paragraphs, the encoder's graph of bench_embed.py in batches of 32, tantivy's English analysis, one commit. Both
get the same folder, one after the other, twice; the second time counts. Atelier's time is that of
`atelier import` into an empty workspace, its start and the engine's included. Says how busy the machine was: a
figure from a busy one is worth its ratio at most.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PIECES, BATCH = 200, 32


def passages(tokenizer, text: str) -> list[str]:
    """Paragraphs, joined until about `PIECES` word pieces are full."""
    found, part, count = [], [], 0
    for paragraph in text.split("\n\n"):
        pieces = len(tokenizer.encode(paragraph, add_special_tokens=False).ids) if paragraph.strip() else 0
        if part and count + pieces > PIECES:
            found.append("\n\n".join(part))
            part, count = [], 0
        if pieces:
            part.append(paragraph)
            count += pieces
    return found + (["\n\n".join(part)] if part else [])


def peer(files: list[Path], model: Path, cache: Path, meaning: bool) -> dict[str, float]:
    """The time of each stage in seconds, and how many pages and passages there were."""
    import tantivy
    from tokenizers import Tokenizer

    times = {"text": 0.0, "passages": 0.0, "meaning": 0.0, "index": 0.0}
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("body", stored=False, tokenizer_name="en_stem")
    schema.add_text_field("name", stored=True)
    schema.add_integer_field("page", stored=True)
    with tempfile.TemporaryDirectory() as folder:
        index = tantivy.Index(schema.build(), folder)
        writer = index.writer(50_000_000, 1)
        texts, pages = [], 0
        for file in files:
            began = time.perf_counter()
            # What it cannot read gives no text.
            text = subprocess.run(["pdftotext", file, "-"], capture_output=True).stdout.decode(errors="replace")
            times["text"] += time.perf_counter() - began
            began = time.perf_counter()
            cut = [(number, part) for number, page in enumerate(text.split("\f"), 1) for part in passages(tokenizer, page)]
            times["passages"] += time.perf_counter() - began
            pages += text.count("\f")
            began = time.perf_counter()
            for number, part in cut:
                document = tantivy.Document()
                document.add_text("body", part)
                document.add_text("name", file.name)
                document.add_integer("page", number)
                writer.add_document(document)
            times["index"] += time.perf_counter() - began
            texts += [part for _, part in cut]
        began = time.perf_counter()
        writer.commit()
        writer.wait_merging_threads()
        times["index"] += time.perf_counter() - began
        if meaning:
            from bench_embed import Peer, graph

            graph_file = cache / "encoder.onnx"
            if not graph_file.exists():
                cache.mkdir(parents=True, exist_ok=True)
                graph(model, graph_file)
            encoder = Peer(graph_file, model, os.cpu_count() or 1, BATCH)
            began = time.perf_counter()
            encoder.embed(texts)
            times["meaning"] += time.perf_counter() - began
    return {**times, "pages": pages, "passages_found": len(texts), "all": sum(times.values())}


def ours(program: str, files: list[Path], models: Path, meaning: bool) -> float:
    """Seconds of `atelier import` into an empty workspace."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "files")
        source.mkdir()
        for file in files:
            shutil.copy(file, source)
        empty = Path(folder, "models")
        empty.mkdir()
        environment = dict(
            os.environ,
            ATELIER_DATA=str(Path(folder, "workspace")),
            ATELIER_MODELS=str(models if meaning else empty),
            ATELIER_KEYCHAIN="off",
            # The peer does not look for text in pictures.
            ATELIER_TESSERACT="off",
        )
        began = time.perf_counter()
        # Exit code 8: some of the files cannot be read, which costs time too.
        done = subprocess.run([program, "import", source], env=environment, capture_output=True)
        if done.returncode not in (0, 8):
            sys.exit(done.stderr.decode())
        return time.perf_counter() - began


def main(program: str, models: Path, cache: Path, documents: Path, meaning: bool) -> None:
    files = sorted(documents.glob("*.pdf"))
    model = next(folder for folder in models.iterdir() if (folder / "tokenizer.json").exists())
    load = os.getloadavg()[0]
    for turn in range(2):
        theirs = peer(files, model, cache, meaning)
        mine = ours(program, files, models, meaning)
    print(f"{len(files)} PDFs, {theirs['pages']:.0f} pages, {theirs['passages_found']} passages of the peer's; load {load:.1f} to {os.getloadavg()[0]:.1f}")
    stages = ", ".join(f"{stage} {theirs[stage]:.1f}" for stage in ("text", "passages", "meaning", "index"))
    print(f"peer: {theirs['all']:.1f} s ({stages})")
    print(f"atelier: {mine:.1f} s, ratio {theirs['all'] / mine:.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), len(sys.argv) < 6)
