"""What a workspace is made from: the bot, examples, deployment files, workflows and the policy to start with.

In a wheel they are in this folder; in a checkout, which is a workspace itself, they are the checkout's own files.
"""

from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE if (HERE / "params.yaml").is_file() else HERE.parents[1]
"""The folder with `bot/`, `examples/`, `deployments/`, `params.yaml` and the workflow files."""
