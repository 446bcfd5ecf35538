# The weights of a sentence encoder on the runtime image, for releases whose model works with one. Ratchet makes the
# build context (encoders/), verified by SHA-256; the bot verifies them again before it loads them.
ARG RUNTIME
FROM ${RUNTIME}
COPY encoders /app/encoders
ENV RATCHET_ENCODERS=/app/encoders
