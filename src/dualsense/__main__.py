"""``python -m dualsense`` is the command ``dualsense``."""

from dualsense.cli import main

if __name__ == "__main__":
    main()
