# The command alone, with the certificates of public CAs, for a user who is not root:
#
#   docker build -t dsmonitor .
#   docker run --rm --read-only --env-file dsmonitor.env -v dsmonitor:/state dsmonitor \
#     stream --follow --checkpoint /state/checkpoint --to file:/state/events-%Y%m%d.ndjson
#
# The folder that is mounted at /state has to belong to user 65532. dsmonitor sandbox wants --tmpfs /tmp as well, since it
# writes a key file. Version and commit come from .git, so the build context is a whole clone.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN git config --global --add safe.directory /src && \
    GOOS=$TARGETOS GOARCH=$TARGETARCH make build && \
    mkdir -p /root-fs/etc/ssl/certs /root-fs/state && \
    cp /etc/ssl/certs/ca-certificates.crt /root-fs/etc/ssl/certs/ && \
    cp build/dsmonitor /root-fs/

FROM scratch
COPY --from=build /root-fs/dsmonitor /dsmonitor
COPY --from=build /root-fs/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /root-fs/state /state
USER 65532:65532
WORKDIR /state
ENTRYPOINT ["/dsmonitor"]
