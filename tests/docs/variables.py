"""Variables that are no setting of the orchestrator: who reads each, and what it does."""

BOT, FLEET, ACTION = "the bot", "the fleet's stack", "GitHub workflows"
RATCHET, TOOL = "`ratchet`", "the bot's tools"

OTHERS = {
    "RATCHET_WORKSPACE": (RATCHET, "Workspace folder, like `--workspace`. Default: the working directory."),
    "RATCHET_BACKUP_PASSPHRASE": (
        RATCHET,
        "Passphrase of a backup; without it `ratchet backup` asks for one.",
    ),
    "RATCHET_CLIENT_TOKENS_FILE": (
        BOT,
        "File with the tokens of the client applications that may call the bot.",
    ),
    "RATCHET_STAGING_TOKEN_FILE": (BOT, "File with the token of Ratchet's own checks. Ratchet sets it."),
    "RATCHET_HANDOFF_TOKENS_FILE": (
        BOT,
        "File with the tokens of clients that have the right `handoff`. Ratchet sets it.",
    ),
    "RATCHET_VARIABLES_FILE": (
        BOT,
        "File with the secrets of the channels in `bot/credentials.yml`. Ratchet sets it.",
    ),
    "RATCHET_PAUSE_FILE": (BOT, "File that stops the bot while it is there (`process`). Ratchet sets it."),
    "RATCHET_DIRECTORY": (BOT, "User directory: a CSV file, or a class that looks up a user's context."),
    "RATCHET_HOST": (BOT, "Address on which the bot listens. Default: `127.0.0.1`."),
    "RATCHET_REDIS_URL": (BOT, "Redis that holds the conversations of several replicas."),
    "RATCHET_STORE_PATIENCE": (
        BOT,
        "Seconds that a replica waits for a lost conversation store. Default: 5.",
    ),
    "RATCHET_EVENTS_DAYS": (
        BOT,
        "Age in days at which conversation events are deleted. Ratchet sets it from `monitor.retention_days`.",
    ),
    "RATCHET_ACTIONS_SERVICE": (BOT, "Address of the release's own custom actions. Ratchet sets it."),
    "RATCHET_HANDOFF_HOURS": (
        BOT,
        "Opening hours of the people behind the bot, as JSON. Ratchet sets it from `desk` in `params.yaml`.",
    ),
    "RATCHET_HANDOFF_EVENTS_URL": (BOT, "Address of another desk that is told what happens in hand-offs."),
    "RATCHET_HANDOFF_EVENTS_SECRET": (
        BOT,
        "Secret that signs what that desk is told, 16 characters or more.",
    ),
    "RATCHET_HANDOFF_URL": (BOT, "Webhook that gets the conversation at a hand-off."),
    "RATCHET_MODEL_SHA256": (BOT, "SHA-256 that the model must have before it is loaded. The image has it."),
    "RATCHET_MODEL_VERSION": (BOT, "Version of the model, for `/status`. The image has it."),
    "RATCHET_RELEASE": (BOT, "ID of the release, for `/status`. The image has it."),
    "RATCHET_TOOLS": (BOT, "Python package of the bot's tools. The image has it."),
    "RATCHET_ENCODERS": (TOOL, "Folder with sentence encoders, one folder each. Ratchet sets it."),
    "RATCHET_ENCODER_THREADS": (
        TOOL,
        "Threads of a sentence encoder. Default: 1 in service, all processors in tools.",
    ),
    "RATCHET_VECTORS": (TOOL, "Folder with vectors that were encoded before. Ratchet sets it."),
    "RATCHET_LOAD_PLAN": (TOOL, "File with the plan of a load test. Ratchet sets it."),
    "RATCHET_IMAGE": (FLEET, "Image of the release, by digest. Ratchet sets it."),
    "RATCHET_COLOUR": (FLEET, "Colour that has the traffic. Ratchet sets it."),
    "RATCHET_REPLICA_MEMORY": (
        FLEET,
        "Memory that a replica reserves: 256 MiB, or 352 MiB with a sentence encoder. Ratchet sets it.",
    ),
    "RATCHET_TLS": (FLEET, "Whether the proxy speaks TLS. Ratchet sets it from `RATCHET_TLS_CERTIFICATE`."),
    "RATCHET_HAPROXY_HASH": (FLEET, "Digest of the proxy's configuration. Ratchet sets it."),
    "RATCHET_PROXY_HASH": (FLEET, "Digest of the proxy's start script. Ratchet sets it."),
    "RATCHET_SWITCH_HASH": (FLEET, "Digest of the switch's configuration. Ratchet sets it."),
    "RATCHET_STAGING_TOKEN_HASH": (FLEET, "Digest of the staging token's secret. Ratchet sets it."),
    "RATCHET_CLIENT_TOKENS_HASH": (FLEET, "Digest of the client tokens' secret. Ratchet sets it."),
    "RATCHET_VARIABLES_HASH": (FLEET, "Digest of the channels' secrets. Ratchet sets it."),
    "RATCHET_SCHEDULE": (
        "`deployments/prefect.yaml`",
        "Cron expression, from `triggers.schedule`. Ratchet sets it.",
    ),
    "RATCHET_TIME_ZONE": (
        "`deployments/prefect.yaml`",
        "Time zone, from `triggers.time_zone`. Ratchet sets it.",
    ),
    "RATCHET_HOME": (ACTION, "Folder of a Ratchet checkout on the runner."),
    "RATCHET_CI": (ACTION, "`inside` turns on the workflow that retrains in CI."),
    "RATCHET_RUNNER": (ACTION, "Label of the runner."),
    "RATCHET_REPOSITORY": (ACTION, "GitHub repository of Ratchet, for the pull request's checks."),
}
"""Each name with its reader and its effect."""

INTERNAL = {"RATCHET_PARAMS"}
"""Names that are refused by name, and read by no one."""
