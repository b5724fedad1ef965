"""The web demo: `python app.py`, or a Hugging Face Space."""

import spaces  # noqa: F401  (before anything touches CUDA)

from vidtext.web.serve import main

if __name__ == "__main__":
    main()
