"""``python -m dualsense``, and the command ``dualsense``.

Worker processes look at the program that started them: nothing of the command is imported for that.
"""


def main() -> None:
    """Run the command."""
    from dualsense.cli import main as run  # noqa: PLC0415 - not in worker processes

    run()


if __name__ == "__main__":
    main()
