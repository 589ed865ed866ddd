"""What a radargram shows to the eye."""
