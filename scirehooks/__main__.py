"""`python -m scirehooks` is `scirehooks`."""

from scirehooks.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
