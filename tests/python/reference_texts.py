#!/usr/bin/env python3
"""Writes what other programs read of office documents and PDFs, as references for `library`'s fidelity test.

Usage: reference_texts.py CORPUS REFERENCES

Needs python-docx, python-pptx, openpyxl, xlrd, odfpy, striprtf and office_oxide (PyPI), and antiword and poppler-utils (Debian).
A file that its program cannot read gets no reference. None of these programs is asked about itself: a
difference is something to look at, not by itself an error of ours.
"""
import pathlib
import subprocess
import sys


def run(*command):
    done = subprocess.run(command, capture_output=True, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr[-200:])
    return done.stdout.decode("utf-8", "replace")


def docx(path):
    import docx as package

    document = package.Document(path)
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    # Every paragraph of the body, tables and text boxes included; deleted text is no w:t.
    lines = []
    for para in document.element.body.iter(space + "p"):
        if any("}Fallback" in str(up.tag) for up in para.iterancestors()):
            continue
        words = []
        for node in para.iter(space + "t", space + "tab", space + "br"):
            if next(up for up in node.iterancestors() if up.tag == space + "p") is para:
                words.append(node.text or "" if node.tag == space + "t" else " ")
        lines.append("".join(words))
    return "\n".join(lines)


def pptx(path):
    import pptx as package

    def shapes(all_shapes):
        for shape in all_shapes:
            if shape.shape_type == 6:
                yield from shapes(shape.shapes)
            else:
                yield shape

    lines = []
    for slide in package.Presentation(path).slides:
        for shape in shapes(slide.shapes):
            if getattr(shape, "has_table", False) and shape.has_table:
                lines += [cell.text for row in shape.table.rows for cell in row.cells]
            elif shape.has_text_frame:
                kind = shape.placeholder_format.type if shape.is_placeholder else None
                # The slide's number and the date.
                if kind not in (13, 16):
                    lines.append(shape.text_frame.text)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(lines)


def xlsx(path):
    import openpyxl

    book = openpyxl.load_workbook(path, data_only=True)
    lines = []
    for sheet in book.worksheets:
        lines.append(sheet.title)
        for row in sheet.iter_rows():
            for cell in row:
                # Numbers and dates have no one form: only words are compared.
                if isinstance(cell.value, str):
                    lines.append(cell.value)
    return "\n".join(lines)


def xls(path):
    import xlrd

    book = xlrd.open_workbook(path)
    lines = []
    for sheet in book.sheets():
        lines.append(sheet.name)
        lines += [cell.value for row in sheet.get_rows() for cell in row if cell.ctype == xlrd.XL_CELL_TEXT]
    return "\n".join(lines)


def odf(path):
    from odf import opendocument, teletype, text, table

    document = opendocument.load(path)
    lines = [sheet.getAttribute("name") or "" for sheet in document.getElementsByType(table.Table)] if path.suffix == ".ods" else []

    def walk(node):
        name = getattr(node, "qname", ("", ""))[1]
        if name in ("tracked-changes", "forms"):
            return
        if name in ("p", "h"):
            lines.append(teletype.extractText(node))
            return
        for child in getattr(node, "childNodes", []):
            walk(child)

    walk(document.body)
    return "\n".join(lines)


def ppt(path):
    import office_oxide

    return office_oxide.extract_text(str(path))


def rtf(path):
    from striprtf.striprtf import rtf_to_text

    # Bytes stay what they are; the reader knows their encodings.
    return rtf_to_text(path.read_bytes().decode("latin-1"), errors="replace")


READERS = {
    ".docx": docx,
    ".pptx": pptx,
    ".xlsx": xlsx,
    ".xls": xls,
    ".odt": odf,
    ".ods": odf,
    ".odp": odf,
    # Pictures are no words.
    ".doc": lambda path: run("antiword", "-w", "0", "-m", "UTF-8.txt", str(path)).replace("[pic]", ""),
    ".ppt": ppt,
    ".pdf": lambda path: run("pdftotext", "-enc", "UTF-8", str(path), "-"),
    ".rtf": rtf,
}


def main():
    corpus, references = map(pathlib.Path, sys.argv[1:3])
    made = failed = 0
    for path in sorted(corpus.rglob("*")):
        reader = READERS.get(path.suffix.lower())
        if not reader or not path.is_file():
            continue
        try:
            text = reader(path)
        except Exception as error:  # whatever another program says of a file
            print(f"{path}: {type(error).__name__} {error}", file=sys.stderr)
            failed += 1
            continue
        target = references / (str(path.relative_to(corpus)) + ".txt")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8", "replace")
        made += 1
    print(f"{made} references, {failed} files that could not be read")


if __name__ == "__main__":
    main()
