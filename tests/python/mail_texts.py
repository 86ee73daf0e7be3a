"""How much of e-mail, books and web pages the worker reads: `mail_texts.py WORKER FOLDER`.

FOLDER holds the folders eml, msg, epub and html; WORKER is the built extract-worker. The references are
what Python's own modules make of the files: words, each as often as it stands there.
"""

import collections
import email
import email.policy
import html
import json
import pathlib
import re
import subprocess
import sys
import time
import zipfile


def words(text):
    return collections.Counter(re.findall(r"\w+", text.lower()))


def without_tags(source):
    source = re.sub(r"(?is)<(script|style|head|title)\b.*?</\1>", " ", source)
    return html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<!--.*?-->", " ", source)))


def reference(path, kind):
    if kind == "eml":
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body else ""
        if body and body.get_content_type() == "text/html":
            text = without_tags(text)
        return " ".join(str(message[name] or "") for name in ("subject", "from", "to")) + " " + text
    if kind == "epub":
        book = zipfile.ZipFile(path)
        chapters = [name for name in book.namelist() if name.endswith(("html", "htm")) and "nav" not in name]
        return " ".join(without_tags(book.read(name).decode("utf8", "replace")) for name in chapters)
    if kind == "html":
        return without_tags(path.read_bytes().decode("utf8", "replace"))
    return ""


def read(worker, path, kind):
    """The text, the number of files inside, and the code of a fault."""
    job = {"job": "read", "path": str(path), "format": kind, "parts": True, "password": None}
    worker.stdin.write(json.dumps(job).encode() + b"\n")
    worker.stdin.flush()
    text, parts = "", 0
    while True:
        frame = json.loads(worker.stdout.readline())
        if "page" in frame:
            text += frame["page"]["text"] + "\n"
        elif "part" in frame:
            parts += 1
        elif "bytes" in frame:
            worker.stdout.read(frame["bytes"]["bytes"])
        elif "done" in frame:
            return text, parts, None
        elif "failed" in frame:
            return text, parts, frame["failed"]["code"]


def main(program, folder):
    worker = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    worker.stdin.write(b'{"job": "limit", "memory": 1073741824}\n')
    print("format files read words recall parts slowest")
    for kind in ("eml", "msg", "epub", "html"):
        files = sorted(pathlib.Path(folder, kind).iterdir())
        good = wanted = found = inside = 0
        slowest = 0.0
        for path in files:
            began = time.time()
            text, parts, fault = read(worker, path, kind)
            slowest = max(slowest, time.time() - began)
            good += fault is None
            inside += parts
            expected = words(reference(path, kind))
            wanted += sum(expected.values())
            found += sum((expected & words(text)).values())
        recall = f"{found / wanted:.3f}" if wanted else "-"
        print(kind, len(files), good, wanted, recall, inside, f"{slowest:.3f} s")
    worker.stdin.close()
    worker.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
