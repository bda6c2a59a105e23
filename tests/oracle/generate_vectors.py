"""Writes ``tests/vectors`` anew: ``python tests/oracle/generate_vectors.py``."""

from vectorgen.folder import VECTORS, committed, files


def main():
    written = files()
    for path in sorted(committed() - written.keys()):
        (VECTORS / path).unlink()
    for path, text in written.items():
        target = VECTORS / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    print(f"{len(written)} vectors written below {VECTORS}")


if __name__ == "__main__":
    main()
