# A release: the bot's code, its framework with it, and one model on the runtime image. Ratchet makes the build context
# (bot/, model.tar.gz, healthy.py); it takes seconds, because the runtime image below changes only with bot/uv.lock.
ARG RUNTIME
FROM ${RUNTIME}
COPY healthy.py /app/healthy.py
COPY bot /app/bot
COPY model.tar.gz /app/model.tar.gz

# Where the tools are: `tools` for the code of a bot that was made before there was a framework.
ARG TOOLS=ratchet_bot.tools
ARG MODEL_SHA256
ARG MODEL_VERSION
ENV RATCHET_MODEL_SHA256=${MODEL_SHA256} \
    RATCHET_MODEL_VERSION=${MODEL_VERSION} \
    RATCHET_TOOLS=${TOOLS} \
    RATCHET_RELEASE=""

# Healthy is only who serves the model of this image, as the release that the fleet was told.
# Patient with a machine that is overloaded: a replica that is ended for being busy makes the others busier.
HEALTHCHECK --interval=3s --timeout=8s --start-period=120s --retries=4 CMD ["python", "-S", "-E", "/app/healthy.py"]
# `exec`, so that the server itself receives the stop signal.
ENTRYPOINT ["sh", "-c", "exec python -m \"$RATCHET_TOOLS.serve\" --model /app/model.tar.gz --host 0.0.0.0 --port 5005 --release \"$RATCHET_RELEASE\" --model-version \"$RATCHET_MODEL_VERSION\" --sha256 \"$RATCHET_MODEL_SHA256\""]
