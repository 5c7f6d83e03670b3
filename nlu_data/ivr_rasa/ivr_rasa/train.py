"""python -m ivr_rasa.train DATA_FOLDER OUTPUT_FOLDER MODEL_NAME: train and pack a model.

`rasa train` does the same after importing every command and cloud client of Rasa. Lines that begin
with '- ' are progress for people; the rest is Rasa's and its libraries' chatter.
"""

import sys
from pathlib import Path


def main() -> None:
    """Exit code 0 only when the archive is there."""
    data, output, name = sys.argv[1:]
    print("- loading Rasa")
    from rasa.model_training import train_nlu

    print("- fitting the classifier")
    train_nlu(
        config=f"{data}/config.yml",
        nlu_data=f"{data}/nlu",
        output=output,
        fixed_model_name=name,
        domain=f"{data}/domain.yml",
    )
    sys.exit(0 if (Path(output) / f"{name}.tar.gz").is_file() else 1)


if __name__ == "__main__":
    main()
