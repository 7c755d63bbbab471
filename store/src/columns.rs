//! How values of `model` stand in columns: the one place that converts.

use std::borrow::Cow;

use model::Timestamp;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use sqlx::{Decode, Encode, Type};

/// An instant in a `timestamptz(3)` column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) Timestamp);

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        jiff_sqlx::Timestamp::type_info()
    }
}

impl PgHasArrayType for At {
    fn array_type_info() -> PgTypeInfo {
        jiff_sqlx::Timestamp::array_type_info()
    }
}

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(jiff_sqlx::Timestamp::from(self.0.to_jiff()), buffer)
    }
}

impl Decode<'_, Postgres> for At {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        jiff_sqlx::Timestamp::decode(value).map(|at| Self(Timestamp::new(at.to_jiff())))
    }
}

/// A name, id or state in a `text` column, in its one spelling. Any other text is an error.
#[derive(Clone, Debug)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T> Type<Postgres> for Word<T> {
    fn type_info() -> PgTypeInfo {
        <&str as Type<Postgres>>::type_info()
    }

    fn compatible(of: &PgTypeInfo) -> bool {
        <&str as Type<Postgres>>::compatible(of)
    }
}

impl<'r, T: Deserialize<'r>> Decode<'r, Postgres> for Word<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let text = <&str as Decode<Postgres>>::decode(value)?;
        let read: Result<T, serde::de::value::Error> = T::deserialize(text.into_deserializer());
        Ok(Self(read?))
    }
}

/// A whole number in a `bigint` column that a narrower or unsigned type holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<T>(pub(crate) T);

impl<T> Type<Postgres> for Whole<T> {
    fn type_info() -> PgTypeInfo {
        <i64 as Type<Postgres>>::type_info()
    }
}

impl<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>> Decode<'_, Postgres> for Whole<T> {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(T::try_from(<i64 as Decode<Postgres>>::decode(value)?)?))
    }
}

/// A number for a `bigint` column; one beyond it becomes the largest there is.
pub(crate) fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Free text for a `text` column, which can hold everything but the character NUL.
pub(crate) fn text(free: &str) -> Cow<'_, str> {
    if free.contains('\0') { Cow::Owned(free.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(free) }
}

/// One column of many rows, for `unnest`.
pub(crate) fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// A document for a `json` column.
///
/// # Errors
/// [`sqlx::Error::Encode`], where a value has no JSON.
pub(crate) fn json(document: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(document).map_err(|cause| sqlx::Error::Encode(Box::new(cause)))
}
