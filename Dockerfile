# The `orderwright` program: every process of the product is this image with another command.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package orderwright \
    && cp target/release/orderwright /usr/local/bin/orderwright

FROM debian:bookworm-slim
# The systems that orders call are reached over TLS with the certificates of the distribution.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/orderwright --create-home orderwright
COPY --from=build /usr/local/bin/orderwright /usr/local/bin/orderwright
COPY blueprints /etc/orderwright/blueprints
USER orderwright
WORKDIR /var/lib/orderwright
ENTRYPOINT ["orderwright"]
CMD ["--help"]
