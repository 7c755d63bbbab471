//! Blueprints.
use crate::error::ApiError;
#[derive(Debug, Default)]
pub(crate) struct Libraries;
impl Libraries {
    pub(crate) async fn plan(&self, _c: &mut sqlx::PgConnection, _o: model::Order) -> Result<(model::Order, plan::Plan), ApiError> {
        Err(ApiError::no_order("x"))
    }
}
