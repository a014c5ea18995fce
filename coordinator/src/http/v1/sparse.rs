//! Sparse fieldsets: `fields` names what is wanted of an object, and what tells it
//! from others is always there.
//!
//! Not here: which fields an object has; its own type says that.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::schema::field_names;

/// An object of which some fields may be left out.
pub(super) trait Sparse: Serialize + ToSchema {
    /// What is always there.
    const IDENTIFIERS: &'static [&'static str];
}

/// The fields that are wanted.
pub(super) struct Fields<T> {
    names: Vec<String>,
    of: PhantomData<fn() -> T>,
}

impl<'de, T: ToSchema> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = field_names::<T>();
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(|name| !known.contains(name)) {
            return Err(serde::de::Error::custom(format!("a name is not one of {}", known.join(", "))));
        }
        Ok(Self { names, of: PhantomData })
    }
}

// What is shown of an object doesn't change the list, but a client that asks for other
// fields halfway has made a mistake.
impl<T> Serialize for Fields<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names: Vec<&String> = self.names.iter().collect();
        names.sort_unstable();
        names.serialize(serializer)
    }
}

/// The object with the fields that are wanted; with all of them if none is named.
pub(super) fn sparse<T: Sparse>(object: &T, fields: Option<&Fields<T>>) -> Value {
    // What has a schema can be written as JSON.
    let mut value = serde_json::to_value(object).unwrap_or_default();
    if let (Some(fields), Some(object)) = (fields, value.as_object_mut()) {
        object.retain(|name, _| T::IDENTIFIERS.contains(&name.as_str()) || fields.names.contains(name));
    }
    value
}
