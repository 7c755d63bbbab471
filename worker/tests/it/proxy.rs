//! A way to Postgres that a test can cut and mend.

use std::net::SocketAddr;
use std::str::FromStr as _;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A proxy in front of a database.
pub(crate) struct Proxy {
    address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Proxy {
    /// Goes in front of the server that `pool` uses.
    pub(crate) async fn before(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        let server = (options.get_host().to_owned(), options.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, is_whole) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut is_whole = is_whole.clone();
                if !*is_whole.borrow() {
                    continue;
                }
                let server = server.clone();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = is_whole.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        Self { address, whole }
    }

    /// A pool through the proxy.
    pub(crate) fn pool(&self, of: &PgPool) -> PgPool {
        let options = of.connect_options();
        let options =
            PgConnectOptions::clone(&options).host(&self.address.ip().to_string()).port(self.address.port());
        PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(std::time::Duration::from_secs(1))
            .connect_lazy_with(options)
    }

    /// Breaks every connection, and lets none be made.
    pub(crate) fn cut(&self) {
        self.whole.send(false).unwrap();
    }

    pub(crate) fn mend(&self) {
        self.whole.send(true).unwrap();
    }
}

/// A pool whose server is never there.
pub(crate) fn nowhere() -> PgPool {
    let options = PgConnectOptions::from_str("postgres://nobody@127.0.0.1:9/nothing").unwrap();
    PgPoolOptions::new().acquire_timeout(std::time::Duration::from_millis(200)).connect_lazy_with(options)
}
