//! A Temporal server that tests share, and one that can be away.

use contract::{ClientConfig, ClientError, OrderClient, Standing};
use model::OrderId;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::PATIENCE;

fn shared() -> String {
    std::env::var("ORDERWRIGHT_TEST_TEMPORAL")
        .unwrap_or_else(|_| panic!("`ORDERWRIGHT_TEST_TEMPORAL` is not set: run the tests with `./dev test`"))
}

fn client_at(address: String) -> OrderClient {
    // A task queue that no worker serves.
    let task_queue = format!("api-{}", Uuid::now_v7());
    OrderClient::new(ClientConfig {
        address: Some(address),
        task_queue: Some(task_queue),
        ..ClientConfig::default()
    })
}

/// A client of the shared server.
pub(crate) async fn temporal() -> OrderClient {
    let client = client_at(shared());
    // Whoever is first tells the server of the search attributes, and it takes a moment to believe it.
    client.register_search_attributes().await.unwrap();
    client
}

/// The way to the shared server, closed until somebody opens it.
pub(crate) struct Closed(TcpListener);

/// A client whose way to the shared server is closed.
pub(crate) async fn closed_temporal() -> (OrderClient, Closed) {
    temporal().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (client_at(address), Closed(listener))
}

impl Closed {
    /// Opens the way: what waits in front of it and what comes later gets through.
    pub(crate) fn open(self) {
        tokio::spawn(async move {
            loop {
                let (mut caller, _) = self.0.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(shared()).await.unwrap();
                    let _ = copy_bidirectional(&mut caller, &mut server).await;
                });
            }
        });
    }
}

/// Waits until an order's workflow is there, and meets a condition.
pub(crate) async fn standing(
    client: &OrderClient,
    order: OrderId,
    condition: impl Fn(&Standing) -> bool,
) -> Standing {
    let found = async {
        loop {
            match client.describe(order).await {
                Ok(standing) if condition(&standing) => return standing,
                Ok(_) | Err(ClientError::NotFound | ClientError::Unreachable { .. }) => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                Err(other) => panic!("{other}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}
