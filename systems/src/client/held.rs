//! What a system still holds for an order, where its configuration says how it tells: for those who look for what was left
//! behind. A question, never a call: nothing is done, and no worker asks it.

use model::OrderId;
use reqwest::{Client, Request, header};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::config::{Credentials, PLACE_OF_ORDER, SystemConfig};

/// What systems list in their own words: the list itself, or a record that has it under `effects`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Bare(Vec<serde_json::Value>),
    Named { effects: Vec<serde_json::Value> },
}

/// The question what a system holds for an order; none if it can't be asked.
pub(super) fn question(
    http: &Client,
    system: &SystemConfig,
    order: OrderId,
) -> Option<Result<Request, String>> {
    let address = system.lists.as_ref()?.replace(PLACE_OF_ORDER, &order.to_string());
    let mut request = http.get(address).header(header::ACCEPT, "application/json");
    request = match &system.credentials {
        None => request,
        Some(Credentials::Bearer(token)) => request.bearer_auth(token.expose_secret()),
        Some(Credentials::Basic { user, password }) => {
            request.basic_auth(user, Some(password.expose_secret()))
        }
    };
    Some(request.build().map_err(|error| error.without_url().to_string()))
}

/// Reads the answer.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<serde_json::Value>, String> {
    match serde_json::from_slice(bytes) {
        Ok(Listed::Bare(effects) | Listed::Named { effects }) => Ok(effects),
        Err(_) => Err("expected a JSON list, or a record with a list `effects`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_by_itself_or_under_its_name() {
        assert_eq!(read(b"[1, {\"id\": \"R-7\"}]").unwrap().len(), 2);
        assert_eq!(read(b"{\"totals\": {}, \"effects\": [1]}").unwrap(), [serde_json::json!(1)]);
        for odd in ["{}", "7", "<html>"] {
            assert!(read(odd.as_bytes()).is_err(), "{odd}");
        }
    }
}
