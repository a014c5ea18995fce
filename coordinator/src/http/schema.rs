//! What the OpenAPI document says of values that handlers share: closed lists of words,
//! failures' codes, sparse fieldsets, addresses and free values.
//!
//! Not here: an object of the API; each has its own type beside its handlers.

use domain::failure::FailureCode;
use domain::word::Word;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// One of a closed list of words.
pub(super) fn word<W: Word>() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(W::ALL.iter().map(|word| word.as_str())))
}

/// One of a closed list of words, each with what it means.
pub(super) fn word_with_meanings<W: Word>() -> ObjectBuilder {
    let meanings = W::ALL.iter().map(|word| format!("`{}`: {}", word.as_str(), word.meaning()));
    word::<W>().description(Some(meanings.collect::<Vec<_>>().join(" ")))
}

/// A failure's code. Later versions know more of them, so it is no closed list for whoever
/// reads it.
pub(super) fn failure_code() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"))
        .description(Some(
            "What happened. Later versions know more codes: treat one that you don't know as its prefix.",
        ))
        .examples(FailureCode::ALL.iter().filter(|code| !code.is_family()).map(|code| code.as_str()))
}

/// The integrator's own values.
pub(super) fn metadata() -> ObjectBuilder {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)))
}

/// A signed decimal with the scale that the bank shows.
pub(super) fn decimal() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?\d+(\.\d+)?$"))
}

/// A currency's code.
pub(super) fn currency() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Z0-9]{3,12}$"))
}

/// An https address, in which names may be international; that its host is one, only
/// reading it can tell.
pub(super) fn https_url() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("iri".into())))
        .pattern(Some(r"^https://[^\s/?#@]+"))
        .max_length(Some(2048))
}

/// A calendar date.
pub(super) fn date() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

/// A calendar date, or null.
pub(super) fn date_or_null() -> ObjectBuilder {
    date().schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
}

/// A list of an object's fields, separated by commas.
pub(super) fn fields<T: ToSchema>() -> ArrayBuilder {
    let names = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(field_names::<T>()));
    ArrayBuilder::new().items(names).min_items(Some(1))
}

/// The names of an object's fields, as its schema lists them.
pub(super) fn field_names<T: PartialSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
