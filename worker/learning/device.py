"""Where a job computes: on the processor, or on a graphics card (CUDA) where the site has one.

Everything random is drawn on the processor, so that batches, dropout and mixing are the same on both. What leaves is
float32 in the processor's memory. Importing this module loads no torch; calling it does.
"""

import os
import sys
from typing import TYPE_CHECKING, Literal, get_args

from worker.learning.faults import NoCard

if TYPE_CHECKING:
    import torch

Compute = Literal["auto", "cpu", "cuda"]


def chosen() -> "torch.device":
    """By COLLEGIUM_COMPUTE. `auto`, also where it is unset or empty: a card if torch finds one, else the processor.

    Raises NoCard where `cuda` is asked for and none can be used, or for another word.
    """
    import torch

    asked = os.environ.get("COLLEGIUM_COMPUTE", "") or "auto"
    if asked not in get_args(Compute):
        raise NoCard(f"COLLEGIUM_COMPUTE is {asked}: it may be auto, cpu or cuda.")
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        build = torch.version.cuda
        reason = f"is for CUDA {build} and finds no card" if build else "is for processors only"
        raise NoCard(
            f"compute is cuda, and no graphics card can be used: torch {torch.__version__} {reason}. Install NVIDIA's"
            " driver and a build of torch for CUDA (https://pytorch.org), or set compute to auto or cpu in site.yaml."
        )
    return torch.device("cuda" if found and asked != "cpu" else "cpu")


def named(device: "torch.device") -> str:
    """In words, for a person at the site."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def release(device: "torch.device") -> None:
    """Gives a card's unused memory back to others after a job: the process lives on."""
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()


def main() -> int:
    """Prints what a job would compute on, or what is in its way. Ends with 1 then."""
    try:
        sys.stdout.write(f"{named(chosen())}\n")
    except NoCard as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
