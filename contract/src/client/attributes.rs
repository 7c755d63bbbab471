//! Telling the server which search attributes orders have.

use temporalio_client::tonic::{Code, IntoRequest as _};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};

use super::connection::{OrderClient, SERVER, limited};
use super::error::ClientError;
use crate::attributes::NAMES;

impl OrderClient {
    /// Registers the search attributes of orders, those that are not there yet. Any number of processes may do so at
    /// once.
    ///
    /// # Errors
    /// Temporal is away, or a person must register them because the server does not let us.
    pub async fn register_search_attributes(&self) -> Result<(), ClientError> {
        let client = self.client().await?;
        let namespace = client.options().namespace.clone();
        let mut operator = client.connection().operator_service();
        let mut list = ListSearchAttributesRequest { namespace: namespace.clone() }.into_request();
        list.set_timeout(SERVER);
        let known =
            limited(SERVER, async { Ok(operator.list_search_attributes(list).await?.into_inner()) }).await?;
        let missing: Vec<&str> =
            NAMES.into_iter().filter(|name| !known.custom_attributes.contains_key(*name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let keyword = i32::from(IndexedValueType::Keyword);
        let search_attributes = missing.iter().map(|name| ((*name).to_owned(), keyword)).collect();
        let mut add = AddSearchAttributesRequest { search_attributes, namespace }.into_request();
        add.set_timeout(SERVER);
        limited(SERVER, async {
            match operator.add_search_attributes(add).await {
                Ok(_) => Ok(()),
                // Another process was faster.
                Err(status) if status.code() == Code::AlreadyExists => Ok(()),
                Err(status) => Err(status.into()),
            }
        })
        .await
    }
}
